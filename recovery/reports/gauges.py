"""A few numbers of each store for Prometheus, out of the kept daily figures: nothing is judged when it asks.

They cover the settled carts of the newest 28 days that can be settled. A day that is not summed up yet is not in them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta as td

from django.db.models import Count, Sum

from recovery.models import DailyFigures, Experiment
from recovery.reports.definitions import HORIZON

_DAYS = td(days=28)


@dataclass(frozen=True, slots=True)
class Gauge:
    """One number of a store. `labels` beside the store's."""

    name: str
    store: str
    value: float
    labels: tuple[str, ...] = ()


#: Name → what it means, and the labels beside `store`.
MEANINGS: dict[str, tuple[str, tuple[str, ...]]] = {
    "cartback_settled_carts": ("Settled carts of the newest 28 settled days", ()),
    "cartback_abandoned_carts": ("Of them, carts without an order within 14 days", ()),
    "cartback_abandonment_ratio": ("Abandoned carts over settled carts", ()),
    "cartback_recovered_revenue": ("Net revenue of silent carts that were ordered", ("currency",)),
    "cartback_attributed_revenue": ("Net revenue of orders after a human click", ("currency",)),
    "cartback_running_experiments": ("Experiments that are running", ("kind",)),
}


def gauges(now: datetime) -> Iterator[Gauge]:
    """Three queries, however many stores and carts there are."""
    last = (now - HORIZON).date() - td(days=1)
    together = DailyFigures.objects.filter(segment="", store__is_active=True).order_by()
    rows = together.filter(day__gt=last - _DAYS, day__lte=last)
    whole = rows.filter(facet="").values_list("store__slug")
    for slug, settled, lost in whole.annotate(settled=Sum("settled"), lost=Sum("unordered")):
        yield Gauge("cartback_settled_carts", slug, settled)
        yield Gauge("cartback_abandoned_carts", slug, lost)
        if settled:
            yield Gauge("cartback_abandonment_ratio", slug, lost / settled)
    names = {"returned": "cartback_recovered_revenue", "attributed": "cartback_attributed_revenue"}
    money = rows.filter(facet="money", value__in=names).values_list("store__slug", "value", "currency")
    for slug, value, currency, amount in money.annotate(amount=Sum("revenue")):
        yield Gauge(names[value], slug, float(amount), (currency,))
    running = Experiment.objects.running().order_by().values_list("store__slug", "kind")
    for slug, kind, count in running.annotate(n=Count("pk")):
        yield Gauge("cartback_running_experiments", slug, count, (kind,))
