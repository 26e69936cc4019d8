"""The stop list and privacy requests."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextInputWidget

from customers import consent
from customers.addresses import address_hashes, normal_address, normal_email, normal_phone
from customers.admin.base import BY_STORE, Deed, Page, Reading, by_choice, linked, local
from customers.models import PrivacyRequest, Suppression
from customers.models.privacy import PrivacyKind
from customers.models.suppression import SuppressionReason

#: What a person of the store may take back. The others are the shopper's own word, or the law's.
_LIFTED_HERE = (
    SuppressionReason.MANUAL,
    SuppressionReason.BOUNCE,
    SuppressionReason.INVALID,
    SuppressionReason.UNREACHABLE,
)

_COUNTED = "The share is counted over 7 and over 30 days, so it falls as days without trouble go by."
_LEADS: dict[str, str] = {
    SuppressionReason.BOUNCE: (
        "These mailboxes do not exist and are not written to any more. Where there are many, addresses are mistyped or "
        f"made up: let the checkout check them, and import no old list. {_COUNTED}"
    ),
    SuppressionReason.COMPLAINT: (
        "These people called a message spam, and are not written to any more. Where there are many: write only to who "
        f"said yes, write less often, and say in the first line which shop is writing. {_COUNTED}"
    ),
}


class StopForm(forms.ModelForm):
    """An address to be stopped. It is kept as a hash: what is typed here is not stored."""

    address = forms.CharField(
        max_length=254,
        widget=UnfoldAdminTextInputWidget(),
        help_text="An e-mail address, or a phone number with its country code. Only a fingerprint of it is kept.",
    )

    class Meta:
        model = Suppression
        fields = ("store", "channel", "address", "detail")

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        found = normal_address(cleaned.get("channel", ""), cleaned.get("address", ""))
        if cleaned.get("address") and not found:
            self.add_error("address", "That is no address of this channel. Phone numbers begin with + and the country.")
        cleaned["address"] = found
        return cleaned


@admin.register(Suppression)
class Suppressions(Page):
    """Addresses that are never written to."""

    list_display = ("told_address", "store", "channel", "told_reason", "detail", "told_at")
    list_filter = (BY_STORE, by_choice("channel"), by_choice("reason"))
    list_select_related = ("store",)
    search_fields = ("detail",)
    search_help_text = "Enter a whole address to see whether it is on the list."
    ordering = ("-id",)
    actions = ()
    add_fieldsets = ((None, {"fields": ("store", "channel", "address", "detail")}),)
    fields = ("store", "channel", "reason", "detail", "at")
    lead = "Addresses and numbers that are not written to any more, whatever a flow says."
    empty_title = "Nobody is on the stop list"
    empty_hint = "Who unsubscribes, replies STOP, reports spam or has a dead mailbox is put here by itself."

    def told_lead(self, request: HttpRequest) -> str:
        return _LEADS.get(request.GET.get("reason__exact", ""), self.lead)

    def get_form(self, request: HttpRequest, obj: Model | None = None, **kwargs: Any) -> Any:
        return super().get_form(request, obj, **(kwargs if obj else kwargs | {"form": StopForm}))

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        allowed = super().has_delete_permission(request, obj)
        return bool(allowed and (obj is None or getattr(obj, "reason", "") in _LIFTED_HERE))

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        address, now = form.cleaned_data["address"], timezone.now()
        detail = obj.detail or f"by {request.user}"
        consent.suppress(obj.store_id, obj.channel, address, SuppressionReason.MANUAL, now=now, detail=detail)
        # The row may have been there before: the page goes on with it.
        kept = Suppression.objects.get(
            store=obj.store_id, channel=obj.channel, address_hash__in=address_hashes(address)
        )
        obj.pk, obj.address_hash, obj.reason, obj.at = kept.pk, kept.address_hash, kept.reason, kept.at

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Suppression], search_term: str
    ) -> tuple[QuerySet[Suppression], bool]:
        """A whole address is found by its hashes, under every secret in force."""
        known = {normal_email(search_term), normal_phone(search_term)} - {""}
        if not known:
            found: tuple[QuerySet[Suppression], bool] = super().get_search_results(request, queryset, search_term)
            return found
        hashes = [hashed for address in known for hashed in address_hashes(address)]
        return queryset.filter(Q(address_hash__in=hashes)), False

    @display(description="Address")
    def told_address(self, row: Suppression) -> str:
        return f"fingerprint {row.address_hash[:10]}"

    @display(description="Why", ordering="reason", label={SuppressionReason.COMPLAINT.label: "danger"})
    def told_reason(self, row: Suppression) -> str:
        return row.get_reason_display()

    @display(description="Since", ordering="at")
    def told_at(self, row: Suppression) -> object:
        return local(row.at, row.store)


@admin.register(PrivacyRequest)
class PrivacyRequests(Reading):
    """Requests under privacy law. Erasures are carried out by themselves; a person answers the others."""

    list_display = ("told_kind", "told_customer", "store", "requested", "told_state")
    list_filter = (BY_STORE, by_choice("kind"))
    list_select_related = ("store", "customer")
    ordering = ("-id",)
    fields = ("store", "told_customer", "kind", "reference", "requested_at", "messages_erased_at", "done_at")
    readonly_fields = ("told_customer",)
    lead = "Who asked for their data or for its erasure. Erasures happen by themselves; the others a person answers."
    empty_title = "No privacy requests"
    empty_hint = "Requests come from the store's webhooks, or from a customer's page."
    deeds = (Deed("answered", "Mark as answered", "task_alt"),)

    def get_deeds(self, request: HttpRequest, obj: Any) -> list[Deed]:
        waits = obj.kind == PrivacyKind.ACCESS and obj.done_at is None
        return super().get_deeds(request, obj) if waits else []

    def answered(self, request: HttpRequest, obj: PrivacyRequest) -> None:
        PrivacyRequest.objects.filter(pk=obj.pk, done_at=None).update(done_at=timezone.now())
        self.message_user(request, "Marked as answered.")

    @display(description="Request", ordering="kind")
    def told_kind(self, row: PrivacyRequest) -> str:
        return row.get_kind_display()

    @display(description="Customer")
    def told_customer(self, row: PrivacyRequest) -> object:
        return linked(row.customer) if row.customer else "everybody" if row.kind == PrivacyKind.ERASE_STORE else "–"

    @display(description="Requested", ordering="requested_at")
    def requested(self, row: PrivacyRequest) -> object:
        return local(row.requested_at, row.store)

    @display(description="State", label={"Done": "success", "Answer it": "warning", "Under way": "info"})
    def told_state(self, row: PrivacyRequest) -> str:
        if row.done_at:
            return "Done"
        return "Answer it" if row.kind == PrivacyKind.ACCESS else "Under way"
