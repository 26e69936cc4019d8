"""Every page of the report by its name in addresses, in the order of the tabs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from recovery.reports.asked import Asked
from recovery.reports.face import moment
from recovery.reports.pages.customers import customers, customers_at_once
from recovery.reports.pages.delivery import delivery
from recovery.reports.pages.discounts import discounts, discounts_at_once
from recovery.reports.pages.flow import flow
from recovery.reports.pages.interactions import interactions
from recovery.reports.pages.leaving import leaving
from recovery.reports.pages.overview import overview
from recovery.reports.pages.products import products
from recovery.reports.pages.reasons import reasons
from recovery.reports.sheet import Section, as_json, beside

#: All that a page may heed; those of carts heed all.
FILTERS = ("currency", "device", "segment", "channel", "flow")


@dataclass(frozen=True, slots=True)
class Page:
    """A page: its title, how it is made, the filters that it heeds, and which rows stand behind it ("" for none)."""

    title: str
    make: Callable[[Asked], list[Section]]
    filters: tuple[str, ...] = FILTERS
    rows: str = "carts"
    more_rows: Mapping[str, str] = field(default_factory=dict)  # further rows, with the words of their button
    # The same for several periods of one store and moment, where that costs less than one after the other.
    at_once: Callable[..., list[list[Section]]] | None = None


PAGES = {
    "overview": Page("Overview", overview),
    "leaving": Page("Where they leave", leaving),
    "flow": Page("Recovery flow", flow, rows="messages"),
    "products": Page("Products", products),
    "discounts": Page(
        "Discounts", discounts, ("currency",), "codes", {"guardrails": "The shoppers of the 90 days"}, discounts_at_once
    ),
    "customers": Page("Customers", customers, (), "orders", at_once=customers_at_once),
    "reasons": Page("Reasons", reasons, ("currency", "device", "flow"), "answers"),
    "interactions": Page("Interactions", interactions, ("channel",), "conversations"),
    "delivery": Page("Deliverability and consent", delivery, rows="messages"),
}


def sections_of(page: Page, asked: Asked, *, compared: bool) -> list[Section]:
    """With the numbers of as many days before beside them, where that is asked for."""
    if not compared:
        return page.make(asked)
    both = (asked, asked.before())
    return beside(*(page.at_once(*both) if page.at_once else map(page.make, both)))


def page_json(name: str, asked: Asked, sections: list[Section]) -> dict[str, Any]:
    """Every number and table of a page, for the admin and the API."""
    return head_json(asked) | {"page": name, "sections": as_json(sections)}


def head_json(asked: Asked) -> dict[str, Any]:
    """Of which store and days."""
    first, last = asked.period.first.isoformat(), asked.period.last.isoformat()
    return {"store": asked.store.slug, "synthetic": asked.store.is_demo, "from": first, "to": last,
            "as_of": moment(asked.as_of)}  # fmt: skip
