"""What is tested: the arms of a published version, and the plan that is frozen when a test starts."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from customers.models import Store
from recovery.experiments.foresight import own_numbers, planned_units
from recovery.models import Experiment, ExperimentKind, Flow, FlowStep, FlowVersion

#: The arms of a holdout.
TREATED, HOLDOUT = "treated", "holdout"
#: Why no message went to who was drawn into the second: the reason that the gate writes.
HELD_OUT = "held_out"
#: What a plan says unless it was decided otherwise: over how many days from the draw orders count, at which level of
#: error and with which power the verdict is asked for, and the smallest relative gain that is worth finding.
DEFAULTS: Mapping[str, Any] = {"metric": "orders", "window_days": 14, "alpha": 0.05, "power": 0.8, "lift": 0.2}
#: Where a store's past does not tell yet, so many are taken to order by themselves: a plan is whole at the start.
ASSUMED_BASE = 0.1

Arm = dict[str, Any]  # name, weight; of a variant also template (id), delay (seconds) and offer (id or None)


@dataclass(frozen=True, slots=True)
class Trial:
    """One test that a version asks for."""

    kind: ExperimentKind
    position: int | None
    arms: list[Arm]


def holdout_arms(percent: int) -> list[Arm]:
    return [{"name": TREATED, "weight": 100 - percent}, {"name": HOLDOUT, "weight": percent}]


def variant_arms(step: FlowStep) -> list[Arm]:
    """The arms of a step, with all in which they differ: what is compared is part of the plan. The first by name is
    what the others are measured against."""
    return [
        {
            "name": variant.name,
            "weight": variant.weight,
            "template": variant.template_of(step),
            "delay": int(variant.delay_of(step).total_seconds()),
            "offer": variant.offer_of(step),
        }
        for variant in step.arms
    ]


def twins(step: FlowStep) -> list[list[str]]:
    """The names of variants that shoppers could not tell apart: same template, time and discount."""
    names: dict[tuple[Any, ...], list[str]] = {}
    for arm in variant_arms(step):
        names.setdefault((arm["template"], arm["delay"], arm["offer"]), []).append(str(arm["name"]))
    return [group for group in names.values() if len(group) > 1]


def trials_of(version: FlowVersion) -> list[Trial]:
    """The tests that a version asks for: its holdout, and each step with variants."""
    found = []
    if version.holdout_percent:
        found.append(Trial(ExperimentKind.HOLDOUT, None, holdout_arms(version.holdout_percent)))
    for step in version.steps.prefetch_related("variants").order_by("position"):
        if step.variants.all():
            found.append(Trial(ExperimentKind.VARIANTS, step.position, variant_arms(step)))
    return found


def unlike(running: Sequence[Experiment], wanted: Sequence[Trial]) -> tuple[list[Experiment], list[Trial]]:
    """Which running tests end and which start, so that what runs is what is wanted. One that is alike goes on, in
    whatever order its arms were written down."""
    keys = [(trial.kind, trial.position, _by_name(trial.arms)) for trial in wanted]
    known = [(ExperimentKind(one.kind), one.position, _by_name(one.arms)) for one in running]
    ending = [one for one, key in zip(running, known, strict=True) if key not in keys]
    return ending, [trial for trial, key in zip(wanted, keys, strict=True) if key not in known]


def _by_name(arms: Sequence[Arm]) -> list[Arm]:
    return sorted(arms, key=lambda arm: str(arm["name"]))


def start_trials(version: FlowVersion, *, now: datetime) -> None:
    """Bring the flow's experiments in line with its newly published version. Runs in the caller's transaction."""
    running = list(Experiment.objects.running().filter(flow=version.flow_id).select_for_update(no_key=True))
    ending, starting = unlike(running, trials_of(version))
    Experiment.objects.filter(pk__in=[one.pk for one in ending]).update(ended_at=now)
    for trial in starting:
        _start(version.flow.store_id, version.flow_id, trial, version.plan, now)


def _start(store_id: int, flow_id: int | None, trial: Trial, plan: Mapping[str, Any], now: datetime) -> Experiment:
    return Experiment.objects.create(
        store_id=store_id,
        flow_id=flow_id,
        kind=trial.kind,
        position=trial.position,
        salt=secrets.token_hex(8),
        arms=trial.arms,
        plan=frozen(store_id, trial, plan, now),
        started_at=now,
    )


def frozen(store_id: int, trial: Trial, plan: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """The plan with the number of shoppers that it takes, by how many order by themselves: `assumed` where the store's
    past does not tell. A number that came out of the results would let them choose their own interval."""
    found = {**DEFAULTS, **plan}
    if not found.get("units"):
        known = own_numbers(store_id, now)
        found |= {"base": round(known.base, 4)} if known else {"base": ASSUMED_BASE, "assumed": True}
        found["units"] = planned_units(found, found["base"], control_share(trial.arms))
    return found


def control_of(arms: Sequence[Arm]) -> str:
    """The arm that the others are measured against: the one without messages, else the first."""
    names = [str(arm["name"]) for arm in arms]
    return HOLDOUT if HOLDOUT in names else names[0]


def control_share(arms: Sequence[Arm]) -> float:
    """The control's part of the control and one other arm, the smallest: that comparison takes longest."""
    weights = {str(arm["name"]): float(arm["weight"]) for arm in arms}
    control = weights.pop(control_of(arms))
    return control / (control + min(weights.values()))


def store_holdout(store: Store) -> int:
    """How many of a hundred shoppers get nothing of any flow of the store."""
    running = Experiment.objects.running().filter(store=store, flow=None).first()
    return next((arm["weight"] for arm in running.arms if arm["name"] == HOLDOUT), 0) if running else 0


def set_store_holdout(store: Store, percent: int, *, now: datetime, plan: Mapping[str, Any] | None = None) -> None:
    """Hold out that share over all flows (0: nobody). Another share than before ends the experiment and starts anew.

    Whoever is within a flow finishes it as they began it. Raises ValueError for a share that is not 0 to 50.
    """
    if not 0 <= percent <= 50:
        raise ValueError("A holdout is a share of 0 to 50 percent.")
    with transaction.atomic():
        Store.objects.select_for_update(no_key=True).get(pk=store.pk)
        if store_holdout(store) == percent:
            return
        Experiment.objects.running().filter(store=store, flow=None).update(ended_at=now)
        if percent:
            trial = Trial(ExperimentKind.HOLDOUT, None, holdout_arms(percent))
            _start(store.pk, None, trial, plan or {}, now)


def running_trials(flow: Flow) -> list[Experiment]:
    """The experiments that run within the flow, its holdout first."""
    return sorted(Experiment.objects.running().filter(flow=flow), key=lambda one: one.position or 0)
