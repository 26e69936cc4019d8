"""Who buys again: every order that counts, beside its shopper's order before it, counted by when the two were.

One pass through all orders of the store, out of an index that holds what it asks for, however many periods are asked
for; what no sum over days can tell (who was there a year ago and still is) follows from the counts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta as td
from typing import Any

from recovery.reports.asked import Asked
from recovery.reports.judged import COUNTS
from recovery.reports.kept import fetch

#: How long after an order a shopper counts as active.
ACTIVE = td(days=365)
#: Spans in which a cohort may buy again, in days.
SPANS = (30, 90, 180)

_ORDERS = f"""carts_order o
    WHERE o.store_id = %(store)s AND o.customer_id IS NOT NULL AND o.placed_at < %(to)s AND {COUNTS}"""
# All that is said of an order goes into one whole number, as its digits (see `_read`): PostgreSQL cannot tell how many
# kinds several columns would make, and would sort them on disk. A place in time is how many of the edges had been
# reached. Gaps are averaged as seconds, which are whole, so that their order does not matter.
_PLACED = "width_bucket(placed_at, %(edges)s::timestamptz[])"
_EARLIER = """%(size)s * (1 + width_bucket(earlier, %(edges)s::timestamptz[]))
    + CASE WHEN nth = 2 THEN %(size)s * %(size)s ELSE 0 END
    + CASE WHEN earlier = first AND placed_at > first
           THEN 2 * %(size)s * %(size)s * (1 + width_bucket(placed_at - first, %(spans)s::interval[])) ELSE 0 END"""
_SQL = f"""
    WITH found AS MATERIALIZED (
        SELECT kind, count(*) AS orders, max(placed_at) AS last, array_agg(gap) FILTER (WHERE gap IS NOT NULL) AS gaps
        FROM (
            SELECT placed_at, {_PLACED} + CASE WHEN earlier IS NULL THEN 0 ELSE {_EARLIER} END AS kind,
                CASE WHEN placed_at >= %(from)s THEN date_part('epoch', placed_at - earlier) END AS gap
            FROM (
                SELECT placed_at, lag(placed_at) OVER w AS earlier, first_value(placed_at) OVER w AS first,
                    row_number() OVER w AS nth
                FROM {_ORDERS}
                WINDOW w AS (PARTITION BY o.customer_id ORDER BY o.placed_at ROWS UNBOUNDED PRECEDING)
            ) o OFFSET 0
        ) o GROUP BY kind
    )
    SELECT kind, orders, last, NULL::float8, NULL::float8 FROM found
    UNION ALL
    SELECT -s.nth, count(*), NULL, avg(gap) / 86400, percentile_cont(0.5) WITHIN GROUP (ORDER BY gap) / 86400
    FROM unnest(%(starts)s::timestamptz[], %(ends)s::timestamptz[]) WITH ORDINALITY AS s(since, until, nth)
    JOIN found f ON f.last >= s.since AND f.last < s.until CROSS JOIN LATERAL unnest(f.gaps) AS gap GROUP BY s.nth
"""
# Of the shoppers who are active at the end of a period: who was at its beginning, and who is new since. Asked for where
# more than ACTIVE lies between the two: there, many orders may lie between as well.
_STAYED = f"""
    SELECT count(*) FILTER (WHERE was), count(*) FILTER (WHERE first >= %(from)s) FROM (
        SELECT min(placed_at) AS first, bool_or(placed_at >= %(active_from)s AND placed_at < %(from)s) AS was
        FROM {_ORDERS} GROUP BY o.customer_id HAVING max(placed_at) >= %(active_to)s
    ) o
"""


@dataclass(frozen=True, slots=True)
class Span:
    """From `since` up to `end`. A cohort begins with each of the months; the last of them is cut off at `end`."""

    since: datetime
    end: datetime
    months: list[datetime]

    @property
    def active_from(self) -> datetime:
        """Who ordered since then is active at the beginning."""
        return self.since - ACTIVE

    @property
    def active_to(self) -> datetime:
        """Who ordered since then is active at the end."""
        return self.end - ACTIVE


@dataclass(frozen=True, slots=True)
class _Orders:
    """So many orders of one kind. `placed` and `earlier` are places in time: the shopper's order before is None at
    their first. `again`: they are at the shopper's second moment, of SPANS so many after the first."""

    placed: int
    earlier: int | None
    second: bool
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


def shoppers_of(asked: Asked, spans: Sequence[Span]) -> list[Shoppers]:
    """For each of the spans, as everything stood at the asked moment."""
    edges = sorted({edge for of in spans for edge in (of.active_from, of.active_to, of.since, *of.months, of.end)})
    size = len(edges) + 2
    told = {"edges": edges, "size": size, "from": min(of.since for of in spans), "to": max(of.end for of in spans),
            "starts": [of.since for of in spans], "ends": [of.end for of in spans],
            "spans": [td(days=n) for n in SPANS]}  # fmt: skip
    rows = fetch(_SQL, asked.parameters([]) | told)
    found = [_read(size, *row[:3]) for row in rows if row[0] >= 0]
    gaps = {-row[0]: (row[1], *row[3:]) for row in rows if row[0] < 0}
    return [_shoppers(asked, of, found, edges, gaps.get(nth, (0, None, None))) for nth, of in enumerate(spans, 1)]


def _shoppers(asked: Asked, of: Span, every: list[_Orders], edges: list[datetime], gaps: tuple[Any, ...]) -> Shoppers:
    def place(moment: datetime) -> int:
        return edges.index(moment) + 1

    since, active_from, active_to = place(of.since), place(of.active_from), place(of.active_to)
    found = [one for one in every if one.placed < place(of.end)]
    stay = [one for one in found if (one.earlier or 0) < active_to <= one.placed]
    if of.active_to > of.since:
        kept, new = _kept_and_new(asked, of)
    else:  # the order before the one that makes them active at the end is their newest before the period
        kept = _count(stay, lambda one: active_from <= (one.placed if one.placed < since else one.earlier or 0))
        new = _count(stay, lambda one: one.earlier is None and one.placed >= since)
    starts = [place(month) for month in (*of.months, of.end)]
    return Shoppers(
        people=_count(found, lambda one: one.earlier is None),
        repeat=_count(found, lambda one: one.second),
        began=_count(found, lambda one: (one.earlier or 0) < active_from <= one.placed < since),
        stay=_count(stay, lambda one: True),
        kept=kept,
        new=new,
        cohorts=[_cohort(*one, found) for one in zip(of.months, starts, starts[1:], strict=False)],
        gaps=gaps[0],
        mean_gap=gaps[1],
        median_gap=gaps[2],
    )


def _kept_and_new(asked: Asked, of: Span) -> tuple[int, int]:
    told = {"from": of.since, "to": of.end, "active_from": of.active_from, "active_to": of.active_to}
    kept, new = fetch(_STAYED, asked.parameters([]) | told)[0]
    return kept, new


def _read(size: int, kind: int, count: int, last: datetime) -> _Orders:
    said, placed = divmod(kind, size)
    said, earlier = divmod(said, size)
    again, second = divmod(said, 2)
    return _Orders(
        placed=placed,
        earlier=earlier - 1 if earlier else None,
        second=bool(second),
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
