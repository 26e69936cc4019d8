"""Figures that are kept, so that a report need not judge every cart again.

A day's figures are its cells (`recovery.reports.cells`), messages and orders, with the moment they were made at. They
are used as long as nothing of the day was touched, the clock alone has changed nothing, and the store's settings are
the same; else the day is judged afresh, by the same statements. So a report never shows an old number: a rollup that is
late only makes it slower.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence, Set
from dataclasses import replace
from datetime import date, datetime
from time import perf_counter
from typing import Any

from django.db import transaction

from config.lib.logline import handed
from customers.models import Store
from recovery.models import DailyFigures, DailySpread, RolledDay, TouchedDay
from recovery.reports import cells, orders, sending, spread
from recovery.reports.asked import SEGMENTS, Asked, days_of, settings_of
from recovery.reports.judged import SETTLES
from recovery.reports.kept import fetch, kept_days, run
from recovery.reports.months import days_in, forget_month, sum_months, whole_months
from recovery.reports.period import Period

log = logging.getLogger("cartback.rollup")

#: Days that one call sums.
BATCH = 20

Cell = dict[str, Any]

# -- reading


_CURRENCY = "(%(currency)s = '' OR currency = %(currency)s)"
_FILTERS = """segment = ANY(%(segments)s) AND (%(device)s = '' OR device = %(device)s)
      AND (%(channel)s = '' OR %(channel)s = ANY(channels)) AND (%(flow)s = 0 OR %(flow)s = ANY(flows))"""
_WHICH = f"store_id = %(store)s AND facet = ANY(%(facets)s) AND {_CURRENCY} AND {_FILTERS}"
_DAYS, _MONTHS = "day = ANY(%(kept)s)", "day = ANY(%(months)s)"


def cells_of(
    asked: Asked,
    facets: Iterable[str],
    *,
    by_day: bool = False,
    numbers: Sequence[str] | None = None,
    kept: Set[date] | None = None,
) -> list[Cell]:
    """The cells of the facets, summed over the asked period and filters; a dict of facet, value, label, currency, the
    numbers, and with `by_day` the day. Kept figures where they hold, judged afresh where not.

    `numbers`: those that are asked for, else all that are kept of these facets. `kept`: the days whose figures hold,
    where the caller has asked that already.
    """
    facets = list(facets)
    numbers = numbers or cells.numbers_of(facets)
    kept = kept_days(asked) if kept is None else kept
    days = days_of(asked.period)
    others = [day for day in days if day not in kept]
    months = [] if by_day or cells.WHOLE & set(facets) else whole_months(asked, kept)
    elsewhere = {*others, *(day for month in months for day in days_in(month))}
    told = asked.parameters(others) | {"facets": facets, "months": months}
    told["kept"] = [day for day in days if day not in elsewhere]
    told["segments"] = [asked.segment] if asked.segment or asked.together else list(SEGMENTS)
    # The currency of money is the orders': of the carts none is left out for theirs, but their cells are, in the end.
    judged_as = replace(asked, currency="") if "money" in facets else asked
    key = ["facet", "value", "currency", *(["day"] if by_day else [])]
    columns = [*key, "label", *numbers]
    parts = _kept(facets, columns, bool(months)) if kept else []
    if others:
        made = cells.cells_sql(judged_as, facets, numbers)
        parts.append(f"SELECT {', '.join(columns)} FROM ({made}) made WHERE {_CURRENCY}")
    # One statement, so that they are added up where they are.
    found = fetch(cells.added_up(" UNION ALL ".join(parts), columns), told)
    return [dict(zip(columns, row, strict=True)) for row in found]


def _kept(facets: Iterable[str], columns: Sequence[str], months: bool) -> list[str]:
    """Statements for the kept cells of these facets.

    They are added up before they meet those of other days: beside what it costs to judge carts, sorting them all would
    look cheap.
    """
    parts = []
    if cells.WHOLE & set(facets):
        rows = f"SELECT {', '.join(columns)} FROM recovery_dailyfigures WHERE {_WHICH} AND {_DAYS}"
        parts.append(cells.added_up(rows, columns))
    if set(facets) - cells.WHOLE:
        tables = {spread.DAYS: _DAYS} | ({spread.MONTHS: _MONTHS} if months else {})
        tables = {table: f"{_WHICH} AND {days}" for table, days in tables.items()}
        parts.append(spread.summed(tables, columns))
    return parts


def together(found: Sequence[Cell]) -> list[Cell]:
    """Cells by day, added up over the days."""
    merged: dict[tuple[Any, ...], Cell] = {}
    numbers = [name for name in cells.NUMBERS if found and name in found[0]]
    for cell in found:
        key = (cell["facet"], cell["value"], cell["currency"])
        known = merged.get(key)
        if known is None:
            merged[key] = dict(cell)
        else:
            known["label"] = max(known["label"], cell["label"])
            for name in numbers:
                known[name] += cell[name]
    return list(merged.values())


# -- keeping


def roll_up(now: datetime, *, limit: int = BATCH) -> int:
    """Sum again the days that were touched, whose figures end, or that were made by other settings; returns how many.

    A day costs its own carts only.
    """
    began = perf_counter()
    done = 0
    for store in Store.objects.all():
        for day in _due_days(store, now)[: limit - done]:
            roll_day(store, day, now=now)
            done += 1
        if done < limit:
            sum_months(store)
    if done:
        handed(log, "rollup", count=done, ms=(perf_counter() - began) * 1000)
    return done


_DUE = """
    SELECT (at AT TIME ZONE %(zone)s)::date AS day FROM recovery_touchedday WHERE store_id = %(store)s
    UNION SELECT day FROM recovery_rolledday
    WHERE store_id = %(store)s AND (valid_until <= %(now)s OR settings <> %(settings)s)
    ORDER BY day DESC LIMIT %(limit)s
"""


def _due_days(store: Store, now: datetime) -> list[date]:
    """The newest first: people look at them most."""
    told = {"store": store.pk, "zone": store.timezone, "now": now, "settings": settings_of(store), "limit": BATCH}
    return [row[0] for row in fetch(_DUE, told)]


def roll_day(store: Store, day: date, *, now: datetime) -> None:
    """Judge the day's carts and orders as of `now` and keep their sums.

    The marks are taken away first: what changes while this runs leaves a mark of its own, and the day is summed again.
    """
    asked = Asked(store, Period(day, day, store.zone), now)
    told = asked.parameters([day]) | {"facets": list(cells.FACETS), "day": day}
    with transaction.atomic():
        fetch("SELECT pg_advisory_xact_lock(%s, %s)", [store.pk, day.toordinal()])
        forget_month(store, day)
        TouchedDay.objects.filter(store=store, at__gte=asked.period.since, at__lt=asked.period.until).delete()
        for figures in (DailyFigures, DailySpread):
            figures.objects.filter(store=store, facet__in=cells.FACETS, segment__in=["", *SEGMENTS], day=day).delete()
        run(_keep(asked), told | {"whole": sorted(cells.WHOLE), "spread": list(cells.SPREAD)})
        sending.roll_day(asked, told)
        orders.roll_day(asked, told)
        RolledDay.objects.update_or_create(
            store=store,
            day=day,
            defaults=_holds(told) | {"settings": settings_of(store)},
        )


def _keep(asked: Asked) -> str:
    """One statement, so that the carts are judged once."""
    columns = ", ".join(cells.COLUMNS)
    return f"""
        WITH made AS MATERIALIZED ({cells.cells_sql(asked, cells.FACETS, apart=True)}), whole AS (
            INSERT INTO recovery_dailyfigures (store_id, {columns})
            SELECT %(store)s, kept.* FROM ({spread.both(cells.COLUMNS, "facet = ANY(%(whole)s)")}) kept
            ORDER BY facet, segment
        ) {spread.packed(spread.DAYS, spread.both(spread.NAMES, "facet = ANY(%(spread)s)"))}
    """


# Every time that a verdict on the day's carts may change at by itself.
_TIMES = f"""
    SELECT times.at FROM carts_cart c CROSS JOIN LATERAL (
        SELECT t.at FROM (VALUES (c.started_at), ({SETTLES.format(cart="c")}), (c.filled_at), (c.ordered_at),
            (c.last_activity_at + %(timeout)s), (c.first_abandoned_at + %(timeout)s), (c.merged_at)) t(at)
        UNION ALL
        SELECT t.at FROM carts_order o CROSS JOIN LATERAL (VALUES
            (o.placed_at), (o.paid_at), (o.cancelled_at), (o.deleted_at)) t(at)
        WHERE o.cart_id = c.id
        UNION ALL
        SELECT t.at FROM carts_order o CROSS JOIN LATERAL (VALUES (o.paid_at), (o.cancelled_at), (o.deleted_at)) t(at)
        WHERE o.customer_id = c.customer_id AND o.placed_at < c.started_at
        UNION ALL
        SELECT r.at FROM carts_order o JOIN carts_refund r ON r.store_id = o.store_id
            AND r.order_external_id = o.external_id WHERE o.cart_id = c.id
        UNION ALL
        SELECT t.at FROM recovery_message m CROSS JOIN LATERAL (VALUES (m.planned_at), (m.sent_at), (m.ended_at)) t(at)
        WHERE m.cart_id = c.id
        UNION ALL
        SELECT x.at FROM recovery_click x WHERE x.cart_id = c.id
        UNION ALL
        SELECT t.at FROM recovery_message m JOIN recovery_credit k ON k.message_id = m.id
        JOIN carts_order o ON o.id = k.order_id
        CROSS JOIN LATERAL (VALUES (k.at), (o.paid_at), (o.cancelled_at), (o.deleted_at)) t(at) WHERE m.cart_id = c.id
        UNION ALL
        SELECT r.at FROM recovery_message m JOIN recovery_credit k ON k.message_id = m.id
        JOIN carts_order o ON o.id = k.order_id
        JOIN carts_refund r ON r.store_id = o.store_id AND r.order_external_id = o.external_id WHERE m.cart_id = c.id
        UNION ALL
        SELECT e.enrolled_at FROM recovery_enrolment e WHERE e.cart_id = c.id
    ) times
    WHERE c.store_id = %(store)s AND c.started_at >= (%(since)s::timestamptz[])[1]
      AND c.started_at < (%(until)s::timestamptz[])[1]
"""
_HOLDS = f"""
    SELECT coalesce(max(at) FILTER (WHERE at <= %(as_of)s), (%(since)s::timestamptz[])[1]),
        min(at) FILTER (WHERE at > %(as_of)s)
    FROM ({_TIMES} UNION ALL {orders.TIMES}) times
"""


def _holds(told: dict[str, Any]) -> dict[str, datetime | None]:
    """Between which times judging the day would give what it gives now."""
    ((since, until),) = fetch(_HOLDS, told)
    return {"valid_from": since, "valid_until": until}
