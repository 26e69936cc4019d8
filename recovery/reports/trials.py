"""What an experiment has shown so far: every shopper who was drawn, by intention to treat, over one fixed window."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from config.lib.names import by_number
from recovery.experiments.foresight import planned_units
from recovery.experiments.plans import DEFAULTS, control_of, control_share
from recovery.models import Experiment
from recovery.reports.draws import Counted
from recovery.reports.trial_sums import HOURS, Arm, arm_of, caps_of, outcomes_of, returns, shares, strata
from recovery.statistics.chance import chance_better
from recovery.statistics.checks import holm, sample_ratio
from recovery.statistics.estimates import (
    Adjusted,
    Estimate,
    TooFewUnits,
    adjusted_difference,
    mean_difference,
    ratio_difference,
    relative_difference,
    share_difference,
    stratified_difference,
)
from recovery.statistics.returning import Point, return_curve
from recovery.statistics.sequential import LEAST_ORDERS, LEAST_UNITS, any_time
from recovery.statistics.sums import Sums
from recovery.statistics.verdict import Verdict, verdict


@dataclass(frozen=True, slots=True)
class Comparison:
    """One arm against the control. An estimate is None while there is too little to say, `margin` also without a
    margin of the store. `chance`: that the arm's order rate is the higher one; None before `held` is told."""

    arm: Arm
    verdict: Verdict
    orders: Estimate | None = None
    held: Estimate | None = None  # the same with an interval that may be looked at any time
    relative: Estimate | None = None
    revenue: Estimate | None = None
    capped: Estimate | None = None
    adjusted: Adjusted | None = None
    stratified: Estimate | None = None
    margin: Estimate | None = None
    per_order: Estimate | None = None
    adjusted_ps: Mapping[str, float] = field(default_factory=dict)
    gained_orders: Estimate | None = None
    gained_revenue: Estimate | None = None
    by_themselves: float | None = None  # shoppers who would have ordered without it
    chance: float | None = None


@dataclass(frozen=True, slots=True)
class Findings:
    """An experiment as it stood at `as_of`. `mismatch` is the smaller of the sample-ratio p's of the drawn and of the
    settled; None with nobody drawn. `curve`: for each arm, and beside variants also for the flow's held out, how many
    had ordered by which hour after going silent."""

    experiment: Experiment
    as_of: datetime
    currency: str
    plan: dict[str, Any]
    planned: int | None
    cap: Decimal | None
    control: Arm
    comparisons: list[Comparison]
    mismatch: float | None
    curve: dict[str, list[Point]]

    @property
    def arms(self) -> list[Arm]:
        return [self.control, *(one.arm for one in self.comparisons)]


def findings(experiment: Experiment, *, as_of: datetime, margin: Decimal | None = None) -> Findings:
    """All that is known of an experiment. `margin`: the store's share of the net price that is left, 0 to 1."""
    plan = {**DEFAULTS, **experiment.plan}
    caps = caps_of(experiment.store, [experiment], as_of)
    kinds = outcomes_of(experiment.store, [experiment], as_of, caps)[experiment.pk]
    arms = {name: arm_of(name, share, kinds.get(name, {}), margin) for name, share in shares(experiment).items()}
    control = arms.pop(control_of(experiment.arms))
    everybody = [control, *arms.values()]
    mismatch = mismatch_of(experiment, {arm.name: arm for arm in everybody})
    planned = planned_of(experiment, control.outcomes.ordered if control.outcomes else None)
    comparisons = [
        _compare(
            (arm, control),
            strata(kinds, arm.name, control.name),
            planned,
            mismatch,
            margin,
            (float(plan["alpha"]), len(arms)),
        )
        for arm in arms.values()
    ]
    return Findings(
        experiment=experiment,
        as_of=as_of,
        currency=experiment.store.currency,
        plan=plan,
        planned=planned,
        cap=caps.get(experiment.pk),
        control=control,
        comparisons=comparisons,
        mismatch=mismatch,
        curve=_curves(returns(experiment, as_of)),
    )


def _curves(watched: Mapping[str, Mapping[tuple[float, bool], int]]) -> dict[str, list[Point]]:
    return {arm: return_curve(watched[arm], HOURS) for arm in sorted(watched, key=by_number)}


def mismatch_of(experiment: Experiment, arms: Mapping[str, Arm] | Mapping[str, Counted]) -> float | None:
    """The smaller p of the sample-ratio checks of the drawn and of the settled, by arm; None with nobody drawn."""
    weights = {arm["name"]: float(arm["weight"]) for arm in experiment.arms}
    drawn = {name: arm.assigned for name, arm in arms.items()}
    settled = {name: arm.settled for name, arm in arms.items()}
    ps = [sample_ratio(counts, weights) for counts in (drawn, settled) if sum(counts.values())]
    return min(ps, default=None)


def planned_of(experiment: Experiment, control: Sums | None) -> int | None:
    """How many shoppers the plan asks for; where it does not say, as many as its lift over the rate of the control's
    settled shoppers takes."""
    plan = {**DEFAULTS, **experiment.plan}
    if plan.get("units"):
        return int(plan["units"])
    rate = control.mean if control and control.n >= LEAST_UNITS else 0.0
    return planned_units(plan, rate, control_share(experiment.arms))


def _compare(
    sides: tuple[Arm, Arm],
    strata: Mapping[str, tuple[Sums, Sums]],
    planned: int | None,
    mismatch: float | None,
    margin: Decimal | None,
    level: tuple[float, int],
) -> Comparison:
    """`level`: the error that is allowed, and how many comparisons share it (see held_of)."""
    (arm, control), (alpha, among) = sides, level
    own, base = arm.outcomes, control.outcomes
    n = arm.settled + control.settled
    if own is None or base is None or min(arm.settled, control.settled) < 2:
        return Comparison(arm, verdict(None, n, mismatch))
    orders = share_difference(own.ordered, base.ordered, alpha=alpha)
    revenue = mean_difference(own.revenue, base.revenue, alpha=alpha)
    earned = mean_difference(own.margin, base.margin, alpha=alpha) if margin is not None else None
    held = held_of(orders, (own.ordered, base.ordered), planned, alpha / among)
    return Comparison(
        arm=arm,
        orders=orders,
        held=held,
        relative=_maybe(relative_difference, own.ordered, base.ordered, alpha),
        revenue=revenue,
        capped=mean_difference(own.capped, base.capped, alpha=alpha),
        adjusted=adjusted_difference(own.revenue, base.revenue, alpha=alpha),
        stratified=_stratified(strata, alpha),
        margin=earned,
        per_order=_maybe(ratio_difference, own.per_order, base.per_order, alpha),
        adjusted_ps=_adjusted_ps({"orders": orders, "revenue": revenue, "margin": earned}),
        verdict=verdict(held, n, mismatch),
        gained_orders=orders.times(arm.settled),
        gained_revenue=revenue.times(arm.settled),
        by_themselves=base.ordered.mean * arm.settled,
        chance=_chance(own.ordered, base.ordered) if held else None,
    )


def held_of(orders: Estimate, sides: tuple[Sums, Sums], planned: int | None, alpha: float) -> Estimate | None:
    """The interval for looking at any time; None before it can be trusted.

    Where several arms are set against one control, each gets its part of the error as `alpha` (Bonferroni), so that of
    all their verdicts together no more are wrong than of one.
    """
    if planned is None or any(side.n < LEAST_UNITS or side.y < LEAST_ORDERS for side in sides):
        return None
    return any_time(orders, sides[0].n + sides[1].n, planned, alpha=alpha)


def _chance(own: Sums, base: Sums) -> float:
    return chance_better(round(base.y), base.n, round(own.y), own.n)


def _maybe(estimate: Any, own: Sums, base: Sums, alpha: float) -> Estimate | None:
    try:
        found: Estimate = estimate(own, base, alpha=alpha)
        return found
    except TooFewUnits:
        return None


def _stratified(strata: Mapping[str, tuple[Sums, Sums]], alpha: float) -> Estimate | None:
    try:
        return stratified_difference(strata, alpha=alpha) if strata else None
    except TooFewUnits:
        return None


def _adjusted_ps(estimates: Mapping[str, Estimate | None]) -> dict[str, float]:
    """Holm's, over the questions that could be asked."""
    asked = {name: found.p for name, found in estimates.items() if found}
    return dict(zip(asked, holm(list(asked.values())), strict=True))
