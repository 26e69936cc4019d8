"""People: what they allowed, with the proof; what can be done for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import URLPattern, path
from django.utils import timezone
from unfold.decorators import display

from carts.models import Order
from config.lib.wake import wake
from customers import consent
from customers.addresses import address_hashes
from customers.admin.base import BY_STORE, Deed, Reading, address, linked, local
from customers.admin.finding import own_stores, people
from customers.models import Channel, Customer, PrivacyRequest, Suppression
from customers.models.privacy import PrivacyKind
from recovery.flows.exits import stop_customers
from recovery.reports.entries import shortened
from recovery.reports.person import everything_of
from recovery.reports.words import money


@admin.register(Customer)
class Customers(Reading):
    """Shoppers as their store knows them."""

    change_form_template = "admin/customer.html"
    list_display = ("__str__", "store", "email", "phone", "country", "told_state", "since")
    list_filter = (BY_STORE,)
    list_select_related = ("store",)
    search_fields = ("pk",)  # see get_search_results
    search_help_text = "A whole e-mail address or phone number, the store's customer id, or a last name."
    sortable_by = ("since",)
    ordering = ("-created_at",)
    fields = ()
    empty_title = "No customers yet"
    empty_hint = "They appear with the first cart or order that names somebody."
    deeds = (
        Deed(
            "stop",
            "Stop all messages",
            "do_not_disturb_on",
            "Nothing is written to any of their addresses any more, on no channel. Only they can take it back.",
        ),
        Deed(
            "erase",
            "Erase this person…",
            "person_remove",
            "From now on nothing is sent, and their addresses, names, messages, replies and raw webhooks are deleted. "
            "Kept without a name: amounts and products, for the store's books; when and how they consented, as proof; "
            "and fingerprints of their addresses, so that they are never written to again. "
            "This cannot be taken back.",
            danger=True,
            permission="customers.add_privacyrequest",
        ),
    )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Customer], search_term: str
    ) -> tuple[QuerySet[Customer], bool]:
        if not search_term.strip():
            return queryset, False
        return queryset.filter(pk__in=people(own_stores(request.user), search_term)), False

    def get_deeds(self, request: HttpRequest, obj: Any) -> list[Deed]:
        return [] if obj.erased_at else super().get_deeds(request, obj)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.export_view)
        return [path("<path:object_id>/export/", view, name="customers_customer_export"), *super().get_urls()]

    def export_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Everything that is held of them, as a file."""
        customer: Any = self.found(request, object_id)
        if not self._may_export(request, customer):
            raise PermissionDenied
        response = JsonResponse(everything_of(customer), json_dumps_params={"ensure_ascii": False, "indent": 2})
        response["Content-Disposition"] = f'attachment; filename="customer-{customer.pk}.json"'
        response["Cache-Control"] = "private, no-store"
        return response

    @staticmethod
    def _may_export(request: HttpRequest, customer: Any) -> bool:
        user: Any = request.user
        return bool(user.has_perm("customers.export_customer", customer))

    def stop(self, request: HttpRequest, obj: Customer) -> None:
        now = timezone.now()
        with transaction.atomic():
            for channel in Channel.values:
                consent.revoke(obj.store, obj, channel, now=now, source=f"by staff: {request.user}"[:60])
            stop_customers([obj.pk], "unsubscribed", now=now)
        self.message_user(request, "Nothing more is sent to them.", messages.SUCCESS)

    def erase(self, request: HttpRequest, obj: Customer) -> None:
        reference, now = f"admin: {request.user}"[:100], timezone.now()
        with transaction.atomic():
            PrivacyRequest.objects.create(
                store_id=obj.store_id, customer=obj, kind=PrivacyKind.ERASE, reference=reference, requested_at=now
            )
            stop_customers([obj.pk], "erased", now=now)
        wake("recovery.tasks.erase")
        self.message_user(request, "The erasure is under way. Nothing is sent to them meanwhile.", messages.SUCCESS)

    def facts(self, request: HttpRequest, obj: Any) -> Mapping[str, Any]:
        store, identities = obj.store, list(obj.identities.order_by("kind", "value"))
        carts = obj.carts.order_by("-last_activity_at")[:20]
        return {
            "title": str(obj),
            "customer": obj,
            "identities": identities,
            "consents": _consents(obj),
            "proof": [(local(row.at, store), row) for row in obj.consent_events.order_by("-at")[:100]],
            "stopped": _stopped(obj, [identity.value for identity in identities]),
            "carts": [
                (linked(c), c.get_state_display(), money(c.total, c.currency), local(c.last_activity_at, store))
                for c in carts
            ],
            "sent": [
                (
                    linked(m),
                    m.get_channel_display(),
                    m.get_state_display(),
                    m.subject,
                    local(m.sent_at or m.due_at, store),
                )
                for m in _messages(obj)
            ],
            "orders": [
                (linked(o), money(o.total, o.currency), _order_state(o), local(o.placed_at, store))
                for o in obj.orders.order_by("-placed_at")[:20]
            ],
            "replies": [
                (linked(r), r.get_channel_display(), shortened(r.body), local(r.at, store))
                for r in obj.replies.order_by("-at")[:20]
            ],
            "export_url": address(obj, "export") if self._may_export(request, obj) else "",
        }

    @display(description="State", label={"Erased": "danger"})
    def told_state(self, row: Customer) -> str:
        return "Erased" if row.erased_at else ""

    @display(description="Known since", ordering="created_at")
    def since(self, row: Customer) -> object:
        return local(row.created_at, row.store)


def _order_state(order: Order) -> str:
    if order.deleted_at or order.cancelled_at:
        return "Deleted" if order.deleted_at else "Cancelled"
    return "Paid" if order.paid else "Not paid"


def _messages(customer: Customer) -> QuerySet[Any]:
    return customer.messages.defer("body_html", "body_text").order_by("-planned_at")[:20]


def _consents(customer: Customer) -> list[tuple[str, str, str]]:
    """(channel, words, state) for every channel."""
    known = {row.channel: row for row in customer.consents.all()}
    return [
        (label, known[channel].get_state_display() if channel in known else "Never asked",
         known[channel].state if channel in known else "")
        for channel, label in Channel.choices
    ]  # fmt: skip


def _stopped(customer: Customer, addresses: list[str]) -> list[Suppression]:
    known = {*addresses, customer.email, customer.phone} - {""}
    hashes = [hashed for one in known for hashed in address_hashes(one)]
    return list(Suppression.objects.filter(store=customer.store_id, address_hash__in=hashes))
