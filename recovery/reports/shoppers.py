"""Who buys again: every order that counts, beside its shopper's order before it, counted by when the two were.

One pass through all orders of the store, out of an index that holds what it asks for; what no sum over days can tell
(who was there a year ago and still is) follows from the counts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta as td

from recovery.reports.asked import Asked
from recovery.reports.judged import COUNTS
from recovery.reports.kept import fetch

#: How long after an order a shopper counts as active.
ACTIVE = td(days=365)
#: Spans in which a cohort may buy again, in days.
SPANS = (30, 90, 180)

# All that is said of an order goes into one whole number, as its digits (see `_read`): PostgreSQL cannot tell how many
# kinds several columns would make, and would sort them on disk. A place in time is how many of the edges had been
# reached. Gaps are averaged as seconds, which are whole, so that their order does not matter.
_SIZE = 32
_PLACED = "width_bucket(placed_at, %(edges)s::timestamptz[])"
_EARLIER = f"""{_SIZE} * (1 + width_bucket(earlier, %(edges)s::timestamptz[]))
    + CASE WHEN nth = 2 THEN {_SIZE**2} ELSE 0 END
    + CASE WHEN before >= %(active_from)s THEN {2 * _SIZE**2} ELSE 0 END
    + CASE WHEN first >= %(from)s THEN {4 * _SIZE**2} ELSE 0 END
    + CASE WHEN earlier = first AND placed_at > first
           THEN {8 * _SIZE**2} * (1 + width_bucket(placed_at - first, %(spans)s::interval[])) ELSE 0 END"""
_SQL = f"""
    WITH found AS MATERIALIZED (
        SELECT kind, count(*) AS orders, max(placed_at) AS last, array_agg(gap) FILTER (WHERE gap IS NOT NULL) AS gaps
        FROM (
            SELECT placed_at, {_PLACED} + CASE WHEN earlier IS NULL THEN 0 ELSE {_EARLIER} END AS kind,
                CASE WHEN placed_at >= %(from)s THEN date_part('epoch', placed_at - earlier) END AS gap
            FROM (
                SELECT placed_at, lag(placed_at) OVER w AS earlier, {{before}} AS before,
                    first_value(placed_at) OVER w AS first, row_number() OVER w AS nth
                FROM carts_order o
                WHERE o.store_id = %(store)s AND o.customer_id IS NOT NULL AND o.placed_at < %(to)s AND {COUNTS}
                WINDOW w AS (PARTITION BY o.customer_id ORDER BY o.placed_at ROWS UNBOUNDED PRECEDING)
            ) o OFFSET 0
        ) o GROUP BY kind
    ), gaps AS (
        SELECT count(*), avg(gap) / 86400, percentile_cont(0.5) WITHIN GROUP (ORDER BY gap) / 86400
        FROM found CROSS JOIN LATERAL unnest(gaps) AS gap
    )
    SELECT kind, orders, last, gaps.* FROM found CROSS JOIN gaps
"""
# The newest order before the period, of a shopper's first order that makes them active at its end. Where less than a
# year lies between, that is the order before.
_BEFORE = ("lag(placed_at) OVER w", "max(placed_at) FILTER (WHERE placed_at < %(from)s) OVER w")


@dataclass(frozen=True, slots=True)
class _Orders:
    """So many orders of one kind. `placed` and `earlier` are places in time: the shopper's order before is None at
    their first. `again`: they are at the shopper's second moment, of SPANS so many after the first."""

    placed: int
    earlier: int | None
    second: bool
    was: bool
    new: bool
    again: int | None
    count: int
    last: datetime


@dataclass(frozen=True, slots=True)
class Cohort:
    """Shoppers whose first order was in one month; `last`: the last of these orders. `again`: within each of SPANS."""

    start: datetime
    shoppers: int
    last: datetime | None
    again: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Shoppers:
    """Of the shoppers with an order before the end. `began`, `stay`: active at the beginning and at the end; `kept`,
    `new`: of the latter, those of the former, and those who never ordered before. Gaps are in days."""

    people: int
    repeat: int
    began: int
    stay: int
    kept: int
    new: int
    cohorts: list[Cohort]
    gaps: int
    mean_gap: float | None
    median_gap: float | None

    @property
    def back(self) -> int:
        """Active at the end, not at the beginning, and not new."""
        return self.stay - self.kept - self.new


def shoppers_of(asked: Asked, end: datetime, months: list[datetime]) -> Shoppers:
    """Of the asked days up to `end`. A cohort begins with each of the months; the last of them is cut off at `end`."""
    since = asked.period.since
    active_from, active_to = since - ACTIVE, end - ACTIVE
    edges = sorted({active_from, active_to, since, *months, end})
    told = {"edges": edges, "from": since, "to": end, "active_from": active_from, "spans": [td(days=n) for n in SPANS]}
    rows = fetch(_SQL.format(before=_BEFORE[active_to > since]), asked.parameters([]) | told)
    found = [_read(*row[:3]) for row in rows]

    def place(moment: datetime) -> int:
        return edges.index(moment) + 1

    def stays(one: _Orders) -> bool:
        return (one.earlier or 0) < place(active_to) <= one.placed

    def was(one: _Orders) -> bool:
        return one.placed >= place(active_from) if one.placed < place(since) else one.was

    starts = [place(month) for month in (*months, end)]
    return Shoppers(
        people=_count(found, lambda one: one.earlier is None),
        repeat=_count(found, lambda one: one.second),
        began=_count(found, lambda one: (one.earlier or 0) < place(active_from) <= one.placed < place(since)),
        stay=_count(found, stays),
        kept=_count(found, lambda one: stays(one) and was(one)),
        new=_count(found, lambda one: stays(one) and (one.placed >= place(since) if one.earlier is None else one.new)),
        cohorts=[_cohort(*of, found) for of in zip(months, starts, starts[1:], strict=False)],
        gaps=rows[0][3] if rows else 0,
        mean_gap=rows[0][4] if rows else None,
        median_gap=rows[0][5] if rows else None,
    )


def _read(kind: int, count: int, last: datetime) -> _Orders:
    said, placed = divmod(kind, _SIZE)
    said, earlier = divmod(said, _SIZE)
    again = said // 8
    return _Orders(
        placed=placed,
        earlier=earlier - 1 if earlier else None,
        second=bool(said & 1),
        was=bool(said & 2),
        new=bool(said & 4),
        again=again - 1 if again else None,
        count=count,
        last=last,
    )


def _count(found: list[_Orders], which: Callable[[_Orders], bool]) -> int:
    return sum(one.count for one in found if which(one))


def _cohort(start: datetime, since: int, until: int, found: list[_Orders]) -> Cohort:
    """From one place in time to the next."""
    firsts = [one for one in found if one.earlier is None and since <= one.placed < until]
    again = [(one.again, one.count) for one in found if one.earlier is not None and since <= one.earlier < until]
    return Cohort(
        start,
        sum(one.count for one in firsts),
        max((one.last for one in firsts), default=None),
        tuple(sum(count for nth, count in again if nth is not None and nth <= n) for n in range(len(SPANS))),
    )
