"""What a discount teaches shoppers: over 90 days, those who were drawn to get it beside those who got the same without.

A discount may pay within its own window and cost the shop later: who was given one may leave carts on purpose, wait for
codes, and buy less at full price.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta as td
from typing import Any

from customers.models import Store
from recovery.reports.asked import Asked
from recovery.reports.draw_sums import BEGINNING, END, SPANS, Ask, Question, answered, told_of
from recovery.reports.judged import COUNTS
from recovery.reports.offer_trials import OfferTrial, offer_tests
from recovery.reports.rates import Rate
from recovery.statistics.estimates import Estimate, TooFewUnits, ratio_difference, share_difference
from recovery.statistics.sums import Sums

#: For so long from the draw shoppers are watched. Later orders begin where the test's own window ends: what the code
#: itself was used for is not what was learnt from it.
WATCHED = td(days=90)

# One row a shopper of `drawn`. What comes later is looked up for each whose days are over, and for nobody else.
_SHOPPERS = f"""
    , shoppers AS NOT MATERIALIZED (
        SELECT d.*, again.seen AS left_again, later.*
        FROM (SELECT *, assigned_at <= %(as_of)s - interval '{WATCHED.days} days' AS over FROM drawn) d
        CROSS JOIN LATERAL (
            SELECT count(*) AS orders, count(*) FILTER (WHERE o.discount_codes <> '[]') AS with_code,
                count(*) FILTER (WHERE o.discount_codes = '[]' AND o.discount = 0) AS full_price
            FROM carts_order o WHERE d.over AND o.store_id = %(store)s AND o.customer_id = d.customer_id
                AND o.placed_at >= d.assigned_at AND o.placed_at - d.assigned_at >= d."window"
                AND o.placed_at - d.assigned_at < interval '{WATCHED.days} days' AND {COUNTS} OFFSET 0
        ) later
        CROSS JOIN LATERAL (
            SELECT d.over AND EXISTS (
                SELECT FROM carts_cart c WHERE c.store_id = %(store)s AND c.customer_id = d.customer_id
                AND c.id IS DISTINCT FROM d.cart_id AND c.started_at > d.assigned_at
                AND c.first_abandoned_at - d.assigned_at < interval '{WATCHED.days} days' AND NOT c.is_test
                AND (c.merged_into_id IS NULL OR c.merged_at > %(as_of)s) OFFSET 0
            ) AS seen OFFSET 0
        ) again
    )
"""
WATCHED_SUMS = Question(
    "watched",
    f"""{_SHOPPERS}
    SELECT experiment_id, part, arm, CASE WHEN over THEN 'over' ELSE 'open' END, count(*),
        count(*) FILTER (WHERE left_again), count(*) FILTER (WHERE full_price > 0),
        sum(orders), sum(orders * orders), sum(with_code), sum(with_code * with_code), sum(orders * with_code)
    FROM shoppers GROUP BY 1, 2, 3, 4
    """,
    lambda ask: WATCHED,
)
#: The shoppers of the tests of offers that ran in some days, one a row.
WATCHED_SHOPPERS = f"""{SPANS}{_SHOPPERS}
    SELECT experiment_id AS experiment, arm, customer_id AS customer, assigned_at AS drawn_at, over, left_again, orders,
        with_code, full_price
    FROM shoppers ORDER BY experiment_id, assigned_at, customer_id
"""


@dataclass(frozen=True, slots=True)
class Watched:
    """One arm: how many were drawn, of how many the 90 days are over, and of these how many left another cart and how
    many bought at full price. `codes`: y is a shopper's later orders with a code, x all their later orders."""

    drawn: int = 0
    over: int = 0
    left_again: int = 0
    full_price: int = 0
    codes: Sums = Sums(0)

    def __add__(self, other: Watched) -> Watched:
        return Watched(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))


@dataclass(frozen=True, slots=True)
class Guardrail:
    """One question about both arms. `gap` is for one look: the arm with the offer less its twin; None while there is
    too little, or where the arms cannot be compared."""

    question: str
    own: Rate | None
    twin: Rate | None
    gap: Estimate | None


def told_for(asked: Asked) -> dict[str, Any]:
    """The parameters of WATCHED_SHOPPERS."""
    parts = [(Ask.planned(one), (BEGINNING, END)) for one in offer_tests(asked)]
    return told_of(asked.store, parts, asked.as_of)


def watched(store: Store, trials: Sequence[OfferTrial], as_of: datetime) -> dict[tuple[int, str], Watched]:
    """By experiment and arm."""
    tests = {trial.experiment.pk: trial.experiment for trial in trials}
    asks = [Ask.planned(one) for one in tests.values()]
    found: dict[tuple[int, str], Watched] = defaultdict(Watched)
    for (pk, arm, kind), numbers in answered(WATCHED_SUMS, store, asks, as_of).items():
        n, left, full, orders, orders2, codes, codes2, both = map(int, numbers)
        over = Watched(n, n, left, full, Sums(n, codes, codes2, orders, orders2, both))
        found[pk, arm] += over if kind == "over" else Watched(n)
    return found


def guardrails(trial: OfferTrial, arms: Mapping[tuple[int, str], Watched]) -> list[Guardrail]:
    """The three questions about one test."""
    own, twin = (arms.get((trial.experiment.pk, name), Watched()) for name in (trial.arm, trial.against))
    return [
        _of_shoppers("Left another cart", own, twin, "left_again", trial),
        Guardrail("Later orders with a code", _coded(own), _coded(twin), _gap(own, twin) if trial.comparable else None),
        _of_shoppers("Bought later at full price", own, twin, "full_price", trial),
    ]


def _of_shoppers(question: str, own: Watched, twin: Watched, what: str, trial: OfferTrial) -> Guardrail:
    first, second = ((getattr(side, what), side.over) for side in (own, twin))
    enough = trial.comparable and min(own.over, twin.over) >= 2
    gap = share_difference(Sums.of_share(*first), Sums.of_share(*second)) if enough else None
    return Guardrail(question, Rate.of(*first), Rate.of(*second), gap)


def _coded(side: Watched) -> Rate | None:
    return Rate.of(round(side.codes.y), round(side.codes.x))


def _gap(own: Watched, twin: Watched) -> Estimate | None:
    """One shopper's orders hang together, so it is a ratio of sums over shoppers."""
    try:
        return ratio_difference(own.codes, twin.codes)
    except TooFewUnits:
        return None


def over_of(trial: OfferTrial, arms: Mapping[tuple[int, str], Watched]) -> int:
    """How many shoppers of both arms have had their 90 days."""
    return sum(arms.get((trial.experiment.pk, name), Watched()).over for name in (trial.arm, trial.against))


def open_of(trials: Sequence[OfferTrial], arms: Mapping[tuple[int, str], Watched]) -> int:
    """How many shoppers of these tests have not had their 90 days yet."""
    sides = {(one.experiment.pk, name) for one in trials for name in (one.arm, one.against)}
    return sum(arms[side].drawn - arms[side].over for side in sides if side in arms)
