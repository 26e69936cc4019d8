"""The sums behind an experiment: what every shopper who was drawn ordered in the window, added up in the database."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta as td
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Q

from recovery.experiments.plans import DEFAULTS, HOLDOUT
from recovery.models import Experiment
from recovery.reports.judged import COUNTS
from recovery.statistics.sums import Sums

#: Spending of so long before the draw foretells what comes after it (CUPED), and tells how large an order can be.
BEFORE = td(days=90)
#: What is spent beyond this quantile of the orders before the start is cut off in the capped revenue.
CAP_AT = 0.995
#: At these hours after the cart went silent the natural-return curve is drawn.
HOURS = (1, 2, 4, 8, 12, 24, 48, 72, 120, 168, 240, 336)

# One row a shopper who was drawn. All their paid orders in the window count, by whatever device, channel or cart.
# Money is net of tax, shipping and refunds, in the store's currency; orders in another are counted and left out of it.
# Margin: what is left of the net price when the goods, at their undiscounted price, have been paid for.
_OUTCOMES = f"""
    WITH drawn AS (
        SELECT a.customer_id, a.arm, a.assigned_at, a.assigned_at + %(window)s <= %(as_of)s AS settled
        FROM recovery_assignment a WHERE a.experiment_id = %(experiment)s AND a.assigned_at <= %(as_of)s
    ), paid AS (
        SELECT o.customer_id, o.placed_at, o.currency = %(currency)s AS ours, o.discount,
            greatest(0, o.total - o.tax - o.shipping - coalesce(
                (SELECT sum(r.amount) FROM carts_refund r
                 WHERE r.store_id = o.store_id AND r.order_external_id = o.external_id
                   AND r.currency = o.currency AND r.at <= %(as_of)s), 0)) AS net
        FROM carts_order o
        WHERE o.store_id = %(store)s AND o.customer_id IN (SELECT customer_id FROM drawn) AND {COUNTS}
    ), outcome AS (
        SELECT d.customer_id, d.arm, d.settled, d.assigned_at,
            count(*) FILTER (WHERE within) AS orders,
            count(*) FILTER (WHERE within AND NOT ours) AS foreign_orders,
            coalesce(sum(net) FILTER (WHERE within AND ours), 0) AS revenue,
            coalesce(sum(discount) FILTER (WHERE within AND ours), 0) AS discount,
            coalesce(sum(net - (1 - %(margin)s) * (net + discount)) FILTER (WHERE within AND ours), 0) AS margin,
            coalesce(sum(net) FILTER (WHERE before AND ours AND placed_at >= assigned_at - %(past)s), 0) AS spent,
            coalesce(bool_or(before), false) AS loyal
        FROM drawn d LEFT JOIN LATERAL (
            SELECT p.*, p.placed_at < d.assigned_at AS before,
                p.placed_at >= d.assigned_at AND p.placed_at < d.assigned_at + %(window)s AS within
            FROM paid p WHERE p.customer_id = d.customer_id
        ) p ON true
        GROUP BY 1, 2, 3, 4
    )
"""

_SUMS = f"""{_OUTCOMES}
    , capped AS (SELECT *, least(revenue, %(cap)s) AS cut FROM outcome)
    SELECT arm, settled, loyal, count(*), count(*) FILTER (WHERE orders > 0), sum(orders), sum(orders * orders),
        sum(foreign_orders), sum(revenue), sum(revenue * revenue), sum(spent), sum(spent * spent), sum(revenue * spent),
        sum(revenue * orders), sum(cut), sum(cut * cut), sum(margin), sum(margin * margin),
        sum(discount)
    FROM capped GROUP BY 1, 2, 3
"""

_ROWS = f"""{_OUTCOMES}
    SELECT customer_id, arm, assigned_at, settled, loyal, orders, revenue, margin, spent FROM outcome
    ORDER BY assigned_at, customer_id
"""

_CAP = f"""
    SELECT percentile_disc({CAP_AT}) WITHIN GROUP (ORDER BY o.total - o.tax - o.shipping)
    FROM carts_order o
    WHERE o.store_id = %(store)s AND o.currency = %(currency)s AND o.placed_at < %(start)s
      AND o.placed_at >= %(start)s - %(past)s AND {COUNTS}
"""

#: Of the rows of `drawn`.
COLUMNS = ("customer", "arm", "drawn_at", "settled", "bought_before", "orders", "revenue", "margin", "spent_before")

_RETURNS = f"""
    SELECT a.arm,
        extract(epoch FROM least(o.placed_at, %(as_of)s, went.silent_at + %(longest)s) - went.silent_at) / 3600,
        o.placed_at <= least(%(as_of)s, went.silent_at + %(longest)s) AS ordered
    FROM recovery_assignment a
    JOIN carts_cart c ON c.id = a.cart_id
    CROSS JOIN LATERAL (SELECT coalesce(c.first_abandoned_at, c.last_activity_at) AS silent_at) went
    LEFT JOIN LATERAL (
        SELECT o.placed_at FROM carts_order o
        WHERE o.store_id = %(store)s AND o.customer_id = a.customer_id AND o.placed_at >= went.silent_at
          AND {COUNTS}
        ORDER BY o.placed_at LIMIT 1
    ) o ON true
    WHERE (a.experiment_id = %(experiment)s OR a.experiment_id = %(beside)s AND a.arm = %(holdout)s
           AND a.assigned_at >= %(start)s AND coalesce(a.assigned_at < %(end)s, true))
      AND a.assigned_at <= %(as_of)s AND went.silent_at <= %(as_of)s
"""


@dataclass(frozen=True, slots=True)
class Outcomes:
    """The sums of settled shoppers of one arm. y of `revenue` is money and x the money spent before the draw; y of
    `per_order` is money and x the number of orders. `discount` is what was taken off their orders."""

    ordered: Sums
    revenue: Sums
    capped: Sums
    margin: Sums
    per_order: Sums
    discount: float

    def __add__(self, other: Outcomes) -> Outcomes:
        return Outcomes(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))


@dataclass(frozen=True, slots=True)
class Arm:
    """One arm. `assigned` counts all that were drawn; the rest only those whose window is over."""

    name: str
    share: float
    assigned: int
    settled: int
    foreign_orders: int
    outcomes: Outcomes | None


def asked_of(experiment: Experiment, as_of: datetime, margin: Decimal | None) -> dict[str, Any]:
    plan = {**DEFAULTS, **experiment.plan}
    asked = {
        "experiment": experiment.pk,
        "store": experiment.store_id,
        "currency": experiment.store.currency,
        "window": td(days=plan["window_days"]),
        "longest": td(hours=HOURS[-1]),
        "past": BEFORE,
        "start": experiment.started_at,
        "margin": margin if margin is not None else Decimal(1),
        "alpha": float(plan["alpha"]),
        "as_of": as_of,
    }
    return asked | {"cap": _rows(_CAP, asked)[0][0]}


def rows_of(asked: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """One row for each arm, whether the window is over, and new or returning."""
    return _rows(_SUMS, asked)


def drawn(experiment: Experiment, *, as_of: datetime, margin: Decimal | None = None) -> list[tuple[Any, ...]]:
    """The rows behind the numbers, one a shopper: COLUMNS."""
    return _rows(_ROWS, asked_of(experiment, as_of, margin))


def returns(experiment: Experiment, asked: Mapping[str, Any]) -> dict[str, list[tuple[float, bool]]]:
    """For each arm, each cart's hours from going silent to the shopper's order, or watched so far: see return_curve.

    Beside the variants of a flow's first step, those whom the flow held out in the same days: they were drawn at the
    same moment of their carts. Whoever reaches a later step did not buy after an earlier one, so nothing stands beside.
    """
    beside = _holdout_of(experiment)
    told = {**asked, "beside": beside and beside.pk, "holdout": HOLDOUT, "end": experiment.ended_at}
    watched: dict[str, list[tuple[float, bool]]] = defaultdict(list)
    for arm, hours, ordered in _rows(_RETURNS, told):
        watched[arm].append((float(hours), bool(ordered)))
    return dict(sorted(watched.items()))


def _holdout_of(test: Experiment) -> Experiment | None:
    """The flow's newest holdout that ran while its first step's variants were tested."""
    if test.position != 1:
        return None
    until = Q(started_at__lt=test.ended_at) if test.ended_at else Q()
    during = Q(ended_at=None) | Q(ended_at__gt=test.started_at)
    return Experiment.objects.filter(until, during, flow=test.flow_id, kind="holdout").order_by("-started_at").first()


def shares(experiment: Experiment) -> dict[str, float]:
    total = sum(arm["weight"] for arm in experiment.arms)
    return {arm["name"]: arm["weight"] / total for arm in experiment.arms}


def arm_of(name: str, share: float, rows: Sequence[tuple[Any, ...]]) -> Arm:
    own = [row for row in rows if row[0] == name]
    settled = [row for row in own if row[1]]
    outcomes = [outcomes_of(row) for row in settled]
    return Arm(
        name=name,
        share=share,
        assigned=sum(row[3] for row in own),
        settled=sum(row[3] for row in settled),
        foreign_orders=sum(int(row[7]) for row in settled),
        outcomes=sum(outcomes[1:], outcomes[0]) if outcomes else None,
    )


def outcomes_of(row: tuple[Any, ...]) -> Outcomes:
    n, ordered = row[3], row[4]
    orders, orders2, _, money, money2, spent, spent2, money_spent, money_orders, cut, cut2, left, left2, off = map(
        float, row[5:]
    )
    return Outcomes(
        ordered=Sums.of_share(ordered, n),
        revenue=Sums(n, money, money2, spent, spent2, money_spent),
        capped=Sums(n, cut, cut2),
        margin=Sums(n, left, left2),
        per_order=Sums(n, money, money2, orders, orders2, money_orders),
        discount=off,
    )


def strata(rows: Sequence[tuple[Any, ...]], arm: str, control: str) -> dict[str, tuple[Sums, Sums]]:
    """New and returning shoppers: who had ordered before the draw. Empty where an arm lacks one of them."""
    found: dict[str, dict[str, Sums]] = defaultdict(dict)
    for row in rows:
        if row[1] and row[0] in (arm, control):
            found["returning" if row[2] else "new"][row[0]] = outcomes_of(row).ordered
    pairs = {name: (sides[arm], sides[control]) for name, sides in found.items() if len(sides) == 2}
    return pairs if len(pairs) == len(found) else {}


def _rows(sql: str, asked: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, asked)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows
