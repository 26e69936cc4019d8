"""What the messages of a flow add to the share of shoppers who order: each draw of lots against its control, at once.

Counts alone, of all experiments of a store at once: money, adjustments and curves are on each experiment's
own page (`recovery.reports.trials`), and the two agree to the digit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Q

from customers.models import Store
from recovery.experiments.plans import DEFAULTS, HOLDOUT, TREATED, control_of
from recovery.models import Experiment
from recovery.reports.asked import Asked
from recovery.reports.draw_sums import Ask
from recovery.reports.draws import Counted, arms_of
from recovery.reports.trials import held_of, mismatch_of, planned_of
from recovery.statistics.estimates import Estimate, share_difference
from recovery.statistics.verdict import BLOCKED, Verdict, verdict


@dataclass(frozen=True, slots=True)
class Lift:
    """What an arm adds over another. `estimate` holds however often one looks, once there is enough for that; it is
    None while an arm has fewer than two settled shoppers, and where the arms cannot be compared."""

    arm: str
    against: str
    estimate: Estimate | None
    n: int
    verdict: Verdict
    open: int


def counted(store: Store, experiments: Sequence[Experiment], as_of: datetime) -> dict[int, dict[str, Counted]]:
    """By experiment of the store and arm, over all of their time."""
    return arms_of(store, [Ask.planned(one) for one in experiments], as_of)


def lifts_of(experiment: Experiment, arms: Mapping[str, Counted]) -> list[Lift]:
    """Each arm against the experiment's control."""
    control = control_of(experiment.arms)
    others = [str(arm["name"]) for arm in experiment.arms if arm["name"] != control]
    mismatch = mismatch_of(experiment, arms)
    return [
        _lift(experiment, (name, control), (arms.get(name), arms.get(control)), mismatch, len(others))
        for name in others
    ]


def lifts_over_holdout(test: Experiment, holdout: Experiment, found: Mapping[int, Mapping[str, Counted]]) -> list[Lift]:
    """Each variant of a flow's first step against those who got nothing of the flow.

    None unless both draws were made of the same shoppers at the same moments: they began and ended together, count
    over one window, and whoever was not held out was drawn for a variant (not so where some first hear of a later
    step, because a condition keeps them from this one).
    """
    if (test.started_at, test.ended_at, _window(test)) != (holdout.started_at, holdout.ended_at, _window(holdout)):
        return []
    arms, base = found.get(test.pk, {}), found.get(holdout.pk, {})
    if sum(arm.assigned for arm in arms.values()) != base.get(TREATED, Counted()).assigned:
        return []
    checks = [mismatch_of(test, arms), mismatch_of(holdout, base)]
    mismatch = min((p for p in checks if p is not None), default=None)
    names = [str(arm["name"]) for arm in test.arms]
    return [
        _lift(holdout, (name, HOLDOUT), (arms.get(name), base.get(HOLDOUT)), mismatch, len(names)) for name in names
    ]


def _lift(
    plan: Experiment,
    names: tuple[str, str],
    sides: tuple[Counted | None, Counted | None],
    mismatch: float | None,
    among: int,
) -> Lift:
    own, base = (side or Counted() for side in sides)
    n = own.settled + base.settled
    still_open = own.assigned + base.assigned - n
    if min(own.settled, base.settled) < 2:
        return Lift(*names, None, n, verdict(None, n, mismatch), still_open)
    alpha = float({**DEFAULTS, **plan.plan}["alpha"])
    ordinary = share_difference(own.sums, base.sums, alpha=alpha)
    held = held_of(ordinary, (own.sums, base.sums), planned_of(plan, base.sums), alpha / among)
    said = verdict(held, n, mismatch)
    return Lift(*names, None if said.word == BLOCKED else held or ordinary, n, said, still_open)


def _window(experiment: Experiment) -> int:
    return int({**DEFAULTS, **experiment.plan}["window_days"])


# -- of a flow


@dataclass(frozen=True, slots=True)
class Trials:
    """What was drawn in a flow: its holdout, and the newest test of each step."""

    holdout: Experiment | None = None
    steps: Mapping[int, Experiment] = field(default_factory=dict)

    @property
    def all(self) -> list[Experiment]:
        return [*([self.holdout] if self.holdout else []), *self.steps.values()]


def ran(asked: Asked) -> tuple[Experiment | None, dict[int, Trials]]:
    """The store's holdout, and of each flow (by id) what was drawn in the asked days: the newest of each kind."""
    during = Q(ended_at=None) | Q(ended_at__gt=asked.period.since)
    rows = Experiment.objects.filter(
        during, store=asked.store, started_at__lte=asked.as_of, started_at__lt=asked.period.until
    )
    newest = {(one.flow_id, one.position): one for one in rows.order_by("started_at", "pk")}
    flows = {
        flow: Trials(
            newest.get((flow, None)),
            {position: one for (of, position), one in sorted(newest.items(), key=str) if of == flow and position},
        )
        for flow in {flow for flow, _ in newest if flow is not None}
    }
    return newest.get((None, None)), flows
