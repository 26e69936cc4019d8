"""The filter row of the report."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.db.models import Exists, OuterRef
from django.http import Http404, HttpRequest
from unfold.widgets import UnfoldAdminDateWidget, UnfoldAdminSelectWidget

from carts.models import Cart
from customers.access import stores_for
from customers.models import Channel, Store
from recovery.models import Flow
from recovery.reports.asked import DEVICES, SEGMENTS, Asked
from recovery.reports.kept import fetch
from recovery.reports.period import end_of, period

_PERMISSION = "customers.view_store"


class ReportForm(forms.Form):
    """Which store, which days, which carts. Only the user's own stores are offered."""

    store = forms.ChoiceField(widget=UnfoldAdminSelectWidget)
    first = forms.DateField(required=False, label="Carts started from", widget=UnfoldAdminDateWidget)
    last = forms.DateField(required=False, label="to", widget=UnfoldAdminDateWidget)
    as_of = forms.DateField(required=False, label="As it stood at the end of", widget=UnfoldAdminDateWidget)
    compare = forms.ChoiceField(
        required=False, label="Compare with", choices=[("", "Nothing"), ("before", "The days before")],
        widget=UnfoldAdminSelectWidget,
    )  # fmt: skip
    currency = forms.ChoiceField(required=False, widget=UnfoldAdminSelectWidget)
    device = forms.ChoiceField(required=False, widget=UnfoldAdminSelectWidget)
    segment = forms.ChoiceField(required=False, label="Shoppers", widget=UnfoldAdminSelectWidget)
    channel = forms.ChoiceField(required=False, label="Written to by", widget=UnfoldAdminSelectWidget)
    flow = forms.ChoiceField(required=False, widget=UnfoldAdminSelectWidget)

    def __init__(self, *args: Any, stores: list[Store], store: Store, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.asked_store = store
        fields: Any = self.fields
        fields["store"].choices = [(one.slug, str(one)) for one in stores]
        currencies = [row[0] for row in fetch(_CURRENCIES, {"store": store.pk})]
        fields["currency"].choices = _any({code: code for code in sorted({store.currency, *currencies})})
        fields["device"].choices = _any(DEVICES)
        fields["segment"].choices = _any(SEGMENTS)
        fields["channel"].choices = _any(dict(Channel.choices))
        flows = Flow.objects.filter(store=store).values_list("pk", "name")
        fields["flow"].choices = _any({str(pk): name for pk, name in flows})

    def asked(self, now: datetime) -> Asked:
        """What the valid form asks for, as it stands now or stood at the end of a day before. Raises BadPeriod."""
        found = self.cleaned_data
        store = self.asked_store
        as_of = end_of(found["as_of"], store.zone, now) if found["as_of"] else now
        days = period(found["first"], found["last"], as_of=as_of, zone=store.zone)
        filters = {name: found[name] for name in ("currency", "device", "segment", "channel")}
        return Asked(store, days, as_of, flow=int(found["flow"] or 0), **filters)


# Currencies are few and rows are many: from each the index leads to the next.
_CURRENCIES = """
    WITH RECURSIVE found AS (
        SELECT min(currency) AS currency FROM recovery_dailyfigures WHERE store_id = %(store)s AND facet = 'money'
        UNION ALL
        SELECT (SELECT min(d.currency) FROM recovery_dailyfigures d
                WHERE d.store_id = %(store)s AND d.facet = 'money' AND d.currency > found.currency)
        FROM found WHERE found.currency IS NOT NULL
    )
    SELECT currency FROM found WHERE currency IS NOT NULL
"""


def _any(choices: dict[str, str]) -> list[tuple[str, str]]:
    return [("", "All"), *choices.items()]


def form_for(request: HttpRequest) -> ReportForm | None:
    """The request's form; None where there is no store to report on. Raises Http404 for a strange store."""
    stores = list(stores_for(request.user, _PERMISSION).order_by("name"))
    store = _store(request, stores)
    return ReportForm({**request.GET.dict(), "store": store.slug}, stores=stores, store=store) if store else None


def _store(request: HttpRequest, stores: list[Store]) -> Store | None:
    """The one that is asked for, else one that has something to tell."""
    slug = request.GET.get("store")
    if not slug:
        own = Store.objects.filter(pk__in=[store.pk for store in stores])
        with_carts = own.annotate(has_carts=Exists(Cart.objects.filter(store=OuterRef("pk"))))
        return with_carts.order_by("-has_carts", "is_demo", "name").first()
    found = next((store for store in stores if store.slug == slug), None)
    if found is None:
        raise Http404
    return found
