"""What the page of a flow shows: the trigger, the steps in the order of their times, and what became of each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta as td
from typing import Any

from django.db.models import Count, Prefetch, Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils.text import capfirst

from config.lib.durations import spoken
from customers.admin.base import address, local
from customers.models import Store
from recovery.admin.questions import in_words
from recovery.channels import liquid
from recovery.channels.context import cleaned
from recovery.flows.publish import said_of_twins
from recovery.models import (
    Enrolment,
    EnrolmentState,
    Flow,
    FlowStep,
    FlowVersion,
    MessageTemplate,
    StepFallback,
    StepVariant,
    TemplateText,
    WithoutOffer,
)
from recovery.outbox.sample import sample
from recovery.reports.steps import StepFigures, step_figures
from recovery.reports.words import money, reason_in_words

#: The numbers are of the messages planned in these last days; None: since the version was published.
PERIODS: dict[str, int | None] = {"30": 30, "90": 90, "all": None}
_WORDS_SHOWN = 120
#: Nobody is drawn into a variant before the door, so these are of the whole step only.
_OF_STEP = ("Waiting", "Held out")
_UNWRITTEN = "No text in any language yet."


@dataclass(frozen=True, slots=True)
class Way:
    """One channel of a step, with the beginning of what it says."""

    channel: str
    label: str
    template: MessageTemplate
    url: str
    title: str
    words: str


@dataclass(frozen=True, slots=True)
class Number:
    """One number under a step, and what share of the messages sent it is, in words."""

    label: str
    value: str
    share: str = ""


@dataclass(frozen=True, slots=True)
class VariantShown:
    """One arm of a step's test. `numbers`: see StepShown."""

    name: str
    share: str
    differs: list[str]
    numbers: list[Number]


@dataclass(frozen=True, slots=True)
class StepShown:
    """One step, ready to be drawn. `numbers` is empty where nobody can have got it yet."""

    step: FlowStep
    when: str
    since: str
    late: str
    ways: list[Way]
    conditions: list[str]
    offer: str
    numbers: list[Number]
    skipped: list[tuple[str, int]]
    variants: list[VariantShown]
    twins: list[str]


def versions_of(flow: Flow) -> list[FlowVersion]:
    """The flow's versions, the newest first. Their steps are read when they are shown."""
    return list(flow.versions.order_by("-number"))


def chosen(versions: Sequence[FlowVersion], number: str) -> FlowVersion | None:
    """The version that the address asks for, else the newest."""
    asked = next((version for version in versions if str(version.number) == number), None)
    return asked or (versions[0] if versions else None)


def steps_of(versions: Iterable[FlowVersion]) -> dict[int, list[FlowStep]]:
    """The steps of each version, with their templates and fallbacks, in their order."""
    fallbacks = Prefetch("fallbacks", StepFallback.objects.select_related("template"))
    ids = [version.pk for version in versions]
    variants = Prefetch("variants", StepVariant.objects.select_related("template", "offer"))
    rows = FlowStep.objects.filter(version_id__in=ids).select_related("template", "offer")
    rows = rows.prefetch_related(fallbacks, variants)
    found: dict[int, list[FlowStep]] = {pk: [] for pk in ids}
    for step in rows.order_by("position"):
        found[step.version_id].append(step)
    return found


def page(request: HttpRequest, flow: Flow, now: datetime) -> dict[str, Any]:
    """The page's context. The number of queries does not grow with the steps."""
    versions = versions_of(flow)
    shown = chosen(versions, request.GET.get("version", ""))
    published = next((version for version in versions if version.published_at), None)
    both = {version.pk: version for version in (shown, published) if version}
    steps = steps_of(both.values())
    period = request.GET.get("period", "")
    period = period if period in PERIODS else "30"
    return {
        "flow": flow,
        "versions": versions,
        "shown": shown,
        "newest": versions[0] if versions else None,
        "draft": versions[0] if versions and versions[0].published_at is None else None,
        "published": published,
        "published_at": local(published.published_at, flow.store) if published else "",
        "period": period,
        "steps": shown_steps(flow, shown, published, steps, _since(period, now)) if shown else [],
        "people": _people(flow),
        "timeout": spoken(flow.store.abandon_after),
        "gap": spoken(flow.minimum_gap),
        "store_url": address(flow.store),
    }


def _since(period: str, now: datetime) -> datetime:
    days = PERIODS[period]
    return now - td(days=days) if days else datetime.min.replace(tzinfo=now.tzinfo)


def _people(flow: Flow) -> dict[str, int]:
    running = Count("pk", Q(state=EnrolmentState.RUNNING))
    found: dict[str, int] = Enrolment.objects.filter(flow=flow).aggregate(running=running, entered=Count("pk"))
    return found


def shown_steps(
    flow: Flow,
    version: FlowVersion,
    published: FlowVersion | None,
    steps: dict[int, list[FlowStep]],
    since: datetime,
) -> list[StepShown]:
    """A draft's step shows the numbers of the published step that sends the same."""
    own = steps[version.pk]
    before = {step.template_id: step.pk for step in steps[published.pk]} if published else {}
    ids = {step.pk: before.get(step.template_id) if version.published_at is None else step.pk for step in own}
    figures = step_figures([pk for pk in ids.values() if pk], since=since)
    texts = _texts(own, flow.store.locale)
    delays = [td(0), *(step.delay for step in own)]
    return [
        _shown(
            step, delay, texts, {variant: some for (pk, variant), some in figures.items() if pk == ids[step.pk]}, flow
        )
        for step, delay in zip(own, delays, strict=False)
    ]


def _shown(
    step: FlowStep, before: td, texts: dict[int, TemplateText], figures: dict[int | None, StepFigures], flow: Flow
) -> StepShown:
    """`figures` by variant; of the whole step under None."""
    whole = figures.get(None)
    ways = [(step.channel, step.template), *((other.channel, other.template) for other in step.fallbacks.all())]
    return StepShown(
        step=step,
        when=spoken(step.delay),
        since=f"{spoken(step.delay - before)} after the step before" if before and step.delay > before else "",
        late=spoken(step.late_after),
        ways=[_way(channel, template, texts.get(template.pk), flow.store) for channel, template in ways],
        conditions=in_words(step.conditions),
        offer=_offer(step),
        numbers=_numbers(whole) if whole else [],
        skipped=_reasons(whole) if whole else [],
        variants=_variants(step, figures),
        twins=[capfirst(said) for said in said_of_twins(step)],
    )


def _variants(step: FlowStep, figures: dict[int | None, StepFigures]) -> list[VariantShown]:
    """A draft's variants are none that anybody was drawn into: they have no numbers."""
    rows = step.arms
    total = sum(row.weight for row in rows)
    drawn = any(row.pk in figures for row in rows)
    return [
        VariantShown(
            row.name,
            f"{100 * row.weight / total:.0f} %",
            _differences(row),
            [one for one in _numbers(figures.get(row.pk, StepFigures())) if one.label not in _OF_STEP] if drawn else [],
        )
        for row in rows
    ]


def _differences(variant: StepVariant) -> list[str]:
    """In what it differs from the step, in words."""
    found = [f"sends “{variant.template}”"] if variant.template else []
    found += [f"after {spoken(variant.delay)}"] if variant.delay is not None else []
    found += [f"with “{variant.offer}”"] if variant.offer else []
    found += ["without a discount"] if variant.no_offer else []
    return found or ["the step as it stands"]


def _offer(step: FlowStep) -> str:
    if step.offer is None:
        return ""
    otherwise = "is sent without it" if step.without_offer == WithoutOffer.SEND else "is not sent"
    return f"{step.offer}; where the shopper may not have it, the message {otherwise}"


def _reasons(found: StepFigures) -> list[tuple[str, int]]:
    """Why messages were not sent, the most frequent first."""
    failed = [("the provider refused it, or the address is dead", found.failed)] if found.failed else []
    return [*failed, *((reason_in_words(code), count) for code, count in found.skipped.most_common())]


def _texts(steps: Sequence[FlowStep], locale: str) -> dict[int, TemplateText]:
    """One text of each template: in the store's language where there is one."""
    ids = {step.template_id for step in steps} | {other.template_id for step in steps for other in step.fallbacks.all()}
    rows = TemplateText.objects.filter(template_id__in=ids).only("template_id", "locale", "subject", "body")
    texts = sorted(rows, key=lambda text: (text.locale != locale, text.locale != "en", text.locale))
    return {text.template_id: text for text in reversed(texts)}


def _said(source: str, store: Store) -> str:
    """What was written, as a shopper would read it; what is broken, as it was written."""
    try:
        source = liquid.render(source, cleaned(sample(store)), html=False)
    except liquid.TemplateBroken:
        pass  # a summary is no place to complain: the template's own page does, and publishing refuses it
    return " ".join(source.split())


def _way(channel: str, template: MessageTemplate, text: TemplateText | None, store: Store) -> Way:
    title, words = (_said(text.subject, store), _said(text.body, store)) if text else ("", _UNWRITTEN)
    return Way(
        channel=channel,
        label=str(template.get_channel_display()),
        template=template,
        url=reverse("admin:recovery_messagetemplate_change", args=[template.pk]),
        title=title,
        words=words[:_WORDS_SHOWN] + ("…" if len(words) > _WORDS_SHOWN else ""),
    )


def _numbers(found: StepFigures) -> list[Number]:
    def of_sent(count: int) -> str:
        return f"{100 * count / found.sent:.0f} %" if count and found.sent else ""

    earned = [Number("Revenue", money(amount, currency)) for currency, amount in sorted(found.revenue.items())]
    return [
        Number("Waiting", f"{found.waiting:,}"),
        Number("Sent", f"{found.sent:,}"),
        Number("Delivered", f"{found.delivered:,}", of_sent(found.delivered)),
        Number("Clicked", f"{found.clicked:,}", of_sent(found.clicked)),
        Number("Ordered", f"{found.ordered:,}", of_sent(found.ordered)),
        *(earned or [Number("Revenue", "–")]),
        Number("Held out", f"{found.held_out:,}"),
        Number("Not sent", f"{found.not_sent + found.failed:,}"),
    ]
