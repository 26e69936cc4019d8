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

# One row a shopper who was drawn and ordered (ever, or since). All their paid orders in the window count, by whatever
# device, channel or cart.
# Money is net of tax, shipping and refunds, in the store's currency; orders in another are counted and left out of it.
# Margin: what is left of the net price when the goods, at their undiscounted price, have been paid for.
_OUTCOMES = f"""
    WITH drawn AS NOT MATERIALIZED (
        SELECT a.customer_id, a.arm, a.assigned_at, a.assigned_at <= %(settled)s AS settled
        FROM recovery_assignment a WHERE a.experiment_id = %(experiment)s AND a.assigned_at <= %(as_of)s
    ), back AS (
        SELECT r.order_external_id, r.currency, sum(r.amount) AS amount
        FROM carts_refund r WHERE r.store_id = %(store)s AND r.at <= %(as_of)s GROUP BY 1, 2
    ), bought AS (
        SELECT d.customer_id, d.arm, d.settled, d.assigned_at,
            count(*) FILTER (WHERE within) AS orders,
            count(*) FILTER (WHERE within AND NOT ours) AS foreign_orders,
            coalesce(sum(net) FILTER (WHERE within AND ours), 0) AS revenue,
            coalesce(sum(o.discount) FILTER (WHERE within AND ours), 0) AS discount,
            coalesce(sum(net - (1 - %(margin)s) * (net + o.discount)) FILTER (WHERE within AND ours), 0) AS margin,
            coalesce(sum(net) FILTER (WHERE NOT within AND ours AND d.assigned_at - o.placed_at <= %(past)s), 0)
                AS spent,
            bool_or(NOT within) AS loyal
        FROM drawn d JOIN carts_order o ON o.store_id = %(store)s AND o.customer_id = d.customer_id
            AND o.customer_id IS NOT NULL AND o.placed_at - d.assigned_at < %(window)s AND {{reach}} AND {COUNTS}
        LEFT JOIN back ON back.order_external_id = o.external_id AND back.currency = o.currency
        CROSS JOIN LATERAL (
            SELECT o.placed_at >= d.assigned_at AS within, o.currency = %(currency)s AS ours,
                greatest(0, o.total - o.tax - o.shipping - coalesce(back.amount, 0)) AS net
        ) w
        GROUP BY 1, 2, 3, 4
    )
"""
#: Also the orders before the draw, or only those after it: much less to read.
_EVER, _SINCE = "true", "o.placed_at >= d.assigned_at"

_SUMMED = (
    "count(*) FILTER (WHERE orders > 0)", "sum(orders)", "sum(orders * orders)", "sum(foreign_orders)",
    "sum(revenue)", "sum(revenue * revenue)", "sum(spent)", "sum(spent * spent)", "sum(revenue * spent)",
    "sum(revenue * orders)", "sum(cut)", "sum(cut * cut)", "sum(margin)", "sum(margin * margin)", "sum(discount)",
)  # fmt: skip
_NAMES = [f"s{n}" for n in range(len(_SUMMED))]
_ZEROS = ", ".join("0" for _ in _NAMES)

# Who ordered nothing adds to the count of new ones alone, and is not added up.
_SUMS = f"""{_OUTCOMES}
    , sums AS (
        SELECT arm, settled, loyal, count(*) AS n, {", ".join(map("{} AS {}".format, _SUMMED, _NAMES))}
        FROM (SELECT *, least(revenue, %(cap)s) AS cut FROM bought) bought GROUP BY 1, 2, 3
    )
    SELECT arm, settled, loyal, sum(n)::bigint, {", ".join(map("sum({})".format, _NAMES))} FROM (
        SELECT * FROM sums
        UNION ALL SELECT arm, settled, false, count(*), {_ZEROS} FROM drawn GROUP BY 1, 2
        UNION ALL SELECT arm, settled, false, -n, {_ZEROS} FROM sums
    ) everybody GROUP BY 1, 2, 3 HAVING sum(n) > 0
"""

_ROWS = f"""{_OUTCOMES}
    SELECT d.customer_id, d.arm, d.assigned_at, d.settled, coalesce(loyal, false), coalesce(orders, 0),
        coalesce(revenue, 0), coalesce(margin, 0), coalesce(spent, 0)
    FROM drawn d LEFT JOIN bought b USING (customer_id) ORDER BY d.assigned_at, d.customer_id
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
        "settled": as_of - td(days=plan["window_days"]),
        "longest": td(hours=HOURS[-1]),
        "past": BEFORE,
        "start": experiment.started_at,
        "margin": margin if margin is not None else Decimal(1),
        "alpha": float(plan["alpha"]),
        "as_of": as_of,
    }
    return asked | {"cap": _rows(_CAP, asked)[0][0]}


def rows_of(asked: Mapping[str, Any], *, past: bool = True) -> list[tuple[Any, ...]]:
    """One row for each arm, whether the window is over, and new or returning. Without the `past` everybody is new and
    nothing was spent before the draw."""
    return _rows(_SUMS.format(reach=_EVER if past else _SINCE), asked)


def drawn(experiment: Experiment, *, as_of: datetime, margin: Decimal | None = None) -> list[tuple[Any, ...]]:
    """The rows behind the numbers, one a shopper: COLUMNS."""
    return _rows(_ROWS.format(reach=_EVER), asked_of(experiment, as_of, margin))


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
    n, ordered = row[3], int(row[4])
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
