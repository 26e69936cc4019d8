"""What was ordered on some days, and what of it was given back, as everything stood at %(as_of)s: of all orders of the
store, whether or not a cart is known."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from recovery.reports.asked import Asked, days_of
from recovery.reports.judged import COUNTS
from recovery.reports.kept import fetch, kept_days, run

_NUMBERS = ("orders", "amount", "refunded_orders", "refunded")
_COLUMNS = ", ".join(("day", "currency", *_NUMBERS))

# The orders of a day are fetched by a nested look-up (OFFSET 0 keeps it one): the planner cannot know how few they are.
# A refund in another currency than its order's says nothing about the share.
_ORDERS = f"""
    SELECT d.day, o.currency, count(*) AS orders, sum(o.total) AS amount,
        count(*) FILTER (WHERE back.amount > 0) AS refunded_orders, coalesce(sum(back.amount), 0) AS refunded
    FROM unnest(%(days)s::date[], %(since)s::timestamptz[], %(until)s::timestamptz[]) AS d(day, since, until)
    CROSS JOIN LATERAL (
        SELECT o.external_id, o.currency, o.total FROM carts_order o
        WHERE o.store_id = %(store)s AND o.placed_at >= d.since AND o.placed_at < d.until AND {COUNTS} OFFSET 0
    ) o
    CROSS JOIN LATERAL (
        SELECT sum(r.amount) AS amount FROM carts_refund r
        WHERE r.store_id = %(store)s AND r.order_external_id = o.external_id AND r.currency = o.currency
          AND r.at <= %(as_of)s
    ) back
    GROUP BY 1, 2
"""
_ROLLED = f"""SELECT {_COLUMNS} FROM recovery_dailyorders
    WHERE store_id = %(store)s AND day >= %(first)s AND day <= %(last)s AND day <> ALL(%(days)s)"""
_READ = """
    SELECT currency, sum(orders)::bigint, sum(amount), sum(refunded_orders)::bigint, sum(refunded)
    FROM ({rows}) days GROUP BY 1 ORDER BY 1
"""
#: Every time that the sums of the day's orders may change at by themselves.
TIMES = """
    SELECT t.at FROM carts_order o CROSS JOIN LATERAL (
        SELECT t.at FROM (VALUES (o.placed_at), (o.paid_at), (o.cancelled_at), (o.deleted_at)) t(at)
        UNION ALL
        SELECT r.at FROM carts_refund r WHERE r.store_id = o.store_id AND r.order_external_id = o.external_id
    ) t
    WHERE o.store_id = %(store)s AND o.placed_at >= (%(since)s::timestamptz[])[1]
      AND o.placed_at < (%(until)s::timestamptz[])[1]
"""


@dataclass(frozen=True, slots=True)
class Ordered:
    """Of one currency. `refunded_orders`: those of which some money was given back."""

    currency: str
    orders: int
    amount: Decimal
    refunded_orders: int
    refunded: Decimal


def ordered(asked: Asked, kept: Set[date] | None = None) -> list[Ordered]:
    """The orders placed in the asked period, by currency. Kept figures where they hold, judged afresh where not.

    `kept`: the days whose figures hold, where the caller has asked that already.
    """
    days = days_of(asked.period)
    kept = kept_days(asked) if kept is None else kept
    afresh = [day for day in days if day not in kept]
    rows = " UNION ALL ".join([*([_ROLLED] if kept else []), *([_ORDERS] if afresh else [])])
    told = asked.parameters(afresh) | {"first": days[0], "last": days[-1]}
    return [Ordered(*row) for row in fetch(_READ.format(rows=rows), told)]


def roll_day(asked: Asked, told: dict[str, Any]) -> None:
    """Keep the day's sums. The caller holds the day."""
    run("DELETE FROM recovery_dailyorders WHERE store_id = %s AND day = %s", [asked.store.pk, asked.period.first])
    run(f"INSERT INTO recovery_dailyorders (store_id, {_COLUMNS}) SELECT %(store)s, made.* FROM ({_ORDERS}) made", told)
