"""Orders, and the webhooks that could not be read. Carts themselves are shown on the floor above, with their story."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from unfold.decorators import action, display

from carts.models import Delivery, DeliveryState, Order
from config.lib.money import rounded
from config.lib.wake import wake
from customers.addresses import normal_email, normal_phone
from customers.admin.base import BY_STORE, Deed, Reading, by_choice, linked, local
from customers.admin.finding import number_after, own_stores, people

#: Of a raw body no more than this is shown; a browser would choke on two megabytes.
_SHOWN = 64_000


_MOST_FOUND = 500


def order_called(term: str) -> Q:
    """Orders by their number, with its # or without, or by the shop's own id."""
    bare = term.strip().removeprefix("#")
    return Q(number__in=[bare, f"#{bare}"]) | Q(external_id=bare)


@admin.register(Order)
class Orders(Reading):
    """What was bought."""

    list_display = ("__str__", "store", "told_customer", "told_cart", "amount", "told_state", "placed")
    list_filter = (BY_STORE, "paid", "is_test")
    list_select_related = ("store", "customer", "cart")
    search_fields = ("pk",)  # see get_search_results
    search_help_text = "Order number, a whole e-mail address or phone number, or a last name."
    sortable_by = ("placed",)
    ordering = ("-placed_at",)
    fields = (
        ("store", "number", "external_id"),
        ("told_customer", "told_cart", "matched_by"),
        ("placed_at", "cancelled_at", "deleted_at"),
        ("amount", "tax", "shipping", "discount"),
        ("paid", "is_test", "channel"),
    )
    readonly_fields = ("told_customer", "told_cart", "amount")
    empty_title = "No orders yet"
    empty_hint = "They appear as soon as the store posts its order webhooks. Check the store's page for the address."

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Order], search_term: str
    ) -> tuple[QuerySet[Order], bool]:
        if not search_term.strip():
            return queryset, False
        stores = own_stores(request.user)
        keys = order_called(search_term) | Q(customer_id__in=people(stores, search_term))
        for field, value in (("email", normal_email(search_term)), ("phone", normal_phone(search_term))):
            keys |= Q(**{field: value}) if value else Q()
        found = Order.objects.filter(keys, store__in=stores).values_list("pk", flat=True)
        return queryset.filter(pk__in=list(found[:_MOST_FOUND])), False

    @display(description="Customer")
    def told_customer(self, row: Order) -> object:
        return linked(row.customer)

    @display(description="Cart")
    def told_cart(self, row: Order) -> object:
        return linked(row.cart)

    @display(description="Total", ordering="total")
    def amount(self, row: Order) -> str:
        return f"{rounded(row.total, row.currency):,} {row.currency}"

    @display(
        description="State",
        label={"Paid": "success", "Not paid": "warning", "Cancelled": "danger", "Deleted": "danger", "Test": "info"},
    )
    def told_state(self, row: Order) -> str:
        if row.is_test:
            return "Test"
        if row.deleted_at or row.cancelled_at:
            return "Deleted" if row.deleted_at else "Cancelled"
        return "Paid" if row.paid else "Not paid"

    @display(description="Placed", ordering="placed_at")
    def placed(self, row: Order) -> object:
        return local(row.placed_at, row.store)


@admin.register(Delivery)
class Deliveries(Reading):
    """Webhooks as they came in. Dead letters wait here for a person."""

    change_form_template = "admin/delivery.html"
    list_display = ("__str__", "store", "told_state", "why", "received")
    list_filter = (by_choice("state"), BY_STORE)
    list_select_related = ("store",)
    search_fields = ("pk",)  # see get_search_results
    search_help_text = "A webhook such as d12, its id at the shop, or words of a dead letter's reason or topic."
    sortable_by = ()
    ordering = ("-id",)
    fields = ()
    actions = ("put_back",)
    lead = (
        "What the shops posted to us, to the byte: carts, orders and people. What could not be read waits here until "
        "somebody mends the cause and puts it back."
    )
    empty_title = "No webhooks yet"
    empty_hint = "Connect a store: its page shows the address to post to and how to sign."
    deeds = (
        Deed("replay", "Put back into the inbox", "replay"),
        Deed(
            "replay_alike",
            "Put back all of this reason",
            "playlist_add_check",
            "Every dead letter of this store and topic with the same reason is read again.",
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delivery]:
        rows: QuerySet[Delivery] = super().get_queryset(request)
        asked = request.resolver_match
        return rows.defer("body", "headers") if asked and asked.url_name == "carts_delivery_changelist" else rows

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Delivery], search_term: str
    ) -> tuple[QuerySet[Delivery], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        number = number_after("d", term)
        if number is not None:
            return queryset.filter(pk=number), False
        known = Delivery.objects.filter(store__in=own_stores(request.user), dedupe_key=term)
        words = Delivery.objects.dead().filter(Q(reason__icontains=term) | Q(topic__icontains=term)).order_by("-id")
        ids = [*known.values_list("pk", flat=True), *words.values_list("pk", flat=True)[:_MOST_FOUND]]
        return queryset.filter(pk__in=ids), False

    def get_deeds(self, request: HttpRequest, obj: Any) -> list[Deed]:
        return super().get_deeds(request, obj) if obj.state == DeliveryState.DEAD else []

    def replay(self, request: HttpRequest, obj: Delivery) -> None:
        Delivery.objects.filter(pk=obj.pk).replay()
        wake("carts.tasks.drain")
        self.message_user(request, "It is in the inbox again and will be read in a moment.", messages.SUCCESS)

    def replay_alike(self, request: HttpRequest, obj: Delivery) -> None:
        alike = Delivery.objects.filter(store=obj.store_id, topic=obj.topic, reason=obj.reason)
        count = alike.replay()
        wake("carts.tasks.drain")
        self.message_user(request, f"{count} put back into the inbox.", messages.SUCCESS)

    def has_replay_permission(self, request: HttpRequest) -> bool:
        user: Any = request.user
        return bool(user.has_perm("carts.change_delivery"))

    @action(description="Put back into the inbox", permissions=["replay"])
    def put_back(self, request: HttpRequest, rows: QuerySet[Delivery]) -> None:
        count = Delivery.objects.filter(pk__in=list(rows.values_list("pk", flat=True))).replay()
        wake("carts.tasks.drain")
        said = f"{count} put back into the inbox." if count else "None of these is a dead letter."
        self.message_user(request, said, messages.SUCCESS if count else messages.WARNING)

    def facts(self, request: HttpRequest, obj: Any) -> Mapping[str, Any]:
        body = bytes(obj.body)
        return {
            "delivery": obj,
            "received": local(obj.received_at, obj.store),
            "processed": local(obj.processed_at, obj.store),
            "headers": sorted(obj.headers.items()),
            "body": readable(body),
            "size": len(body),
            "cut": len(body) > _SHOWN,
        }

    @display(
        description="State",
        ordering="state",
        label={
            DeliveryState.DONE.label: "success",
            DeliveryState.DEAD.label: "danger",
            DeliveryState.PENDING.label: "info",
        },
    )
    def told_state(self, row: Delivery) -> str:
        return row.get_state_display()

    @display(description="Reason")
    def why(self, row: Delivery) -> str:
        return row.reason[:120] + ("…" if len(row.reason) > 120 else "")

    @display(description="Received", ordering="received_at")
    def received(self, row: Delivery) -> object:
        return local(row.received_at, row.store)


def readable(body: bytes) -> str:
    """The body as text for a page that escapes it: JSON indented, what is no UTF-8 marked, the rest cut off."""
    text = body[:_SHOWN].decode("utf-8", "replace")
    if len(body) <= _SHOWN:
        try:
            text = json.dumps(json.loads(text), indent=2, ensure_ascii=False)[: 2 * _SHOWN]
        except (ValueError, RecursionError):
            pass  # it may be just why it is a dead letter
    return text
