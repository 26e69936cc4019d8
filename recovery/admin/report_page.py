"""The recovery report as a page: each number with its interval, its n, and how it is computed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta as td
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from unfold.widgets import UnfoldAdminDateWidget, UnfoldAdminSelectWidget

from carts.models import Cart
from config.lib.durations import in_words
from customers.access import own_store, stores_for
from customers.models import Store
from recovery.reports import definitions
from recovery.reports.definitions import Definition
from recovery.reports.face import as_json
from recovery.reports.figures import Figures, Sending, figures
from recovery.reports.period import BadPeriod, Period, period
from recovery.reports.rates import Rate
from recovery.reports.words import money, reason_in_words


class Asked(forms.Form):
    """The filter row."""

    store = forms.ModelChoiceField(
        Store.objects.none(), to_field_name="slug", widget=UnfoldAdminSelectWidget, empty_label=None
    )
    first = forms.DateField(required=False, label="From", widget=UnfoldAdminDateWidget)
    last = forms.DateField(required=False, label="To", widget=UnfoldAdminDateWidget)

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen: Any = self.fields["store"]
        chosen.queryset = stores_for(user, "customers.view_store").order_by("name")


def report_page(request: HttpRequest) -> HttpResponse:
    """GET ?store=shop&first=2026-01-01&last=2026-01-31; &format=json for the same as the command prints."""
    user: Any = request.user
    if not user.has_perm("customers.view_store"):
        raise PermissionDenied
    now, form = timezone.now(), _form(request)
    context = {**admin.site.each_context(request), "title": "Recovery report", "form": form}
    if form is None or not form.is_valid():
        return TemplateResponse(request, "reports/report.html", context)
    store = form.cleaned_data["store"]
    try:
        asked = period(form.cleaned_data["first"], form.cleaned_data["last"], as_of=now, zone=store.zone)
    except BadPeriod as error:
        form.add_error("first", str(error))
        return TemplateResponse(request, "reports/report.html", context)
    found = figures(store, asked, as_of=now)
    if request.GET.get("format") == "json":
        return JsonResponse(as_json(found))
    filled = Asked(_asked(store, asked), user=user)
    return TemplateResponse(request, "reports/report.html", context | told(found) | {"form": filled})


def _form(request: HttpRequest) -> Asked | None:
    """None where there is no store to report on. Raises Http404 for a strange store."""
    if request.GET.get("store"):
        own_store(request.user, request.GET["store"])
        return Asked(request.GET, user=request.user)
    has_carts = Exists(Cart.objects.filter(store=OuterRef("pk")))
    stores = stores_for(request.user, "customers.view_store").annotate(has_carts=has_carts)
    first = stores.order_by("-has_carts", "is_demo", "name").first()
    return Asked({**request.GET.dict(), "store": first.slug}, user=request.user) if first else None


def _asked(store: Store, asked: Period) -> dict[str, str]:
    return {"store": store.slug, "first": asked.first.isoformat(), "last": asked.last.isoformat()}


@dataclass(frozen=True, slots=True)
class Card:
    """One rate, ready to be drawn: a bar of the interval with the value on it, in per cent."""

    definition: Definition
    rate: Rate | None
    main: bool = False

    @property
    def value(self) -> str:
        return percent(self.rate.value) if self.rate else "–"

    @property
    def bounds(self) -> str:
        return f"{percent(self.rate.low)} to {percent(self.rate.high)}" if self.rate else ""

    @property
    def bar(self) -> dict[str, str]:
        """Numbers for the drawing, with a point whatever the language of the page."""
        if self.rate is None:
            return {}
        low, high = 100 * self.rate.low, 100 * self.rate.high
        return {"low": f"{low:.2f}", "width": f"{max(high - low, 0.6):.2f}", "at": f"{100 * self.rate.value:.2f}"}


def percent(share: float) -> str:
    """61.3 %"""
    return f"{100 * share:.1f} %"


def told(found: Figures) -> dict[str, Any]:
    """What the page shows of the figures."""
    order = ("net_abandonment", "gross_abandonment", "return", "attributed_recovery")
    return {
        "store": found.store,
        "found": found,
        "as_of": f"{found.as_of.astimezone(found.store.zone):%d %b %Y %H:%M} ({found.store.timezone})",
        "timeout": in_words(found.timeout),
        "cards": [Card(definitions.RATES[name], found.rates[name], name == "net_abandonment") for name in order],
        "left_out": [(definitions.LEFT_OUT.get(name, name), count) for name, count in found.excluded.items() if count],
        "money": _money(found),
        "sent": [_channel(channel, sending) for channel, sending in sorted(found.messages.items())],
        "definitions": definitions,
        "presets": _presets(found.store, found.as_of),
        "json_url": "?" + _query(found.store, found.period) + "&format=json",
    }


def _money(found: Figures) -> list[dict[str, Any]]:
    """A row a currency: settled and so far, came back and after a click."""
    rows = []
    for currency in sorted({*found.revenue, *found.so_far.revenue}):
        settled, so_far = found.revenue.get(currency), found.so_far.revenue.get(currency)
        rows.append(
            {
                "currency": currency,
                "returned": money(settled.returned, currency) if settled else "–",
                "attributed": money(settled.attributed, currency) if settled else "–",
                "open_returned": money(so_far.returned, currency) if so_far else "–",
                "open_attributed": money(so_far.attributed, currency) if so_far else "–",
                "left_out": (settled.left_out if settled else 0) + (so_far.left_out if so_far else 0),
            }
        )
    return rows


_CHANNELS = {"email": "E-mail", "sms": "SMS", "whatsapp": "WhatsApp"}


def _channel(channel: str, sending: Sending) -> dict[str, Any]:
    skipped = sending.skipped.most_common()
    most = max((count for _, count in skipped), default=1)
    return {
        "name": _CHANNELS.get(channel, channel),
        "sending": sending,
        "not_sent": sum(sending.skipped.values()),
        "skipped": [(reason_in_words(code), count, f"{100 * count / most:.1f}") for code, count in skipped],
    }


def _presets(store: Store, as_of: datetime) -> list[tuple[str, str]]:
    today = as_of.astimezone(store.zone).date()
    settled = today - definitions.HORIZON
    return [
        (f"{days} days", "?" + _query(store, Period(today - td(days=days - 1), today, store.zone)))
        for days in (7, 30, 90)
    ] + [("30 settled days", "?" + _query(store, Period(settled - td(days=30), settled - td(days=1), store.zone)))]


def _query(store: Store, asked: Period) -> str:
    return urlencode(_asked(store, asked))
