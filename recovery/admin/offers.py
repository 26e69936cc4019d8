"""Offers with what they cost, and the codes that came of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from unfold.decorators import display

from config.lib.durations import in_words
from customers.admin.base import BY_STORE, Page, Reading, by_choice, linked, local
from recovery.admin.offer_form import OfferForm, PoolForm
from recovery.discounts.budget import spent
from recovery.discounts.pool import import_codes
from recovery.discounts.terms import Terms
from recovery.discounts.words import value_in_words
from recovery.models import CodeSource, CodeState, DiscountCode, Offer, OfferKind
from recovery.reports.codes import Cost, cost_of
from recovery.reports.words import money, reason_in_words


@admin.register(Offer)
class Offers(Page):
    """What messages may carry."""

    form = OfferForm
    change_form_outer_before_template = "admin/offer_before.html"
    list_display = ("name", "store", "told_value", "told_time", "told_audience", "told_source", "told_state")
    list_filter = (BY_STORE, by_choice("kind"), by_choice("source"))
    list_select_related = ("store",)
    search_fields = ("name",)
    ordering = ("store__name", "name")
    actions = ()
    empty_title = "No offers yet"
    empty_hint = "An offer is a discount that a step of a flow may carry. Most shoppers need none: keep it for late."
    fieldsets = (
        ("What", {"fields": ("store", "name", "kind", ("value", "currency"), ("minimum", "products"), "valid_for")}),
        ("Codes", {"fields": ("source", "static_code")}),
        ("For whom", {"fields": ("audience", "days_between", "guard_fishing")}),
        ("Limits", {"fields": (("monthly_budget", "margin_floor"), "is_active")}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """An offer stays in its store: flows of that store name it."""
        return ("store",) if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What shoppers were given, or a flow carries, is switched off, not deleted."""
        used = obj is not None and (obj.codes.exists() or obj.steps.exists())
        return bool(super().has_delete_permission(request, obj)) and not used

    # -- the list

    @display(description="Gives")
    def told_value(self, offer: Offer) -> str:
        return gives(offer)

    @display(description="Valid for")
    def told_time(self, offer: Offer) -> str:
        return in_words(offer.valid_for)

    @display(description="For whom")
    def told_audience(self, offer: Offer) -> str:
        return str(offer.get_audience_display()).split(":")[0]

    @display(description="Codes")
    def told_source(self, offer: Offer) -> str:
        return {CodeSource.STORE_API.value: "made by the shop", CodeSource.POOL.value: "imported"}.get(
            offer.source, offer.static_code
        )

    @display(description="State", label={"In use": "success", "Off": "warning"})
    def told_state(self, offer: Offer) -> str:
        return "In use" if offer.is_active else "Off"

    # -- one offer

    def facts(self, request: HttpRequest, obj: Any) -> Mapping[str, Any]:
        cost = cost_of(obj, as_of=timezone.now())
        spare = cost.states.get(CodeState.SPARE, 0)
        codes = reverse("admin:recovery_discountcode_changelist")
        return {
            "offer": obj,
            "figures": figures(cost),
            "money": [(money(g.taken_off, g.currency), money(g.paid, g.currency)) for g in cost.given if g.orders],
            "spent": _spent(obj),
            "codes_url": f"{codes}?offer__id__exact={obj.pk}",
            "import_url": reverse("admin:recovery_offer_import", args=[obj.pk]) if obj.source == "pool" else "",
            "pool_is_low": obj.source == CodeSource.POOL and spare < 20,
            "spare": spare,
        }

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.import_view)
        return [path("<int:pk>/import/", view, name="recovery_offer_import"), *super().get_urls()]

    def import_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Bring codes into the pool."""
        offer: Any = self.found(request, str(pk))
        if not self.has_change_permission(request, offer):
            raise PermissionDenied
        form = PoolForm(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid() and self._imported(request, offer, form):
            return redirect(self.address(offer))
        context = {
            **self.admin_site.each_context(request),
            "title": f"Import codes for {offer}",
            "opts": self.opts,
            "form": form,
            "offer": offer,
            "back": self.address(offer),
        }
        return TemplateResponse(request, "admin/offer_import.html", context)

    def _imported(self, request: HttpRequest, offer: Offer, form: PoolForm) -> bool:
        try:
            done = import_codes(offer, form.text(), now=timezone.now())
        except (ValueError, ValidationError) as error:
            form.add_error(None, error if isinstance(error, ValidationError) else str(error))
            return False
        told = f"{done.new} codes are new in the pool"
        told += f", {done.known} were known already" if done.known else ""
        self.message_user(request, f"{told}.", messages.SUCCESS if done.new else messages.WARNING)
        if done.unread:
            self.message_user(request, f"These are no codes: {', '.join(done.unread)}", messages.WARNING)
        self.log_change(request, offer, f"Imported {done.new} codes.")
        return True


def gives(offer: Offer) -> str:
    """10% off, €5.00 off, free shipping."""
    what = "free shipping" if offer.kind == OfferKind.FREE_SHIPPING else f"{value_in_words(Terms.of(offer), 'en')} off"
    return f"{what} from {money(offer.minimum, offer.currency)}" if offer.minimum else what


def figures(cost: Cost) -> list[tuple[str, int]]:
    """What became of the codes."""
    found = [("given", cost.total("given")), ("used", cost.total("redeemed"))]
    ends = {CodeState.REVOKED: "taken back", CodeState.EXPIRED: "expired", CodeState.FAILED: "not made"}
    told = [(words, cost.states.get(state, 0)) for state, words in ends.items()]
    return [*found, *told[:2], *(one for one in told[2:] if one[1])]


def _spent(offer: Offer) -> str:
    if offer.monthly_budget is None:
        return ""
    gone = spent(offer, now=timezone.now())
    return f"{money(gone, offer.currency)} of {money(offer.monthly_budget, offer.currency)} this month"


@admin.register(DiscountCode)
class DiscountCodes(Reading):
    """Every code: whose it is, and what became of it."""

    list_display = ("code", "store", "offer", "told_customer", "told_state", "told_expiry", "told_order", "told_amount")
    list_filter = (BY_STORE, by_choice("state"))
    list_select_related = ("store", "offer", "customer", "order")
    search_fields = ("code__iexact",)
    search_help_text = "A whole code."
    ordering = ("-id",)
    fields = ()
    empty_title = "No codes yet"
    empty_hint = "A code is made when a message with an offer is really about to go out."

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        return lookup == "offer__id__exact" or bool(super().lookup_allowed(lookup, value, request))

    def get_list_display_links(self, request: HttpRequest, list_display: Any) -> None:
        """A row says everything there is."""
        return None

    @display(description="Shopper")
    def told_customer(self, code: DiscountCode) -> str:
        return linked(code.customer)

    @display(
        description="State",
        label={"Used": "success", "Valid": "info", "Could not be made": "danger", "Taken back": "warning"},
    )
    def told_state(self, code: DiscountCode) -> tuple[str, str]:
        words = CodeState(code.state).label
        return words, f"{words}: {reason_in_words(code.reason)}" if code.reason else words

    @display(description="Valid until")
    def told_expiry(self, code: DiscountCode) -> str:
        return local(code.expires_at, code.store)

    @display(description="Order")
    def told_order(self, code: DiscountCode) -> str:
        return str(code.order) if code.order else "–"

    @display(description="Gave away")
    def told_amount(self, code: DiscountCode) -> str:
        return "–" if code.amount_redeemed is None else money(code.amount_redeemed, code.currency)
