"""People: what they allowed, with the proof; what can be done for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import URLPattern, path
from django.utils import timezone
from unfold.decorators import display

from config.lib.wake import wake
from customers import consent
from customers.addresses import address_hashes
from customers.admin.base import BY_STORE, Deed, Reading, address, linked, local
from customers.models import Channel, Customer, PrivacyRequest, Suppression
from customers.models.privacy import PrivacyKind
from recovery.flows.exits import stop_customers
from recovery.reports.person import everything_of
from recovery.reports.words import money


@admin.register(Customer)
class Customers(Reading):
    """Shoppers as their store knows them."""

    change_form_template = "admin/customer.html"
    list_display = ("__str__", "store", "email", "phone", "country", "told_state", "since")
    list_filter = (BY_STORE,)
    list_select_related = ("store",)
    search_fields = ("=identities__value", "=email", "=phone", "last_name")
    search_help_text = "A whole e-mail address or phone number, the store's customer id, or a last name."
    ordering = ("-id",)
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
            "Their addresses, names, messages and raw webhooks are deleted within minutes. Amounts and products stay, "
            "without a name. This cannot be taken back.",
            danger=True,
            permission="customers.add_privacyrequest",
        ),
    )

    def get_deeds(self, request: HttpRequest, obj: Any) -> list[Deed]:
        return [] if obj.erased_at else super().get_deeds(request, obj)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.export_view)
        return [path("<path:object_id>/export/", view, name="customers_customer_export"), *super().get_urls()]

    def export_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Everything that is held of them, as a file."""
        customer: Any = self.found(request, object_id)
        response = JsonResponse(everything_of(customer), json_dumps_params={"ensure_ascii": False, "indent": 2})
        response["Content-Disposition"] = f'attachment; filename="customer-{customer.pk}.json"'
        response["Cache-Control"] = "private, no-store"
        return response

    def stop(self, request: HttpRequest, obj: Customer) -> None:
        now = timezone.now()
        with transaction.atomic():
            for channel in Channel.values:
                if obj.address(channel):
                    consent.revoke(obj.store, obj, channel, now=now, source=f"admin: {request.user}"[:60])
            stop_customers([obj.pk], "unsubscribed", now=now)
        self.message_user(request, "Nothing more is sent to them.", messages.SUCCESS)

    def erase(self, request: HttpRequest, obj: Customer) -> None:
        reference = f"admin: {request.user}"[:100]
        PrivacyRequest.objects.create(
            store_id=obj.store_id,
            customer=obj,
            kind=PrivacyKind.ERASE,
            reference=reference,
            requested_at=timezone.now(),
        )
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
            "export_url": address(obj, "export"),
        }

    @display(description="State", label={"Erased": "danger"})
    def told_state(self, row: Customer) -> str:
        return "Erased" if row.erased_at else ""

    @display(description="Known since", ordering="created_at")
    def since(self, row: Customer) -> object:
        return local(row.created_at, row.store)


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
