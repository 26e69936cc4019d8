"""The sums behind an experiment: what every shopper who was drawn ordered in the window, added up in the database."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta as td
from decimal import Decimal
from typing import Any

from django.db.models import Q

from customers.models import Store
from recovery.experiments.plans import HOLDOUT
from recovery.models import Experiment
from recovery.reports.draw_sums import BEGINNING, END, SPANS, Ask, Question, answered, by_arm, told_of
from recovery.reports.judged import COUNTS
from recovery.reports.kept import fetch
from recovery.statistics.sums import Sums

#: Spending of so long before the draw foretells what comes after it (CUPED), and tells how large an order can be.
BEFORE = td(days=90)
#: What is spent beyond this quantile of the orders before the start is cut off in the capped revenue.
CAP_AT = 0.995
#: At these hours after the cart went silent the natural-return curve is drawn.
HOURS = (1, 2, 4, 8, 12, 24, 48, 72, 120, 168, 240, 336)
LONGEST = td(hours=HOURS[-1])

# One row a shopper who was drawn and ordered (ever). All their paid orders in the window count, by whatever device,
# channel or cart.
# Money is net of tax, shipping and refunds, in the store's currency; orders in another are counted and left out of it.
_BOUGHT = f"""
    , bought AS (
        SELECT d.experiment_id, d.part, d.arm, d.customer_id, d.settled, d.assigned_at, d.cap,
            count(*) FILTER (WHERE within) AS orders,
            count(*) FILTER (WHERE within AND NOT ours) AS foreign_orders,
            coalesce(sum(net) FILTER (WHERE within AND ours), 0) AS revenue,
            coalesce(sum(o.discount) FILTER (WHERE within AND ours), 0) AS discount,
            coalesce(sum(net) FILTER (WHERE lately AND ours), 0) AS spent,
            bool_or(NOT within) AS loyal
        FROM drawn d JOIN carts_order o ON o.store_id = %(store)s AND o.customer_id = d.customer_id
            AND o.customer_id IS NOT NULL AND o.placed_at - d.assigned_at < d."window" AND {COUNTS}
        CROSS JOIN LATERAL (
            SELECT coalesce(sum(r.amount), 0) AS amount FROM carts_refund r
            WHERE r.store_id = o.store_id AND r.order_external_id = o.external_id AND r.currency = o.currency
              AND r.at <= %(as_of)s OFFSET 0
        ) back
        CROSS JOIN LATERAL (
            SELECT o.placed_at >= d.assigned_at AS within, o.currency = %(currency)s AS ours,
                o.placed_at < d.assigned_at AND d.assigned_at - o.placed_at <= interval '{BEFORE.days} days' AS lately,
                greatest(0, o.total - o.tax - o.shipping - back.amount) AS net
        ) w
        WHERE {{which}} GROUP BY 1, 2, 3, 4, 5, 6, 7
    )
"""
_SUMMED = (
    "count(*) FILTER (WHERE orders > 0)", "sum(orders)", "sum(orders * orders)", "sum(foreign_orders)",
    "sum(revenue)", "sum(revenue * revenue)", "sum(spent)", "sum(spent * spent)", "sum(revenue * spent)",
    "sum(revenue * orders)", "sum(cut)", "sum(cut * cut)", "sum(discount)", "sum(discount * discount)",
    "sum(revenue * discount)",
)  # fmt: skip
_NAMES = [f"s{n}" for n in range(len(_SUMMED))]
_ZEROS = ", ".join("0" for _ in _NAMES)

#: The kinds are shoppers whose window is over, new ones and those who had ordered before the draw; and those whose
#: window is open, who are counted alone. Who ordered nothing adds to the count of new ones, and is not added up.
OUTCOMES = Question(
    "outcomes",
    f"""{_BOUGHT.format(which="d.settled")}
    , sums AS (
        SELECT experiment_id, part, arm, CASE WHEN loyal THEN 'returning' ELSE 'new' END AS kind, count(*) AS n,
            {", ".join(map("{} AS {}".format, _SUMMED, _NAMES))}
        FROM (SELECT *, least(revenue, cap) AS cut FROM bought) bought GROUP BY 1, 2, 3, 4
    )
    SELECT experiment_id, part, arm, kind, sum(n), {", ".join(map("sum({})".format, _NAMES))} FROM (
        SELECT * FROM sums
        UNION ALL SELECT experiment_id, part, arm, CASE WHEN settled THEN 'new' ELSE 'open' END, count(*), {_ZEROS}
            FROM drawn GROUP BY 1, 2, 3, 4
        UNION ALL SELECT experiment_id, part, arm, 'new', -n, {_ZEROS} FROM sums
    ) everybody GROUP BY 1, 2, 3, 4 HAVING sum(n) > 0
    """,
    lambda ask: ask.window,
)

_ROWS = f"""{SPANS}{_BOUGHT.format(which="true")}
    SELECT d.customer_id, d.arm, d.assigned_at, d.settled, coalesce(loyal, false), coalesce(orders, 0),
        coalesce(revenue, 0), coalesce(%(margin)s * revenue - (1 - %(margin)s) * discount, 0), coalesce(spent, 0)
    FROM drawn d LEFT JOIN bought b USING (customer_id) ORDER BY d.assigned_at, d.customer_id
"""

#: One number: what no more than one in two hundred orders before the start came to. None without orders.
CAP = Question(
    "cap",
    f"""
    SELECT span.experiment_id, span.since, '', '', percentile.cap FROM span CROSS JOIN LATERAL (
        SELECT percentile_disc({CAP_AT}) WITHIN GROUP (ORDER BY o.total - o.tax - o.shipping) AS cap
        FROM carts_order o
        WHERE o.store_id = %(store)s AND o.currency = %(currency)s AND o.placed_at >= span.since
          AND o.placed_at < span.until AND {COUNTS}
    ) percentile WHERE percentile.cap IS NOT NULL
    """,
    lambda ask: td(days=1),
    """
    SELECT span.since, t.at FROM span JOIN carts_order o ON o.store_id = %(store)s
        AND o.placed_at >= span.since AND o.placed_at < span.until
    CROSS JOIN LATERAL (VALUES (o.paid_at), (o.cancelled_at), (o.deleted_at)) t(at)
    """,
)

#: Of the rows of `drawn`.
COLUMNS = ("customer", "arm", "drawn_at", "settled", "bought_before", "orders", "revenue", "margin", "spent_before")

# How many of HOURS were over when the order came, or have been watched to their end. Times have whole microseconds: one
# less, so that an order at the very hour had come by it.
_SECONDS = f"ARRAY{[3600 * hours for hours in HOURS]}::numeric[]"
#: Of each shopper by whose cart they were drawn: the kind is "ordered n" where they had ordered by the nth of HOURS and
#: not by the one before, else "watched n", up to the last hour that is over.
RETURNS = Question(
    "returns",
    f"""
    SELECT experiment_id, part, arm, CASE WHEN ordered <= watched THEN 'ordered ' || ordered
                                          ELSE 'watched ' || watched END, count(*)
    FROM (
        SELECT d.experiment_id, d.part, d.arm,
            width_bucket(extract(epoch FROM %(as_of)s - c.first_abandoned_at), {_SECONDS}) AS watched,
            1 + width_bucket(extract(epoch FROM o.placed_at - c.first_abandoned_at) - 0.000001, {_SECONDS}) AS ordered
        FROM drawn d
        CROSS JOIN LATERAL (
            SELECT c.first_abandoned_at FROM carts_cart c
            WHERE c.id = d.cart_id AND c.first_abandoned_at <= %(as_of)s OFFSET 0
        ) c
        LEFT JOIN LATERAL (
            SELECT o.placed_at FROM carts_order o
            WHERE o.store_id = %(store)s AND o.customer_id = d.customer_id AND o.placed_at >= c.first_abandoned_at
              AND {COUNTS}
            ORDER BY o.placed_at LIMIT 1
        ) o ON true
    ) carts GROUP BY 1, 2, 3, 4
    """,
    lambda ask: LONGEST,
)


#: By arm, then by kind: the numbers of OUTCOMES.
Kinds = Mapping[str, Mapping[str, list[Decimal]]]
_OVER = ("new", "returning")


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


@dataclass(frozen=True, slots=True)
class Arm:
    """One arm. `assigned` counts all that were drawn; the rest only those whose window is over."""

    name: str
    share: float
    assigned: int
    settled: int
    foreign_orders: int
    outcomes: Outcomes | None

    @property
    def ordered(self) -> int:
        """How many of the settled ordered."""
        return round(self.outcomes.ordered.y) if self.outcomes else 0


def caps_of(store: Store, experiments: Sequence[Experiment], as_of: datetime) -> dict[int, Decimal]:
    """By experiment, in the store's currency; none where there were no orders before its start."""
    asks = [Ask.planned(one, since=one.started_at - BEFORE, until=one.started_at) for one in experiments]
    return {pk: cap for (pk, _, _), (cap,) in answered(CAP, store, asks, as_of).items()}


def outcomes_of(
    store: Store, experiments: Sequence[Experiment], as_of: datetime, caps: Mapping[int, Decimal]
) -> dict[int, Kinds]:
    """By experiment, arm and kind: see OUTCOMES."""
    asks = [Ask.planned(one, cap=caps.get(one.pk)) for one in experiments]
    found = answered(OUTCOMES, store, asks, as_of)
    return {one.pk: by_arm(one, found) for one in experiments}


def drawn(experiment: Experiment, *, as_of: datetime, margin: Decimal | None = None) -> list[tuple[Any, ...]]:
    """The rows behind the numbers, one a shopper: COLUMNS. Margin: what is left of the net price when the goods, at
    their undiscounted price, have been paid for."""
    told = told_of(experiment.store, [(Ask.planned(experiment), (BEGINNING, END))], as_of)
    return fetch(_ROWS, told | {"margin": margin if margin is not None else Decimal(1)})


def returns(experiment: Experiment, as_of: datetime) -> dict[str, Counter[tuple[float, bool]]]:
    """For each arm, how many carts had their shopper's order by each of HOURS, or were watched so far: see
    return_curve. Who was watched for a part of a span is in nothing of it, whether or not they ordered then.

    Beside the variants of a flow's first step, those whom the flow held out in the same days: they were drawn at the
    same moment of their carts. Whoever reaches a later step did not buy after an earlier one, so nothing stands beside.
    """
    beside = _holdout_of(experiment)
    asks = [Ask.planned(experiment)]
    if beside:
        asks.append(Ask.planned(beside, since=experiment.started_at, until=experiment.ended_at or END, arm=HOLDOUT))
    watched: dict[str, Counter[tuple[float, bool]]] = defaultdict(Counter)
    for (_, arm, kind), (count,) in answered(RETURNS, experiment.store, asks, as_of).items():
        what, nth = kind.split()
        watched[arm][float((0, *HOURS)[int(nth)]), what == "ordered"] += int(count)
    return watched


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


def arm_of(name: str, share: float, kinds: Mapping[str, list[Decimal]], margin: Decimal | None) -> Arm:
    """`margin`: the store's share of the net price that is left, 0 to 1."""
    over = [kinds[kind] for kind in _OVER if kind in kinds]
    settled = sum(int(numbers[0]) for numbers in over)
    return Arm(
        name=name,
        share=share,
        assigned=settled + int(kinds.get("open", [Decimal(0)])[0]),
        settled=settled,
        foreign_orders=sum(int(numbers[4]) for numbers in over),
        outcomes=_outcomes([sum(column) for column in zip(*over, strict=True)], margin) if over else None,
    )


def _outcomes(numbers: Sequence[Decimal | int], margin: Decimal | None) -> Outcomes:
    n, ordered = int(numbers[0]), int(numbers[1])
    orders, orders2, _, money, money2, spent, spent2, money_spent, money_orders, cut, cut2, off, off2, money_off = map(
        Decimal, numbers[2:]
    )
    # What is left of the net price when the goods, at their undiscounted price, have been paid for.
    kept, lost = (margin, 1 - margin) if margin is not None else (Decimal(1), Decimal(0))
    left = kept * money - lost * off
    left2 = kept * kept * money2 - 2 * kept * lost * money_off + lost * lost * off2
    return Outcomes(
        ordered=Sums.of_share(ordered, n),
        revenue=_sums(n, money, money2, spent, spent2, money_spent),
        capped=_sums(n, cut, cut2),
        margin=_sums(n, left, left2),
        per_order=_sums(n, money, money2, orders, orders2, money_orders),
        discount=float(off),
    )


def _sums(n: int, *numbers: Decimal) -> Sums:
    return Sums(n, *map(float, numbers))


def strata(found: Kinds, arm: str, control: str) -> dict[str, tuple[Sums, Sums]]:
    """New and returning shoppers: who had ordered before the draw. Empty where an arm lacks one of them."""
    sides = (found.get(arm, {}), found.get(control, {}))
    kinds = [kind for kind in _OVER if any(kind in side for side in sides)]
    if any(kind not in side for kind in kinds for side in sides):
        return {}
    return {kind: (_ordered(sides[0][kind]), _ordered(sides[1][kind])) for kind in kinds}


def _ordered(numbers: Sequence[Decimal]) -> Sums:
    return Sums.of_share(int(numbers[1]), int(numbers[0]))
