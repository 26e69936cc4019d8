"""Drafts and published versions. What is published never changes: an edit makes the next draft."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from datetime import timedelta as td
from typing import Any

from django.db import transaction

from recovery.conditions import BadConditions, Conditions
from recovery.experiments.plans import start_trials, twins
from recovery.flows.changes import changes as changes  # told before one publishes
from recovery.models import (
    Flow,
    FlowStatus,
    FlowStep,
    FlowVersion,
    Message,
    MessageState,
    MessageTemplate,
    Offer,
    StepFallback,
    StepVariant,
    WithoutOffer,
)
from recovery.outbox.carriers import open_channels
from recovery.outbox.reach import store_window
from recovery.policy import rules

#: All that is copied with a step.
PARTS = ("fallbacks__template", "variants__template", "variants__offer")


class CannotPublish(ValueError):
    """The draft could not do what a flow should. Each problem is a sentence."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__(" ".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class VariantPlan:
    """One arm of a step's test; None: as the step has it. `no_offer`: without the step's offer."""

    name: str
    weight: int = 1
    template: MessageTemplate | None = None
    delay: td | None = None
    offer: Offer | None = None
    no_offer: bool = False

    @classmethod
    def of(cls, variant: StepVariant) -> VariantPlan:
        return cls(
            variant.name, variant.weight, variant.template, variant.delay, variant.offer, no_offer=variant.no_offer
        )


@dataclass(frozen=True, slots=True)
class StepPlan:
    """One step as it is written down: what to send, how long after the last activity."""

    delay: td
    template: MessageTemplate
    late_after: td = td(hours=6)
    conditions: dict[str, Any] = field(default_factory=dict)
    fallbacks: Sequence[MessageTemplate] = ()  # one a channel, in the order of preference
    offer: Offer | None = None
    without_offer: str = WithoutOffer.SEND
    variants: Sequence[VariantPlan] = ()  # none, or two and more


def draft_of(flow: Flow) -> FlowVersion:
    """The flow's draft; made as a copy of what is published when there is none."""
    with transaction.atomic():
        Flow.objects.select_for_update().get(pk=flow.pk)
        draft = flow.versions.filter(published_at=None).first()
        if draft:
            return draft
        newest = flow.versions.order_by("-number").first()
        if newest is None:
            return FlowVersion.objects.create(flow=flow, number=1)
        kept = {"holdout_percent": newest.holdout_percent, "plan": newest.plan}
        draft = FlowVersion.objects.create(flow=flow, number=newest.number + 1, **kept)
        for step in newest.steps.select_related("offer").prefetch_related(*PARTS):
            _write_step(draft, step.position, plan_of(step))
        return draft


def plan_of(step: FlowStep) -> StepPlan:
    """The step as it is written down."""
    fallbacks = [fallback.template for fallback in step.fallbacks.all()]
    variants = [VariantPlan.of(one) for one in step.variants.all()]
    return StepPlan(
        step.delay, step.template, step.late_after, step.conditions, fallbacks, step.offer, step.without_offer, variants
    )


def publish(flow: Flow, *, now: datetime) -> FlowVersion:
    """Make the draft what new shoppers enter by, and the flow live. Raises CannotPublish.

    Shoppers who are in the flow stay on the version that they entered by. Tests whose arms or weights are other than
    before end now, and the next begin, with the plan as the draft has it.
    """
    with transaction.atomic():
        draft = FlowVersion.objects.select_for_update().filter(flow=flow, published_at=None).first()
        if draft is None:
            raise CannotPublish(["There is no draft to publish."])
        found = problems(draft)
        if found:
            raise CannotPublish(found)
        FlowVersion.objects.filter(pk=draft.pk).update(published_at=now)
        draft.published_at = now
        start_trials(draft, now=now)
        Flow.objects.filter(pk=flow.pk).update(status=FlowStatus.LIVE)
    draft.refresh_from_db()
    return draft


def pause(flow: Flow) -> bool:
    """Nothing of the flow is sent, and nobody enters it, until it is resumed. True when it was live."""
    return bool(Flow.objects.filter(pk=flow.pk, status=FlowStatus.LIVE).update(status=FlowStatus.PAUSED))


def resume(flow: Flow, *, now: datetime) -> bool:
    """Send again. True when it was paused.

    What waited is asked about at once, not when its turn would have come: the gate skips what is too late by then, and
    keeps the gap between two messages to one person, so that nobody gets in a bunch what the pause held back.
    """
    with transaction.atomic():
        if not Flow.objects.filter(pk=flow.pk, status=FlowStatus.PAUSED).update(status=FlowStatus.LIVE):
            return False
        held = Message.objects.filter(enrolment__flow=flow, state=MessageState.QUEUED, reason="flow_paused")
        held.update(due_at=now)
    return True


def problems(version: FlowVersion) -> list[str]:
    """What stands against publishing, in sentences."""
    rows = version.steps.select_related("offer").prefetch_related(
        "template__texts", "fallbacks__template__texts", "variants__template__texts", "variants__offer"
    )
    steps = list(rows.order_by("position"))
    found = [] if steps else ["The flow has no step: add one."]
    for before, step in zip([None, *steps], steps, strict=False):
        found += _problems(step, before, version.flow.store_id)
    return found + [str(problem) for problem in _lawful(version, steps) if problem.error]


def warnings(version: FlowVersion) -> list[str]:
    """What some shoppers would never get, and tests that cannot tell anything, in sentences. It does not stand against
    publishing."""
    steps = list(version.steps.prefetch_related("fallbacks", "variants").order_by("position"))
    found = [f"Step {step.position}: {same}" for step in steps for same in said_of_twins(step)]
    return found + [str(problem) for problem in _lawful(version, steps) if not problem.error]


def said_of_twins(step: FlowStep) -> list[str]:
    """Of variants that are the same, in sentences. Two may be so on purpose: a test of the draw itself (A/A)."""
    return [
        f"the variants {', '.join(names[:-1])} and {names[-1]} are the same: between them the test can only find "
        "chance. Give one another template, time or discount, unless you want to try out the draw itself."
        for names in twins(step)
    ]


def _problems(step: FlowStep, before: FlowStep | None, store_id: int) -> list[str]:
    name = f"Step {step.position}"
    found = []
    if before and step.delays[0] <= before.delays[-1]:
        found.append(f"{name} would come before step {before.position}: give it a longer delay.")
    templates = [(step.channel, step.template), *((f.channel, f.template) for f in step.fallbacks.all())]
    if len({channel for channel, _ in templates}) < len(templates):
        found.append(f"{name} names a channel twice.")
    for channel, template in templates:
        found += _template_problems(name, channel, template, store_id)
    found += _variant_problems(name, step, store_id)
    try:
        Conditions.parse(step.conditions)
    except BadConditions as error:
        found.append(f"{name}: {error}")
    if step.offer and step.offer.store_id != store_id:
        found.append(f"{name} carries an offer of another store.")
    return found


def _variant_problems(name: str, step: FlowStep, store_id: int) -> list[str]:
    variants = list(step.variants.all())
    if not variants:
        return []
    found = [f"{name} has only one variant: add another to compare it with, or remove it."] if len(variants) < 2 else []
    for variant in variants:
        if variant.template:
            found += _template_problems(f"{name}, variant {variant}", step.channel, variant.template, store_id)
        if variant.offer and variant.offer.store_id != store_id:
            found.append(f"{name}, variant {variant} carries an offer of another store.")
    return found


def _template_problems(name: str, channel: str, template: MessageTemplate, store_id: int) -> list[str]:
    found = []
    if template.store_id != store_id:
        found.append(f"{name} uses a template of another store.")
    if template.channel != channel:
        found.append(f"{name} goes by {channel}, but its template is for {template.channel}.")
    if not template.texts.all():
        found.append(f"{name}: the template “{template}” is not published in any language.")
    return found


def _lawful(version: FlowVersion, steps: Sequence[FlowStep]) -> list[rules.Problem]:
    """What the policy says of the steps' own channels. A step with a fallback is never wholly out of reach."""
    store = version.flow.store
    facts = rules.StoreFacts(
        open_channels(store), version.flow.minimum_gap, store_window(store), store.sms_double_opt_in
    )
    plain = [step for step in steps if not step.fallbacks.all()]
    # What a law says of a step with variants it says of the latest of them.
    return rules.can_ever_send(
        [rules.Step(s.position, s.channel, s.delays[-1], s.late_after, _countries(s)) for s in plain], facts
    )


def _countries(step: FlowStep) -> tuple[str, ...]:
    try:
        return Conditions.parse(step.conditions).countries
    except BadConditions:
        return ()


def write_steps(flow: Flow, plans: Sequence[StepPlan]) -> FlowVersion:
    """Make the flow's draft consist of these steps."""
    with transaction.atomic():
        draft = draft_of(flow)
        draft.steps.all().delete()
        for position, plan in enumerate(plans, 1):
            _write_step(draft, position, plan)
        return draft


def _write_step(draft: FlowVersion, position: int, plan: StepPlan) -> None:
    step = FlowStep.objects.create(
        version=draft,
        position=position,
        delay=plan.delay,
        late_after=plan.late_after,
        channel=plan.template.channel,
        template=plan.template,
        conditions=plan.conditions,
        offer=plan.offer,
        without_offer=plan.without_offer,
    )
    StepFallback.objects.bulk_create(
        StepFallback(step=step, position=number, channel=template.channel, template=template)
        for number, template in enumerate(plan.fallbacks, 1)
    )
    StepVariant.objects.bulk_create(
        StepVariant(
            step=step, name=one.name, weight=one.weight, template=one.template, delay=one.delay, offer=one.offer,
            no_offer=one.no_offer,
        )
        for one in plan.variants
    )  # fmt: skip
