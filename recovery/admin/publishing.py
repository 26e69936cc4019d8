"""Before a draft is published: what will be other than now, and what stands in the way, with the way to mend it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse

from customers.admin.base import address
from recovery.experiments.foresight import own_numbers
from recovery.experiments.plans import Trial, control_of, frozen, trials_of, unlike
from recovery.flows.publish import changes, problems, warnings
from recovery.models import Experiment, Flow, FlowStep, FlowVersion
from recovery.reports.words import in_months
from recovery.statistics.planner import months_needed

_STEP = re.compile(r"\b[Ss]tep (\d+)")


@dataclass(frozen=True, slots=True)
class Found:
    """A problem in a sentence, and (words, address) of where it is mended."""

    text: str
    mend: list[tuple[str, str]]


def review(flow: Flow, *, now: datetime) -> dict[str, Any]:
    """The context of the page that one publishes from; {} where there is no draft."""
    draft = flow.versions.filter(published_at=None).first()
    if draft is None:
        return {}
    steps = list(draft.steps.select_related("template").prefetch_related("fallbacks__template", "variants__template"))
    return {
        "draft": draft,
        "changes": changes(flow),
        "tests": [how_long(flow, trial, draft, now) for trial in _starting(flow, draft)],
        "problems": [_found(flow, text, steps) for text in problems(_known(draft, flow))],
        "warnings": [_found(flow, text, steps) for text in warnings(_known(draft, flow))],
    }


def _starting(flow: Flow, draft: FlowVersion) -> list[Trial]:
    return unlike(list(Experiment.objects.running().filter(flow=flow)), trials_of(draft))[1]


def how_long(flow: Flow, trial: Trial, draft: FlowVersion, now: datetime) -> str:
    """How many shoppers a test would take, and how many months those are, before anybody is drawn for it."""
    plan, known = frozen(flow.store_id, trial, draft.plan, now), own_numbers(flow.store_id, now)
    what = "The holdout" if trial.position is None else f"The test of step {trial.position}"
    units = plan["units"]
    if not units:
        return f"{what} cannot show a gain of {100 * plan['lift']:.0f} %: there would be more orders than shoppers."
    taken = "which is taken to be so, since the store's past does not tell" if plan.get("assumed") else "as in the past"
    base = (
        f"if {100 * plan['base']:.3g} of 100 order by themselves ({taken})" if "base" in plan else "as it was planned"
    )
    told = f"{what} takes about {units:,} shoppers to show a gain of {100 * plan['lift']:.0f} % in orders, {base}."
    months = months_needed(units, known.a_month * _share_drawn(trial, draft)) if known else None
    if known is None or months is None:
        return told
    return f"{told} At {known.a_month:,} shoppers a month who fall silent: {in_months(months)}."


def _share_drawn(trial: Trial, draft: FlowVersion) -> float:
    """What part of the shoppers come to the control and the smallest other arm: those the plan counts."""
    if trial.position is None:
        return 1.0
    weights = {str(arm["name"]): float(arm["weight"]) for arm in trial.arms}
    total, control = sum(weights.values()), weights.pop(control_of(trial.arms))
    return (control + min(weights.values())) / total * (1 - draft.holdout_percent / 100)


def _known(draft: FlowVersion, flow: Flow) -> FlowVersion:
    draft.flow = flow
    return draft


def _found(flow: Flow, text: str, steps: Sequence[FlowStep]) -> Found:
    named = _STEP.search(text)
    step = next((step for step in steps if named and step.position == int(named[1])), None)
    if step is None:
        return Found(text, [("Add a step", f"{address(flow)}?edit=new#step-new")] if not steps else [])
    edit = (f"Edit step {step.position}", f"{address(flow)}?edit={step.pk}#step-{step.pk}")
    own = [step.template, *(one.template for one in step.fallbacks.all())]
    own += [one.template for one in step.variants.all() if one.template]
    written = [
        (f"Write “{template}”", reverse("admin:recovery_messagetemplate_change", args=[template.pk]))
        for template in dict.fromkeys(own)
        if f"“{template}”" in text
    ]
    return Found(text, [*written, edit])
