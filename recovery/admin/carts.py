"""Carts, each with its story in one column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest
from django.utils import timezone
from unfold.decorators import display

from carts.admin import order_called
from carts.models import Cart, CartState, CartToken, Order
from config.lib.money import rounded
from customers.admin.base import BY_STORE, Deed, Reading, by_choice, linked, local
from customers.admin.finding import number_after, own_stores, people
from recovery.admin import by_hand
from recovery.admin.by_hand import by_whom, named, tried
from recovery.admin.rows import message_address
from recovery.flows import desk
from recovery.models import Enrolment, Message
from recovery.reports.entries import Entry
from recovery.reports.timeline import cart_messages, timeline
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
    search_fields = ("pk",)  # see get_search_results
    search_help_text = (
        "A cart such as c12, its token, an order number, a whole e-mail address or phone number, or a last name."
    )
    sortable_by = ("last_seen",)
    ordering = ("-last_activity_at",)
    fields = ()
    empty_title = "No carts yet"
    empty_hint = "They appear as soon as a store posts its cart or checkout webhooks. Its page shows how to connect it."

    deeds = (
        by_hand.PUT_IN, by_hand.SEND_NOW, by_hand.SKIP, by_hand.TAKE_OUT, by_hand.PUT_BACK, by_hand.MARK_TEST,
        by_hand.NO_TEST,
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Cart]:
        rows: QuerySet[Cart] = super().get_queryset(request)
        return rows.select_related("store", "customer")

    def get_deeds(self, request: HttpRequest, obj: Any) -> list[Deed]:
        senseless = {by_hand.NO_TEST if not obj.is_test else by_hand.MARK_TEST}
        if obj.state != CartState.ABANDONED or obj.is_test or obj.merged_into_id or by_hand.enrolments_of(obj):
            senseless.add(by_hand.PUT_IN)
        return [deed for deed in super().get_deeds(request, obj) if deed not in senseless]

    def send_now(self, request: HttpRequest, obj: Cart) -> None:
        one, position = self._walk(request, obj), named(request, "position")
        tried(lambda: desk.send_now(one, position, by=by_whom(request), now=timezone.now()), obj.store)
        self.message_user(request, "It goes now, if nothing comes in between.", messages.SUCCESS)

    def skip_step(self, request: HttpRequest, obj: Cart) -> None:
        one, position = self._walk(request, obj), named(request, "position")
        tried(lambda: desk.skip_step(one, position, by=by_whom(request), now=timezone.now()), obj.store)
        self.message_user(request, "It will not be sent.", messages.SUCCESS)

    def take_out(self, request: HttpRequest, obj: Cart) -> None:
        one = self._walk(request, obj)
        tried(lambda: desk.take_out(one, by=by_whom(request), now=timezone.now()), obj.store)
        self.message_user(request, "It has left the flow: no further message follows.", messages.SUCCESS)

    def put_back(self, request: HttpRequest, obj: Cart) -> None:
        one = self._walk(request, obj)
        tried(lambda: desk.put_back(one, by=by_whom(request), now=timezone.now()), obj.store)
        self.message_user(request, "It is in the flow again.", messages.SUCCESS)

    def put_in(self, request: HttpRequest, obj: Cart) -> None:
        tried(lambda: desk.put_in(obj.pk, by=by_whom(request), now=timezone.now()), obj.store)
        self.message_user(request, "It is in the flow.", messages.SUCCESS)

    def mark_test(self, request: HttpRequest, obj: Cart) -> None:
        tried(lambda: desk.mark_test(obj.pk, True, by=by_whom(request), now=timezone.now()), obj.store)
        self.message_user(request, "It is a test cart: nobody is written to, and no report counts it.")

    def no_test(self, request: HttpRequest, obj: Cart) -> None:
        tried(lambda: desk.mark_test(obj.pk, False, by=by_whom(request), now=timezone.now()), obj.store)
        self.message_user(request, "It counts like any other cart.")

    @staticmethod
    def _walk(request: HttpRequest, cart: Cart) -> int:
        """The enrolment that the button names: one of this cart."""
        pk = named(request, "enrolment")
        if not Enrolment.objects.filter(pk=pk, cart=cart).exists():
            raise Http404
        return pk

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Cart], search_term: str
    ) -> tuple[QuerySet[Cart], bool]:
        if not search_term.strip():
            return queryset, False
        stores = own_stores(request.user)
        called = by_token(stores, search_term) | by_order(stores, search_term) | {number_after("c", search_term) or 0}
        whose = people(stores, search_term)
        return queryset.filter(Q(pk__in=called) | Q(customer_id__in=whose)), False

    def facts(self, request: HttpRequest, obj: Any) -> Mapping[str, Any]:
        sent = cart_messages(obj)
        may = {deed for deed in self.get_deeds(request, obj) if deed.apart}
        return {
            "title": f"Cart {obj}",
            "cart": obj,
            "customer": linked(obj.customer, str(obj.customer or "")),
            "total": money(obj.total, obj.currency),
            "lines": [_line(line, obj.currency) for line in obj.lines],
            "days": by_day(timeline(obj, sent), obj.store.zone, sent),
            "walks": [
                (walk, [(deed, self.deed_address(obj, deed), told) for deed, told in walk.deeds if deed in may])
                for walk in by_hand.walks(obj, sent.values())
            ],
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


#: The kinds of tokens that shops name carts by.
_TOKENS = ("checkout", "cart", "order")


def by_token(stores: Sequence[int], term: str) -> set[int]:
    """The carts that go by the token, with its kind or without."""
    names = [term.strip(), *(f"{kind}:{term.strip()}" for kind in _TOKENS)]
    rows = CartToken.objects.filter(store__in=stores, token__in=names, cart__isnull=False)
    return {pk for pk in rows.values_list("cart_id", flat=True) if pk}


def by_order(stores: Sequence[int], term: str) -> set[int]:
    """The carts of the orders of this number."""
    rows = Order.objects.filter(order_called(term), store__in=stores, cart__isnull=False)
    return {pk for pk in rows.values_list("cart_id", flat=True) if pk}


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


def by_day(entries: Sequence[Entry], zone: ZoneInfo, sent: Mapping[int, Message]) -> list[dict[str, Any]]:
    """The timeline as a page shows it: days of the store's calendar, each with its lines."""

    def day(entry: Entry) -> date:
        return entry.at.astimezone(zone).date()

    return [{"day": at, "lines": [_entry(entry, zone, sent) for entry in some]} for at, some in groupby(entries, day)]


def _entry(entry: Entry, zone: ZoneInfo, sent: Mapping[int, Message]) -> dict[str, Any]:
    rendered = sent.get(entry.message_id or 0) if entry.kind == "message" else None
    at = entry.at.astimezone(zone)
    return {
        "entry": entry,
        "clock": f"{at:%H:%M}",
        "exact": f"{at:%Y-%m-%d %H:%M:%S %Z}",
        "icon": _ICONS[entry.kind],
        "url": message_address(entry.message_id),
        "rendered": rendered if rendered and rendered.body_text else None,
    }


_ICONS = {
    "cart": "shopping_cart",
    "decision": "rule",
    "message": "send",
    "click": "ads_click",
    "order": "shopping_bag",
    "credit": "verified",
    "reply": "chat",
    "draw": "science",
    "code": "sell",
    "survey": "rate_review",
}
