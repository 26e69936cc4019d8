"""One step of a draft is changed at a time. What is published is copied first; steps stand in order of their times."""

from __future__ import annotations

from django.db import transaction

from recovery.flows.publish import PARTS, StepPlan, draft_of, plan_of, write_steps
from recovery.models import Flow, FlowStep, FlowVersion


class ChangedMeanwhile(Exception):
    """The step is not in the newest version any more: somebody else changed the flow."""


def newest_version(flow: Flow) -> FlowVersion | None:
    """The draft, else what is published, else None."""
    return flow.versions.order_by("-number").first()


def put_step(flow: Flow, plan: StepPlan, instead_of: int | None = None) -> FlowStep:
    """Put a step into the flow's draft, in the place of another or as a further one. Raises ChangedMeanwhile."""
    with transaction.atomic():
        plans = _others(flow, instead_of)
        plans = sorted([*plans, plan], key=lambda one: one.delay)
        draft = write_steps(flow, plans)
        return draft.steps.get(position=plans.index(plan) + 1)


def remove_step(flow: Flow, step_id: int) -> None:
    """Take a step out of the flow's draft. Raises ChangedMeanwhile."""
    with transaction.atomic():
        write_steps(flow, _others(flow, step_id))


def hold_out(flow: Flow, percent: int) -> FlowVersion:
    """Let the flow's draft hold out so many of a hundred shoppers."""
    draft = draft_of(flow)
    FlowVersion.objects.filter(pk=draft.pk).update(holdout_percent=percent)
    return draft


def _others(flow: Flow, without: int | None) -> list[StepPlan]:
    """The plans of the newest version's steps but this one, while nobody else may change them."""
    Flow.objects.select_for_update().get(pk=flow.pk)
    version = newest_version(flow)
    rows = FlowStep.objects.filter(version=version).select_related("template", "offer")
    steps = list(rows.prefetch_related(*PARTS).order_by("position"))
    if without is not None and without not in [step.pk for step in steps]:
        raise ChangedMeanwhile
    return [plan_of(step) for step in steps if step.pk != without]
