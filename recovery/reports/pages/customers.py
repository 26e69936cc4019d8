"""Who buys again: retention both ways, churn, repeat purchase, the time between, money given back, cohorts."""

from __future__ import annotations

from datetime import datetime
from datetime import timedelta as td
from decimal import Decimal
from typing import Any

from recovery.reports import definitions
from recovery.reports.asked import Asked
from recovery.reports.judged import COUNTS
from recovery.reports.kept import fetch
from recovery.reports.rates import Rate
from recovery.reports.sheet import Amount, Card, Section, Table

#: How long after an order a shopper counts as active.
ACTIVE = td(days=365)
#: Spans in which a cohort may buy again, in days.
SPANS = (30, 90, 180)
_MONTHS = 12

_PEOPLE = f"""
    WITH people AS (
        SELECT o.customer_id, min(o.placed_at) AS first, count(*) AS orders,
            bool_or(o.placed_at >= %(from)s - %(active)s AND o.placed_at < %(from)s) AS was,
            bool_or(o.placed_at >= %(to)s - %(active)s) AS stays
        FROM carts_order o
        WHERE o.store_id = %(store)s AND o.customer_id IS NOT NULL AND o.placed_at < %(to)s AND {COUNTS}
        GROUP BY 1
    )
    SELECT count(*) FILTER (WHERE was), count(*) FILTER (WHERE stays),
        count(*) FILTER (WHERE stays AND first >= %(from)s), count(*) FILTER (WHERE was AND stays),
        count(*) FILTER (WHERE stays AND NOT was AND first < %(from)s), count(*), count(*) FILTER (WHERE orders > 1)
    FROM people
"""

_GAPS = f"""
    SELECT count(*), avg(gap.days), percentile_cont(0.5) WITHIN GROUP (ORDER BY gap.days)
    FROM carts_order o CROSS JOIN LATERAL (
        SELECT extract(epoch FROM o.placed_at - max(p.placed_at)) / 86400 AS days FROM carts_order p
        WHERE p.customer_id = o.customer_id AND (p.placed_at, p.id) < (o.placed_at, o.id)
          AND {COUNTS.replace("o.", "p.")}
    ) gap
    WHERE o.store_id = %(store)s AND o.customer_id IS NOT NULL AND o.placed_at >= %(from)s AND o.placed_at < %(to)s
      AND gap.days IS NOT NULL AND {COUNTS}
"""

# A refund in another currency than its order's says nothing about the share.
_REFUNDS = f"""
    SELECT o.currency, count(*), sum(o.total), count(*) FILTER (WHERE back.amount > 0), sum(back.amount)
    FROM carts_order o CROSS JOIN LATERAL (
        SELECT coalesce(sum(r.amount), 0) AS amount FROM carts_refund r
        WHERE r.store_id = o.store_id AND r.order_external_id = o.external_id AND r.currency = o.currency
          AND r.at <= %(as_of)s
    ) back
    WHERE o.store_id = %(store)s AND o.placed_at >= %(from)s AND o.placed_at < %(to)s AND {COUNTS}
    GROUP BY 1 ORDER BY 1
"""

_COHORTS = f"""
    WITH firsts AS (
        SELECT o.customer_id, min(o.placed_at) AS first
        FROM carts_order o
        WHERE o.store_id = %(store)s AND o.customer_id IS NOT NULL AND {COUNTS}
        GROUP BY 1
    ), seconds AS (
        SELECT f.first, (
            SELECT min(o.placed_at) FROM carts_order o
            WHERE o.customer_id = f.customer_id AND o.placed_at > f.first AND {COUNTS}) AS second
        FROM firsts f WHERE f.first >= %(since_month)s AND f.first < %(to)s
    )
    SELECT date_trunc('month', first AT TIME ZONE %(zone)s)::date AS month, count(*),
        {", ".join(f"count(*) FILTER (WHERE second < first + interval '{days} days')" for days in SPANS)},
        max(first)
    FROM seconds GROUP BY 1 ORDER BY 1 DESC
"""


def customers(asked: Asked, before: Asked | None) -> list[Section]:
    """Of all orders of the store, whether or not a cart is known: the filters besides the store do not apply."""
    told = _told(asked)
    was, stays, new, kept, again, people, repeat = fetch(_PEOPLE, told)[0]
    if not people:
        return [Section("Customers", empty="No order of a known shopper was placed until the end of these days.")]
    retention = Rate.of(kept, was)
    return [
        Section("Retention", definitions.RETENTION, tables=[_retention(was, stays, new, kept, again)],
                cards=[Card(definitions.CHURN, Rate.of(was - kept, was)), Card(definitions.KEPT, retention, main=True)],
                note="The classic formula includes shoppers who came back after a longer pause." if again else ""),
        Section("Repeat purchase", cards=[Card(definitions.REPEAT, Rate.of(repeat, people))]),
        _gaps(told),
        _refunds(told),
        _cohorts(told),
    ]  # fmt: skip


def _told(asked: Asked) -> dict[str, Any]:
    end = min(asked.period.until, asked.as_of)
    local = end.astimezone(asked.period.zone)
    month = (local.year * 12 + local.month - _MONTHS) // 12, (local.year * 12 + local.month - _MONTHS) % 12 + 1
    since = datetime(*month, 1, tzinfo=asked.period.zone)
    span = {"from": asked.period.since, "to": end, "active": ACTIVE, "since_month": since}
    return asked.parameters([]) | span


def _retention(was: int, stays: int, new: int, kept: int, again: int) -> Table:
    classic = f"{100 * (stays - new) / was:.1f} %" if was else None
    rows: list[tuple[str, Any]] = [
        ("S: active at the beginning", was), ("E: active at the end", stays),
        ("N: first order ever in the period", new), ("Kept: active at both", kept),
        ("R: back after a longer pause", again), ("Classic retention, (E − N) ÷ S", classic),
    ]  # fmt: skip
    return Table("retention", ("", "Shoppers"), rows)


def _gaps(told: dict[str, Any]) -> Section:
    n, mean, median = fetch(_GAPS, told)[0]
    rows = [("Orders that were not the first", n)]
    days = [("Mean", round(float(mean), 1)), ("Median", round(float(median), 1))] if n else []
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


def _cohorts(told: dict[str, Any]) -> Section:
    end: datetime = min(told["to"], told["as_of"])
    rows = [
        (f"{month:%b %Y}", n, *(Rate.of(hits, n) if last + td(days=span) <= end else None
                                for span, hits in zip(SPANS, within, strict=True)))
        for month, n, *within, last in fetch(_COHORTS, told)
    ]  # fmt: skip
    head = ("First order in", "Shoppers", *(f"Again within {span} days" for span in SPANS))
    return Section("Cohorts", definitions.COHORTS, tables=[Table("cohorts", head, rows)])
