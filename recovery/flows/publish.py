"""Drafts and published versions. What is published never changes: an edit makes the next draft."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from datetime import timedelta as td
from typing import Any

from django.db import transaction

from customers.models import Channel, Store
from recovery.channels.email import compile_texts
from recovery.channels.texts import LOCALES, Texts, default_texts
from recovery.conditions import BadConditions, Conditions
from recovery.models import Flow, FlowStatus, FlowStep, FlowVersion, MessageTemplate, TemplateText


class CannotPublish(ValueError):
    """The draft could not do what a flow should. Each problem is a sentence."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__(" ".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class StepPlan:
    """One step as it is written down: what to send, how long after the last activity."""

    delay: td
    template: MessageTemplate
    late_after: td = td(hours=6)
    conditions: dict[str, Any] = field(default_factory=dict)


def draft_of(flow: Flow) -> FlowVersion:
    """The flow's draft; made as a copy of what is published when there is none."""
    with transaction.atomic():
        Flow.objects.select_for_update().get(pk=flow.pk)
        draft = flow.versions.filter(published_at=None).first()
        if draft:
            return draft
        newest = flow.versions.order_by("-number").first()
        draft = FlowVersion.objects.create(flow=flow, number=(newest.number if newest else 0) + 1)
        steps = newest.steps.all() if newest else []
        FlowStep.objects.bulk_create([_copy(step, draft) for step in steps])
        return draft


def _copy(step: FlowStep, version: FlowVersion) -> FlowStep:
    return FlowStep(
        version=version,
        position=step.position,
        delay=step.delay,
        late_after=step.late_after,
        channel=step.channel,
        template=step.template,
        conditions=step.conditions,
    )


def publish(flow: Flow, *, now: datetime) -> FlowVersion:
    """Make the draft what new shoppers enter by, and the flow live. Raises CannotPublish.

    Shoppers who are in the flow stay on the version that they entered by.
    """
    with transaction.atomic():
        draft = FlowVersion.objects.select_for_update().filter(flow=flow, published_at=None).first()
        if draft is None:
            raise CannotPublish(["There is no draft to publish."])
        found = problems(draft)
        if found:
            raise CannotPublish(found)
        FlowVersion.objects.filter(pk=draft.pk).update(published_at=now)
        Flow.objects.filter(pk=flow.pk).update(status=FlowStatus.LIVE)
    draft.refresh_from_db()
    return draft


def problems(version: FlowVersion) -> list[str]:
    """What stands against publishing, in sentences."""
    steps = list(version.steps.select_related("template").order_by("position"))
    found = [] if steps else ["The flow has no step: add one."]
    for before, step in zip([None, *steps], steps, strict=False):
        found += _problems(step, before)
    return found


def _problems(step: FlowStep, before: FlowStep | None) -> list[str]:
    name = f"Step {step.position}"
    found = []
    if before and step.delay <= before.delay:
        found.append(f"{name} would come before step {before.position}: give it a longer delay.")
    if step.template.store_id != step.version.flow.store_id:
        found.append(f"{name} uses a template of another store.")
    if step.template.channel != step.channel:
        found.append(f"{name} goes by {step.channel}, but its template is for {step.template.channel}.")
    if not step.template.texts.exists():
        found.append(f"{name}: the template “{step.template}” has no text in any language.")
    try:
        Conditions.parse(step.conditions)
    except BadConditions as error:
        found.append(f"{name}: {error}")
    return found


def save_text(template: MessageTemplate, texts: Texts, *, now: datetime) -> TemplateText:
    """Keep one language of a template, compiled. Raises TemplateBroken."""
    compiled = compile_texts(texts)
    written = {name: getattr(texts, name) for name in ("preheader", "headline", "body", "button", "offer", "closing")}
    text, _ = TemplateText.objects.update_or_create(
        template=template,
        locale=texts.locale,
        defaults={
            **written,
            "subject": texts.subject,
            "compiled_html": compiled.html,
            "compiled_text": compiled.text,
            "updated_at": now,
        },
    )
    return text


#: The default flow: e-mail at abandonment, which is within the first hour of silence, after a day, after three days.
_STANDARD = [("reminder", "Reminder", td(0)), ("help", "Help", td(hours=24)), ("farewell", "Farewell", td(hours=72))]


def install_standard_flow(store: Store, *, now: datetime) -> Flow:
    """Give the store the default templates in every language we ship, and the default flow, live. Safe to repeat."""
    with transaction.atomic():
        templates = [_default_template(store, key, name, now) for key, name, _ in _STANDARD]
        flow, made = Flow.objects.get_or_create(store=store, name="Abandoned cart")
        if not made:
            return flow
        # The first step's delay is the store's own timeout: it goes out when the cart is noticed to be abandoned.
        delays = [store.abandon_after, *(delay for _, _, delay in _STANDARD[1:])]
        write_steps(flow, [StepPlan(delay, template) for delay, template in zip(delays, templates, strict=True)])
        publish(flow, now=now)
        flow.refresh_from_db()
        return flow


def write_steps(flow: Flow, plans: Sequence[StepPlan]) -> FlowVersion:
    """Make the flow's draft consist of these steps."""
    with transaction.atomic():
        draft = draft_of(flow)
        draft.steps.all().delete()
        FlowStep.objects.bulk_create(
            FlowStep(
                version=draft,
                position=position,
                delay=plan.delay,
                late_after=plan.late_after,
                channel=plan.template.channel,
                template=plan.template,
                conditions=plan.conditions,
            )
            for position, plan in enumerate(plans, 1)
        )
        return draft


def _default_template(store: Store, key: str, name: str, now: datetime) -> MessageTemplate:
    template, made = MessageTemplate.objects.get_or_create(store=store, name=name, defaults={"channel": Channel.EMAIL})
    if made:
        for locale in LOCALES:
            save_text(template, default_texts(key, locale), now=now)
    return template
