"""Who buys again: retention both ways, churn, repeat purchase, the time between, money given back, cohorts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta as td
from decimal import Decimal
from typing import Any

from recovery.reports import definitions
from recovery.reports.asked import Asked
from recovery.reports.judged import COUNTS
from recovery.reports.kept import fetch
from recovery.reports.rates import Rate
from recovery.reports.sheet import Amount, Card, Cell, Section, Table

#: How long after an order a shopper counts as active.
ACTIVE = td(days=365)
#: Spans in which a cohort may buy again, in days.
SPANS = (30, 90, 180)
_MONTHS = 12

# Both read the orders that count by shopper and time out of an index that holds all they ask for. `last_before` is the
# shopper's newest order before the period; `later` counts the moments of their orders, of which two may be one.
_MARKED = f"""
    SELECT width_bucket(first, %(months)s::timestamptz[]) AS cohort, {{marks}} AS marks, count(*), max(first)
    FROM (
        SELECT placed_at, earlier, nth, last_before, placed_at < %(to)s AS known,
            CASE WHEN nth = 1 THEN placed_at WHEN later = 2 AND placed_at > earlier THEN earlier END AS first
        FROM (
            SELECT o.placed_at, lag(o.placed_at) OVER w AS earlier, row_number() OVER w AS nth,
                dense_rank() OVER w AS later,
                max(o.placed_at) FILTER (WHERE o.placed_at < %(from)s) OVER w AS last_before
            FROM carts_order o
            WHERE o.store_id = %(store)s AND o.customer_id IS NOT NULL AND {COUNTS}
            WINDOW w AS (PARTITION BY o.customer_id ORDER BY o.placed_at)
        ) o OFFSET 0
    ) o GROUP BY 1, 2
"""
_GAPS = f"""
    SELECT count(*), avg(days), percentile_cont(0.5) WITHIN GROUP (ORDER BY days)
    FROM (
        SELECT o.placed_at,
            date_part('epoch', o.placed_at - lag(o.placed_at) OVER (PARTITION BY o.customer_id ORDER BY o.placed_at))
                / 86400 AS days
        FROM carts_order o
        WHERE o.store_id = %(store)s AND o.customer_id IS NOT NULL AND {COUNTS}
    ) gaps WHERE days IS NOT NULL AND placed_at >= %(from)s AND placed_at < %(to)s
"""

#: What is said of an order, so that orders of which the same is said are counted together. A shopper of S or E is
#: counted at the first order that makes them one. `first` is NULL but at the first order and the next later one.
_MARKS = {
    "S": "known AND placed_at >= %(active_from)s AND placed_at < %(from)s"
    " AND coalesce(earlier < %(active_from)s, true)",
    "E": "known AND placed_at >= %(active_to)s AND coalesce(earlier < %(active_to)s, true)",
    "was": "last_before >= %(active_from)s",
    "new": "last_before IS NULL",
    "first": "known AND nth = 1",
    "second": "known AND nth = 2",
    **{f"within {days}": f"placed_at > first AND placed_at < first + interval '{days} days'" for days in SPANS},
}
_BITS = {name: 1 << n for n, name in enumerate(_MARKS)}
_SUM_OF_BITS = " + ".join(f"CASE WHEN {said} THEN {_BITS[name]} ELSE 0 END" for name, said in _MARKS.items())
_SQL = _MARKED.format(marks=_SUM_OF_BITS)


@dataclass(frozen=True, slots=True)
class _Marked:
    """So many orders of which the same is said. `cohort`: the number of the month of the shopper's first order."""

    cohort: int | None
    marks: int
    count: int
    last: datetime | None


def _number(rows: Iterable[_Marked], *said: str, but: str = "") -> int:
    """Of how many orders all of this is said, and not that."""
    wanted = sum(_BITS[name] for name in said)
    return sum(one.count for one in rows if one.marks & wanted == wanted and not one.marks & _BITS.get(but, 0))


# A refund in another currency than its order's says nothing about the share.
_REFUNDS = f"""
    WITH back AS (
        SELECT o.id, o.currency, sum(r.amount) AS amount
        FROM carts_refund r CROSS JOIN LATERAL (
            SELECT * FROM carts_order o WHERE o.store_id = %(store)s AND o.external_id = r.order_external_id OFFSET 0
        ) o
        WHERE r.store_id = %(store)s AND r.at <= %(as_of)s AND r.currency = o.currency
          AND o.placed_at >= %(from)s AND o.placed_at < %(to)s AND {COUNTS}
        GROUP BY 1, 2
    ), given AS (
        SELECT currency, count(*) FILTER (WHERE amount > 0) AS orders, sum(amount) AS amount FROM back GROUP BY 1
    ), ordered AS (
        SELECT o.currency, count(*) AS orders, sum(o.total) AS amount FROM carts_order o
        WHERE o.store_id = %(store)s AND o.placed_at >= %(from)s AND o.placed_at < %(to)s AND {COUNTS}
        GROUP BY 1
    )
    SELECT currency, ordered.orders, ordered.amount, coalesce(given.orders, 0), coalesce(given.amount, 0)
    FROM ordered LEFT JOIN given USING (currency) ORDER BY 1
"""


def customers(asked: Asked) -> list[Section]:
    """Of all orders of the store, whether or not a cart is known: the filters besides the store do not apply."""
    told = _told(asked)
    marked = [_Marked(*row) for row in fetch(_SQL, told)]
    was, stays, kept = _number(marked, "S"), _number(marked, "E"), _number(marked, "E", "was")
    new = _number(marked, "E", "new")
    again, people, repeat = stays - kept - new, _number(marked, "first"), _number(marked, "second")
    if not people:
        return [Section("Customers", empty="No order of a known shopper was placed until the end of these days.")]
    retention = Rate.of(kept, was)
    return [
        Section("Retention", definitions.RETENTION, tables=[_retention(was, stays, new, kept, again)],
                cards=[Card(definitions.CHURN, Rate.of(was - kept, was)), Card(definitions.KEPT, retention, main=True)],
                note="The classic formula includes shoppers who came back after a longer pause." if again else ""),
        Section("Repeat purchase", cards=[Card(definitions.REPEAT, Rate.of(repeat, people))]),
        _gaps(*fetch(_GAPS, told)[0]),
        _refunds(told),
        _cohorts(marked, told),
    ]  # fmt: skip


def _told(asked: Asked) -> dict[str, Any]:
    end = min(asked.period.until, asked.as_of)
    local = end.astimezone(asked.period.zone)
    months = [divmod(local.year * 12 + local.month - _MONTHS + n, 12) for n in range(_MONTHS)]
    starts = [datetime(year, month + 1, 1, tzinfo=asked.period.zone) for year, month in months]
    span = {"from": asked.period.since, "to": end, "months": [*starts, end]}
    # Worked out here: in the statement they would be, once for every order.
    span |= {"active_from": asked.period.since - ACTIVE, "active_to": end - ACTIVE}
    return asked.parameters([]) | span


def _retention(was: int, stays: int, new: int, kept: int, again: int) -> Table:
    classic = f"{100 * (stays - new) / was:.1f} %" if was else None
    rows: list[tuple[str, Any]] = [
        ("S: active at the beginning", was), ("E: active at the end", stays),
        ("N: first order ever in the period", new), ("Kept: active at both", kept),
        ("R: back after a longer pause", again), ("Classic retention, (E − N) ÷ S", classic),
    ]  # fmt: skip
    return Table("retention", ("", "Shoppers"), rows)


def _gaps(n: float, mean: float, median: float) -> Section:
    """In days; mean and median are None where there is no gap."""
    rows = [("Orders that were not the first", int(n))]
    days = [("Mean", round(mean, 1)), ("Median", round(median, 1))] if n else []
    return Section(
        "Time between purchases",
        definitions.GAP,
        tables=[Table("gaps", ("", "Orders"), rows), Table("gap-days", ("", "Days"), days)],
        empty="" if n else "No shopper ordered again in these days.",
    )


def _refunds(told: dict[str, Any]) -> Section:
    rows = [
        (currency, orders, Rate.of(refunded, orders), Amount(total, currency), Amount(back, currency),
         f"{100 * min(back / total, Decimal(1)):.1f} %" if total else None)
        for currency, orders, total, refunded, back in fetch(_REFUNDS, told)
    ]  # fmt: skip
    head = ("Currency", "Orders", "Orders with a refund", "Ordered", "Given back", "Of the value")
    return Section(
        "Money given back",
        definitions.RETURNED_UNITS,
        tables=[Table("refunds", head, rows)],
        empty="" if rows else "No order was placed in these days.",
    )


def _cohorts(marked: list[_Marked], told: dict[str, Any]) -> Section:
    rows = [
        _cohort(start, [one for one in marked if one.cohort == n], told["to"])
        for n, start in enumerate(told["months"][:-1], start=1)
    ]
    head = ("First order in", "Shoppers", *(f"Again within {span} days" for span in SPANS))
    shown = [row for row in reversed(rows) if row[1]]
    return Section("Cohorts", definitions.COHORTS, tables=[Table("cohorts", head, shown, alone=True)])


def _cohort(start: datetime, marked: list[_Marked], end: datetime) -> tuple[Cell, ...]:
    n = _number(marked, "first")
    last = max((one.last for one in marked if one.last), default=end)
    shares = [Rate.of(_number(marked, f"within {days}"), n) if last + td(days=days) <= end else None for days in SPANS]
    return f"{start:%b %Y}", n, *shares
