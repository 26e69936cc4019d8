"""Every page of the report by its name in addresses, in the order of the tabs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from recovery.reports.asked import Asked
from recovery.reports.pages.customers import customers
from recovery.reports.pages.delivery import delivery
from recovery.reports.pages.discounts import discounts
from recovery.reports.pages.flow import flow
from recovery.reports.pages.interactions import interactions
from recovery.reports.pages.leaving import leaving
from recovery.reports.pages.overview import overview
from recovery.reports.pages.products import products
from recovery.reports.pages.reasons import reasons
from recovery.reports.sheet import Section

_CARTS = ("currency", "device", "segment", "channel", "flow")


@dataclass(frozen=True, slots=True)
class Page:
    """A page: its title, how it is made, the filters that it heeds, and which rows stand behind it ("" for none)."""

    title: str
    make: Callable[[Asked], list[Section]]
    filters: tuple[str, ...] = _CARTS
    rows: str = "carts"
    more_rows: Mapping[str, str] = field(default_factory=dict)  # further rows, with the words of their button


PAGES = {
    "overview": Page("Overview", overview),
    "leaving": Page("Where they leave", leaving),
    "flow": Page("Recovery flow", flow, rows="messages"),
    "products": Page("Products", products),
    "discounts": Page("Discounts", discounts, ("currency",), "codes", {"guardrails": "The shoppers of the 90 days"}),
    "customers": Page("Customers", customers, (), "orders"),
    "reasons": Page("Reasons", reasons, ("currency", "device", "flow"), "answers"),
    "interactions": Page("Interactions", interactions, ("channel",), "conversations"),
    "delivery": Page("Deliverability and consent", delivery, rows="messages"),
}
