"""What a discount teaches shoppers: over 90 days, those who were drawn to get it beside those who got the same without.

A discount may pay within its own window and cost the shop later: who was given one may leave carts on purpose, wait for
codes, and buy less at full price.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta as td
from typing import Any

from recovery.experiments.plans import DEFAULTS
from recovery.reports.asked import Asked
from recovery.reports.judged import COUNTS
from recovery.reports.kept import fetch
from recovery.reports.offer_trials import OfferTrial
from recovery.reports.rates import Rate
from recovery.statistics.estimates import Estimate, TooFewUnits, ratio_difference, share_difference
from recovery.statistics.sums import Sums

#: For so long from the draw shoppers are watched. Later orders begin where the test's own window ends: what the code
#: itself was used for is not what was learnt from it.
WATCHED = td(days=90)

#: One row a shopper of a test whose arms differ in an offer. What comes later is counted only where it is over.
WATCHED_SHOPPERS = f"""
    WITH d AS NOT MATERIALIZED (
        SELECT d.id, e.id AS experiment, d.arm, d.customer_id, d.cart_id, d.assigned_at,
            d.assigned_at <= %(as_of)s - %(watched)s AS over,
            make_interval(days => coalesce((e.plan->>'window_days')::int, %(window)s)) AS own
        FROM recovery_experiment e JOIN recovery_assignment d ON d.experiment_id = e.id AND d.assigned_at <= %(as_of)s
        WHERE e.store_id = %(store)s AND e.kind = 'variants' AND jsonb_path_exists(e.arms, '$[*].offer ? (@ != null)')
          AND e.started_at < %(to)s AND e.started_at <= %(as_of)s AND coalesce(e.ended_at > %(from)s, true)
    ), later AS (
        SELECT d.id, count(*) AS orders, count(*) FILTER (WHERE o.discount_codes <> '[]') AS with_code,
            count(*) FILTER (WHERE o.discount_codes = '[]' AND o.discount = 0) AS full_price
        FROM d JOIN carts_order o ON o.store_id = %(store)s AND o.customer_id = d.customer_id
            AND o.placed_at - d.assigned_at >= d.own AND o.placed_at - d.assigned_at < %(watched)s AND {COUNTS}
        WHERE d.over GROUP BY 1
    ), again AS (
        SELECT DISTINCT d.id
        FROM d JOIN carts_cart c ON c.store_id = %(store)s AND c.customer_id = d.customer_id
            AND c.id IS DISTINCT FROM d.cart_id AND c.started_at > d.assigned_at
            AND c.first_abandoned_at - d.assigned_at < %(watched)s AND NOT c.is_test
            AND (c.merged_into_id IS NULL OR c.merged_at > %(as_of)s)
        WHERE d.over
    )
    SELECT d.experiment, d.arm, d.customer_id AS customer, d.assigned_at AS drawn_at, d.over,
        again.id IS NOT NULL AS left_again, coalesce(orders, 0) AS orders, coalesce(with_code, 0) AS with_code,
        coalesce(full_price, 0) AS full_price
    FROM d LEFT JOIN later USING (id) LEFT JOIN again USING (id)
"""

_SUMS = f"""
    SELECT experiment, arm, over, count(*), count(*) FILTER (WHERE left_again), count(*) FILTER (WHERE full_price > 0),
        sum(orders), sum(orders * orders), sum(with_code), sum(with_code * with_code), sum(orders * with_code)
    FROM ({WATCHED_SHOPPERS}) s GROUP BY 1, 2, 3
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
    return {
        "store": asked.store.pk, "as_of": asked.as_of, "from": asked.period.since, "to": asked.period.until,
        "watched": WATCHED, "window": DEFAULTS["window_days"],
    }  # fmt: skip


def watched(asked: Asked) -> dict[tuple[int, str], Watched]:
    """By experiment and arm, of the tests of offers that ran in the asked days."""
    found: dict[tuple[int, str], Watched] = {}
    for experiment, arm, over, n, left, full, orders, orders2, codes, codes2, both in fetch(_SUMS, told_for(asked)):
        known = found.get((experiment, arm), Watched())
        if over:
            sums = Sums(n, *map(float, (codes, codes2, orders, orders2, both)))
            known = Watched(known.drawn, n, left, full, sums)
        found[experiment, arm] = Watched(known.drawn + n, known.over, known.left_again, known.full_price, known.codes)
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
