"""Months whose days are all kept and settled, added up: a year of products is half a million cells by day.

Only the facets with many values are added up; the others have few cells a day, and are drawn by day.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Set
from datetime import date
from datetime import timedelta as td

from django.db import transaction

from customers.models import Store
from recovery.models import MonthlySpread, RolledMonth
from recovery.reports import cells, spread
from recovery.reports.asked import Asked, days_of
from recovery.reports.kept import fetch, run


def whole_months(asked: Asked, kept: Set[date]) -> list[date]:
    """The first days of the months that lie wholly in the period, with every day kept and their sum too."""
    firsts = [day for day in days_of(asked.period) if day.day == 1 and kept >= set(days_in(day))]
    rows = RolledMonth.objects.filter(store=asked.store, month__in=firsts).values_list("month", flat=True)
    return sorted(rows) if firsts else []


def days_in(month: date) -> list[date]:
    """Every day of the month that begins on this day."""
    return [month + td(days=n) for n in range(monthrange(month.year, month.month)[1])]


# What the clock may still change is not worth adding up.
_READY = """
    SELECT r.month FROM (
        SELECT date_trunc('month', day)::date AS month, count(*) AS days FROM recovery_rolledday
        WHERE store_id = %(store)s AND valid_until IS NULL GROUP BY 1
    ) r
    WHERE r.days = extract(day FROM r.month + interval '1 month' - interval '1 day')
      AND NOT EXISTS (SELECT FROM recovery_rolledmonth m WHERE m.store_id = %(store)s AND m.month = r.month)
"""
_SUM = spread.packed(
    spread.MONTHS,
    spread.summed({spread.DAYS: "store_id = %(store)s AND facet = ANY(%(facets)s) AND day = ANY(%(days)s)"}),
)


def sum_months(store: Store) -> None:
    """Add up every month of the store that is ready and not added up."""
    for (month,) in fetch(_READY, {"store": store.pk}):
        _sum_month(store, month)


def _sum_month(store: Store, month: date) -> None:
    told = {"store": store.pk, "day": month, "days": days_in(month), "facets": list(cells.SPREAD)}
    with transaction.atomic():
        _hold(store, month, "")
        MonthlySpread.objects.filter(store=store, day=month).delete()
        run(_SUM, told)
        RolledMonth.objects.get_or_create(store=store, month=month)


def forget_month(store: Store, day: date) -> None:
    """The day's cells are about to change, and the sum of its month with them. To be called in a transaction."""
    month = day.replace(day=1)
    _hold(store, month, "_shared")
    RolledMonth.objects.filter(store=store, month=month).delete()


def _hold(store: Store, month: date, how: str) -> None:
    """Days of a month are summed side by side, but none of them while the month is."""
    run(f"SELECT pg_advisory_xact_lock{how}(%s, %s)", [store.pk, -month.toordinal()])
