"""The filter row of the report."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.db.models import Exists, OuterRef
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminDateWidget, UnfoldAdminSelectWidget

from carts.models import Cart
from customers.access import own_store, stores_for
from customers.models import Channel, Store
from recovery.models import Flow
from recovery.reports.asked import DEVICES, SEGMENTS, Asked
from recovery.reports.kept import fetch
from recovery.reports.period import period

_PERMISSION = "customers.view_store"


class ReportForm(forms.Form):
    """Which store, which days, which carts. Only the user's own stores are offered."""

    store = forms.ModelChoiceField(
        Store.objects.none(), to_field_name="slug", widget=UnfoldAdminSelectWidget, empty_label=None
    )
    first = forms.DateField(required=False, label="Carts started from", widget=UnfoldAdminDateWidget)
    last = forms.DateField(required=False, label="to", widget=UnfoldAdminDateWidget)
    compare = forms.ChoiceField(
        required=False, label="Compare with", choices=[("", "Nothing"), ("before", "The days before")],
        widget=UnfoldAdminSelectWidget,
    )  # fmt: skip
    currency = forms.ChoiceField(required=False, widget=UnfoldAdminSelectWidget)
    device = forms.ChoiceField(required=False, widget=UnfoldAdminSelectWidget)
    segment = forms.ChoiceField(required=False, label="Shoppers", widget=UnfoldAdminSelectWidget)
    channel = forms.ChoiceField(required=False, label="Written to by", widget=UnfoldAdminSelectWidget)
    flow = forms.ChoiceField(required=False, widget=UnfoldAdminSelectWidget)

    def __init__(self, *args: Any, user: Any, store: Store, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        fields["store"].queryset = stores_for(user, _PERMISSION).order_by("name")
        currencies = [row[0] for row in fetch(_CURRENCIES, {"store": store.pk})]
        fields["currency"].choices = _any({code: code for code in sorted({store.currency, *currencies})})
        fields["device"].choices = _any(DEVICES)
        fields["segment"].choices = _any(SEGMENTS)
        fields["channel"].choices = _any(dict(Channel.choices))
        flows = Flow.objects.filter(store=store).values_list("pk", "name")
        fields["flow"].choices = _any({str(pk): name for pk, name in flows})

    def asked(self, as_of: datetime) -> Asked:
        """What the valid form asks for. Raises BadPeriod."""
        found = self.cleaned_data
        store: Store = found["store"]
        days = period(found["first"], found["last"], as_of=as_of, zone=store.zone)
        filters = {name: found[name] for name in ("currency", "device", "segment", "channel")}
        return Asked(store, days, as_of, flow=int(found["flow"] or 0), **filters)


# Currencies are few and rows are many: each is looked up once in the figures that are kept.
_CURRENCIES = "SELECT DISTINCT currency FROM recovery_dailyfigures WHERE store_id = %(store)s AND facet = 'money'"


def _any(choices: dict[str, str]) -> list[tuple[str, str]]:
    return [("", "All"), *choices.items()]


def form_for(request: HttpRequest, fixed: dict[str, str] | None = None) -> ReportForm | None:
    """The request's form; None where there is no store to report on. Raises Http404 for a strange store.

    `fixed` overrules what was asked: the dates that were filled in.
    """
    store = _store(request)
    if store is None:
        return None
    return ReportForm({**request.GET.dict(), "store": store.slug, **(fixed or {})}, user=request.user, store=store)


def _store(request: HttpRequest) -> Store | None:
    if request.GET.get("store"):
        return own_store(request.user, request.GET["store"])
    has_carts = Exists(Cart.objects.filter(store=OuterRef("pk")))
    stores = stores_for(request.user, _PERMISSION).annotate(has_carts=has_carts)
    return stores.order_by("-has_carts", "is_demo", "name").first()
