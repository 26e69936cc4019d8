"""Carts, each with its story in one column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from unfold.decorators import display

from carts.models import Cart, CartState
from config.lib.money import rounded
from customers.admin.base import BY_STORE, Reading, by_choice, linked, local
from recovery.admin.rows import message_address
from recovery.reports.timeline import Entry, timeline
from recovery.reports.words import money

_STATE_COLORS = {
    CartState.ACTIVE.label: "info",
    CartState.ABANDONED.label: "warning",
    CartState.ORDERED.label: "success",
}


@admin.register(Cart)
class Carts(Reading):
    """What shoppers put in, how far they got, and all that followed."""

    change_form_template = "admin/cart.html"
    list_display = ("__str__", "told_customer", "store", "told_state", "stage", "amount", "quantity", "last_seen")
    list_filter = (by_choice("state"), BY_STORE, by_choice("stage"), "payment_failed", "is_test")
    list_select_related = ("store", "customer")
    search_fields = ("=customer__email", "customer__last_name")
    search_help_text = "A cart such as c12, a whole e-mail address, or a last name."
    ordering = ("-last_activity_at",)
    fields = ()
    empty_title = "No carts yet"
    empty_hint = "They appear as soon as a store posts its cart or checkout webhooks. Its page shows how to connect it."

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Cart], search_term: str
    ) -> tuple[QuerySet[Cart], bool]:
        term = search_term.strip().lower()
        if term[:1] == "c" and term[1:].isdecimal() and len(term) < 19:
            return queryset.filter(Q(pk=int(term[1:]))), False
        found: tuple[QuerySet[Cart], bool] = super().get_search_results(request, queryset, search_term)
        return found

    def facts(self, request: HttpRequest, obj: Any) -> Mapping[str, Any]:
        return {
            "title": f"Cart {obj}",
            "cart": obj,
            "customer": linked(obj.customer, str(obj.customer or "")),
            "total": money(obj.total, obj.currency),
            "lines": [_line(line, obj.currency) for line in obj.lines],
            "days": by_day(timeline(obj), obj.store.zone),
            "local": {name: local(getattr(obj, name), obj.store) for name in _MOMENTS},
        }

    @display(description="Customer")
    def told_customer(self, row: Cart) -> object:
        return linked(row.customer) if row.customer else "nobody known"

    @display(description="State", ordering="state", label=_STATE_COLORS)
    def told_state(self, row: Cart) -> str:
        return row.get_state_display()

    @display(description="Value", ordering="total")
    def amount(self, row: Cart) -> str:
        return money(row.total, row.currency)

    @display(description="Last activity", ordering="last_activity_at")
    def last_seen(self, row: Cart) -> object:
        return local(row.last_activity_at, row.store)


_MOMENTS = ("started_at", "last_activity_at", "abandon_after", "abandoned_at", "ordered_at")


def _line(line: Mapping[str, Any], currency: str) -> dict[str, Any]:
    price, quantity = Decimal(str(line.get("price", "0"))), int(line.get("quantity", 0))
    return {
        "title": line.get("title", ""),
        "variant": line.get("variant_title", ""),
        "sku": line.get("sku", ""),
        "quantity": quantity,
        "price": rounded(price, currency),
        "sum": rounded(price * quantity, currency),
    }


def by_day(entries: Sequence[Entry], zone: ZoneInfo) -> list[dict[str, Any]]:
    """The timeline as a page shows it: days of the store's calendar, each with its lines."""

    def day(entry: Entry) -> date:
        return entry.at.astimezone(zone).date()

    return [{"day": at, "lines": [_entry(entry, zone) for entry in some]} for at, some in groupby(entries, day)]


def _entry(entry: Entry, zone: ZoneInfo) -> dict[str, Any]:
    at = entry.at.astimezone(zone)
    return {
        "entry": entry,
        "clock": f"{at:%H:%M}",
        "exact": f"{at:%Y-%m-%d %H:%M:%S %Z}",
        "icon": _ICONS[entry.kind],
        "url": message_address(entry.message_id),
    }


_ICONS = {
    "cart": "shopping_cart",
    "decision": "rule",
    "message": "send",
    "click": "ads_click",
    "order": "shopping_bag",
    "credit": "verified",
    "reply": "chat",
}
