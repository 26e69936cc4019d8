"""What publishing a draft will change, in sentences: for new shoppers, for those within the flow, and for its tests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from django.db.models import Count, Exists, OuterRef

from config.lib.durations import in_words
from recovery.conditions import BadConditions, Conditions
from recovery.experiments.plans import running_trials, trials_of, unlike
from recovery.models import (
    Assignment,
    Enrolment,
    Experiment,
    ExperimentKind,
    Flow,
    FlowStatus,
    FlowStep,
    FlowVersion,
    Message,
    MessageState,
)

_PARTS = ("template", "offer")
_MANY = ("fallbacks__template", "variants__template", "variants__offer")


def waiting(flow: Flow) -> dict[tuple[int, int], int]:
    """How many shoppers wait for which step: (version number, position) -> shoppers.

    A shopper whose message lies in the outbox waits for its step, others for the next one that will be planned.
    """
    queued = Message.objects.filter(enrolment__flow=flow, state=MessageState.QUEUED).order_by()
    inside = Enrolment.objects.running().filter(flow=flow, due_at__isnull=False).order_by()
    lying = Message.objects.filter(enrolment=OuterRef("pk"), state=MessageState.QUEUED)
    found = Counter[tuple[int, int]]()
    for number, position, count in queued.values_list("step__version__number", "step__position").annotate(Count("pk")):
        found[number, position] += count
    others = inside.exclude(Exists(lying)).values_list("version__number", "next_position").annotate(Count("pk"))
    for number, position, count in others:
        found[number, position] += count
    return dict(sorted(found.items()))


def changes(flow: Flow) -> list[str]:
    """What will be other than now once the flow's draft is published; [] when there is no draft.

    Shoppers who are within the flow stay on the version that they entered by.
    """
    versions = flow.versions.select_related("flow__store")
    draft = versions.filter(published_at=None).first()
    if draft is None:
        return []
    before = versions.exclude(published_at=None).first()
    found = [] if before else ["New abandoned carts will enter this flow from now on."]
    if flow.status == FlowStatus.PAUSED:
        found.append("The flow is paused: publishing sets it going again.")
    if before:
        found += _of_steps(_steps(before), _steps(draft))
        found += _of_holdout(before, draft)
    found += _of_tests(flow, draft)
    if before and not found:
        found.append("Nothing changes: the draft is what is published.")
    return found + _within(flow)


def _steps(version: FlowVersion) -> dict[int, FlowStep]:
    rows = version.steps.select_related(*_PARTS).prefetch_related(*_MANY)
    return {step.position: step for step in rows}


def _of_steps(before: dict[int, FlowStep], after: dict[int, FlowStep]) -> Iterable[str]:
    for position in sorted({*before, *after}):
        old, new = before.get(position), after.get(position)
        if old is None and new:
            yield f"Step {position} is new: “{new.template}” after {in_words(new.delay)}."
        elif new is None:
            yield f"Step {position} is gone: new shoppers do not get “{old and old.template}” any more."
        elif old:
            for what, was, will in _differences(old, new):
                yield f"Step {position}: {what} {will} instead of {was}."


def _differences(old: FlowStep, new: FlowStep) -> Iterable[tuple[str, str, str]]:
    """(what, as it was, as it will be) of all that differs."""
    was, will = _told(old), _told(new)
    return ((what, was[what], will[what]) for what in was if was[what] != will[what])


def _told(step: FlowStep) -> dict[str, str]:
    variants = [
        f"{one} (weight {one.weight}, “{one.template or step.template}” after {in_words(one.delay_of(step))}, "
        f"{'no offer' if one.offer_of(step) is None else f'offer “{one.offer or step.offer}”'})"
        for one in step.arms
    ]
    return {
        "it goes after": in_words(step.delay),
        "it sends": f"“{step.template}” by {step.get_channel_display()}",
        "it counts as too late after": in_words(step.late_after),
        "else it sends": _listed(f"“{one.template}” by {one.get_channel_display()}" for one in step.fallbacks.all()),
        "it goes to": _conditions(step),
        "its offer is": f"“{step.offer}”" if step.offer else "none",
        "without the offer it will": "go" if step.without_offer == "send" else "not go",
        "its variants are": _listed(variants),
    }


def _conditions(step: FlowStep) -> str:
    try:
        return _listed(Conditions.parse(step.conditions).sentences(), empty="everybody")
    except BadConditions:
        return "nobody (the conditions cannot be read)"


def _listed(words: Iterable[str], empty: str = "none") -> str:
    return ", ".join(words) or empty


def _of_holdout(before: FlowVersion, draft: FlowVersion) -> list[str]:
    was, will = before.holdout_percent, draft.holdout_percent
    if was == will:
        return []
    return [f"Of a hundred new shoppers {will or 'none'} will be held out, instead of {was or 'none'}."]


def _of_tests(flow: Flow, draft: FlowVersion) -> list[str]:
    ending, starting = unlike(running_trials(flow), trials_of(draft))
    begins = {(trial.kind.value, trial.position) for trial in starting}
    drawn = _drawn(ending)
    found = []
    for one in ending:
        name = _named(one.kind, one.position)
        next_one = (one.kind, one.position) in begins
        then = "its arms change, so a new one begins at nought" if next_one else "no other takes its place"
        found.append(f"{name} ends with {drawn[one.pk]} shoppers drawn: {then}.")
    again = {(one.kind, one.position) for one in ending}
    news = sorted(begins - again, key=lambda pair: pair[1] or 0)
    return found + [f"{_named(kind, position)} begins: its plan is frozen from then on." for kind, position in news]


def _drawn(experiments: Sequence[Experiment]) -> Counter[int]:
    rows = Assignment.objects.filter(experiment__in=experiments).order_by().values_list("experiment_id")
    return Counter(dict(rows.annotate(Count("pk"))))


def _named(kind: str, position: int | None) -> str:
    return "The holdout" if kind == ExperimentKind.HOLDOUT else f"The test of step {position}"


def _within(flow: Flow) -> list[str]:
    """Who stays on which version, and where they wait."""
    found = []
    counts = waiting(flow)
    for number in sorted({number for number, _ in counts}):
        here = [(position, count) for (version, position), count in counts.items() if version == number]
        places = ", ".join(f"{count} for step {position}" for position, count in here)
        total = sum(count for _, count in here)
        who = "1 shopper is" if total == 1 else f"{total} shoppers are"
        found.append(f"{who} within the flow and will finish version {number}: {places}.")
    return found
