"""What the gate asks last, when nothing else stands against a message: was this shopper drawn to get it, and how?

Decision: the draw is written when the first message would go out and every other question was answered with yes: not
when the cart is enrolled, and not when a provider took the message. At that moment the arms differ in nothing but the
draw, so whoever has a row is compared with whoever else has one, whatever became of the message. A message that waits
(quiet hours, a cap, a paused flow) draws nobody until it could go; one that is refused for good draws nobody at all.
Variants that differ in their delay are drawn at the time of the earliest, and the others wait from there.

A holdout comes before variants: who gets nothing is in no comparison of what others get. The store's holdout comes
before the flow's. Each flow compares those whom the store's holdout let through.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.db.models import Q

from recovery.experiments.assign import Exposure, arm_of
from recovery.experiments.plans import HOLDOUT
from recovery.models import Assignment, Experiment, ExperimentKind, Message, StepVariant


@dataclass(frozen=True, slots=True)
class Draw:
    """What a shopper was drawn to get of one message. `exposures` are the draws that are not written yet."""

    held_out: str = ""  # by which holdout; "" when they are not
    variant: StepVariant | None = None
    exposures: tuple[Exposure, ...] = ()


@dataclass(slots=True)
class Trials:
    """The experiments that a batch of messages may belong to, and who was drawn before."""

    experiments: Sequence[Experiment] = ()
    drawn: dict[tuple[int, int], str] = field(default_factory=dict)  # (experiment id, customer id): arm

    def remember(self, exposures: Iterable[Exposure]) -> None:
        """They will be written: a later message of the batch finds them drawn."""
        self.drawn |= {(exposure.experiment_id, exposure.customer_id): exposure.arm for exposure in exposures}

    def draw(self, message: Message) -> Draw:
        """Changes nothing: the same message is drawn alike until its exposures are written, and after."""
        exposures: list[Exposure] = []
        for whose, trial in (("the store", self._of_store(message)), ("the flow", self._of_flow(message))):
            if self._arm(trial, message, exposures) == HOLDOUT:
                return Draw(held_out=f"by the holdout of {whose}", exposures=tuple(exposures))
        return Draw(variant=self._variant(message, exposures), exposures=tuple(exposures))

    def _arm(self, trial: Experiment | None, message: Message, exposures: list[Exposure]) -> str:
        """The arm of the message's shopper; "" without an experiment. After its end it draws alike, and counts none."""
        if trial is None:
            return ""
        arm = self.drawn.get((trial.pk, message.customer_id))
        if arm is None:
            arm = arm_of(trial.arms, trial.salt, message.customer_id)
            if trial.ended_at is None:
                exposures.append(Exposure(trial.pk, message.customer_id, message.cart_id, arm))
        return arm

    def _variant(self, message: Message, exposures: list[Exposure]) -> StepVariant | None:
        variants = message.step.arms
        if not variants or message.variant_id:
            return variant_of(message)
        name = self._arm(self._of_step(message), message, exposures)
        return next((variant for variant in variants if variant.name == name), None)

    def _of_store(self, message: Message) -> Experiment | None:
        """The one that ran when the shopper entered the flow: nobody is cut off in the middle, or let in there."""
        entered = message.enrolment.enrolled_at
        return next(
            (
                one
                for one in self.experiments
                if one.flow_id is None
                and one.store_id == message.store_id
                and one.started_at <= entered
                and (one.ended_at is None or entered < one.ended_at)
            ),
            None,
        )

    def _of_flow(self, message: Message) -> Experiment | None:
        return self._of_version(message, ExperimentKind.HOLDOUT, None)

    def _of_step(self, message: Message) -> Experiment | None:
        return self._of_version(message, ExperimentKind.VARIANTS, message.step.position)

    def _of_version(self, message: Message, kind: ExperimentKind, position: int | None) -> Experiment | None:
        """The one that the shopper's version of the flow began, or went on with."""
        published = message.enrolment.version.published_at
        return next(
            (
                one
                for one in self.experiments
                if (one.flow_id, one.kind, one.position) == (message.enrolment.flow_id, kind, position)
                and published is not None
                and one.started_at <= published
                and (one.ended_at is None or published < one.ended_at)
            ),
            None,
        )


def variant_of(message: Message) -> StepVariant | None:
    """The variant that was drawn for the message; None when none was yet."""
    if message.variant_id is None:
        return None
    return next((one for one in message.step.arms if one.pk == message.variant_id), None)


def ask_trials(messages: Iterable[Message]) -> Trials:
    """For a batch, in two statements; in one where nothing is being tested."""
    messages = list(messages)
    flows, stores = {m.enrolment.flow_id for m in messages}, {m.store_id for m in messages}
    of_these = Q(flow_id__in=flows) | Q(flow=None, store_id__in=stores)
    experiments = list(Experiment.objects.filter(of_these))
    if not experiments:
        return Trials()
    people = {message.customer_id for message in messages}
    rows = Assignment.objects.filter(experiment__in=[one.pk for one in experiments], customer_id__in=people)
    drawn = {(one, person): arm for one, person, arm in rows.values_list("experiment_id", "customer_id", "arm")}
    return Trials(experiments, drawn)
