from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from datetime import timedelta as td

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.functional import cached_property

from carts.models import Cart
from config.lib.checks import in_choices
from config.lib.names import by_number
from customers.models import Channel, Customer, Store
from recovery.models.discounts import Offer
from recovery.models.templates import MessageTemplate


class FlowStatus(models.TextChoices):
    """draft -> live -> paused -> live."""

    DRAFT = "draft", "Draft"
    LIVE = "live", "Live"
    PAUSED = "paused", "Paused"


class Flow(models.Model):
    """What a marketer calls a flow: who enters it, and which messages follow when. Published versions never change."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="flows")
    name = models.CharField(max_length=100)
    status = models.CharField(max_length=8, choices=FlowStatus, default=FlowStatus.DRAFT)
    days_between = models.PositiveSmallIntegerField(
        default=1, help_text="A customer enters this flow at most once in this many days. 0: once for every cart."
    )
    minimum_gap = models.DurationField(
        default=td(hours=6), help_text="At least this long between two messages to one person (HH:MM:SS)."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["name"]
        constraints = [
            in_choices("status", FlowStatus),
            models.UniqueConstraint(fields=["store", "name"], name="flow_name_is_one"),
        ]

    def __str__(self) -> str:
        return self.name


class FlowVersion(models.Model):
    """What was published at one moment. Shoppers in the flow stay on the version that they entered by."""

    flow = models.ForeignKey(Flow, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    published_at = models.DateTimeField(null=True, blank=True)
    holdout_percent = models.PositiveSmallIntegerField(
        default=0,
        validators=[MaxValueValidator(50)],
        help_text="So many of a hundred shoppers get nothing of this flow: what they buy by themselves is the measure.",
    )
    # What the tests of this version are to prove; frozen in each Experiment at its start. See experiments.plans.
    plan = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.CheckConstraint(name="flow_holdout_is_a_share", condition=Q(holdout_percent__lte=50)),
            models.UniqueConstraint(fields=["flow", "number"], name="flow_version_is_one"),
            models.UniqueConstraint(fields=["flow"], condition=Q(published_at=None), name="flow_has_one_draft"),
        ]

    def __str__(self) -> str:
        return f"{self.flow} v{self.number}"


class WithoutOffer(models.TextChoices):
    SEND = "send", "Send the message without it"
    SKIP = "skip", "Do not send the message"


class FlowStep(models.Model):
    """One message of a flow. Of a published version it never changes (a trigger keeps it)."""

    version = models.ForeignKey(FlowVersion, on_delete=models.CASCADE, related_name="steps")
    position = models.PositiveSmallIntegerField()
    delay = models.DurationField(help_text="After the shopper's last activity on the cart (HH:MM:SS).")
    late_after = models.DurationField(
        default=td(hours=6), help_text="Skipped when it could not be sent within this long after its time."
    )
    channel = models.CharField(max_length=10, choices=Channel, default=Channel.EMAIL)
    template = models.ForeignKey(MessageTemplate, on_delete=models.PROTECT, related_name="steps")
    conditions = models.JSONField(default=dict, blank=True)  # see recovery.conditions.Conditions
    # RESTRICT, not PROTECT: with the whole store it may go.
    offer = models.ForeignKey(Offer, on_delete=models.RESTRICT, null=True, blank=True, related_name="steps")
    # Where the shopper may not have the offer, or the shop makes no code in time.
    without_offer = models.CharField(max_length=4, choices=WithoutOffer, default=WithoutOffer.SEND)

    class Meta:
        ordering = ["position"]
        constraints = [
            in_choices("channel", Channel),
            in_choices("without_offer", WithoutOffer),
            models.UniqueConstraint(fields=["version", "position"], name="flow_step_is_one_per_position"),
        ]

    def __str__(self) -> str:
        return f"step {self.position}"

    @cached_property
    def arms(self) -> Sequence[StepVariant]:
        """Its variants, read once, in the order that people expect of their names."""
        return tuple(sorted(self.variants.all(), key=lambda variant: by_number(variant.name)))

    @cached_property
    def detours(self) -> Sequence[StepFallback]:
        """Its fallbacks in the marketer's order, read once."""
        return tuple(sorted(self.fallbacks.all(), key=lambda fallback: fallback.position))

    @property
    def delays(self) -> list[td]:
        """Every delay that some shopper gets, shortest first. The step comes with its variants prefetched."""
        return sorted(variant.delay_of(self) for variant in self.variants.all()) or [self.delay]


class StepVariant(models.Model):
    """One arm of a test within a step. What it leaves open is the step's own. As unchangeable as the step.

    A step with variants sends nothing but them: the step as it stands is an arm only where a variant repeats it.
    """

    step = models.ForeignKey(FlowStep, on_delete=models.CASCADE, related_name="variants")
    name = models.CharField(max_length=20)
    weight = models.PositiveSmallIntegerField(default=1, validators=[MinValueValidator(1)])
    template = models.ForeignKey(
        MessageTemplate, on_delete=models.PROTECT, null=True, blank=True, related_name="variants"
    )
    delay = models.DurationField(null=True, blank=True)
    # RESTRICT, not PROTECT: with the whole store it may go.
    offer = models.ForeignKey(Offer, on_delete=models.RESTRICT, null=True, blank=True, related_name="variants")
    no_offer = models.BooleanField(default=False)  # where the step has one

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(name="variant_has_an_offer_or_none", condition=Q(offer=None) | Q(no_offer=False)),
            models.CheckConstraint(name="variant_weighs_something", condition=Q(weight__gte=1)),
            models.UniqueConstraint(fields=["step", "name"], name="variant_is_one_per_name"),
        ]

    def __str__(self) -> str:
        return self.name

    def delay_of(self, step: FlowStep) -> td:
        return step.delay if self.delay is None else self.delay

    def template_of(self, step: FlowStep) -> int:
        """The id of the template that goes by the step's own channel."""
        return self.template_id or step.template_id

    def offer_of(self, step: FlowStep) -> int | None:
        """The id of the offer that the message carries."""
        return None if self.no_offer else self.offer_id or step.offer_id


class StepFallback(models.Model):
    """The next channel to try where a step's own cannot reach the shopper. As unchangeable as the step."""

    step = models.ForeignKey(FlowStep, on_delete=models.CASCADE, related_name="fallbacks")
    position = models.PositiveSmallIntegerField()
    channel = models.CharField(max_length=10, choices=Channel)
    template = models.ForeignKey(MessageTemplate, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["position"]
        constraints = [
            in_choices("channel", Channel),
            models.UniqueConstraint(fields=["step", "position"], name="fallback_is_one_per_position"),
            models.UniqueConstraint(fields=["step", "channel"], name="fallback_is_one_per_channel"),
        ]

    def __str__(self) -> str:
        return f"then by {self.channel}"


class EnrolmentState(models.TextChoices):
    """running -> done | stopped; stopped, done -> running only by the hand of somebody of the store."""

    RUNNING = "running", "Running"
    DONE = "done", "All steps done"
    STOPPED = "stopped", "Stopped"


class EnrolmentQuerySet(models.QuerySet["Enrolment"]):
    def due(self, now: datetime) -> EnrolmentQuerySet:
        return self.filter(due_at__lte=now).order_by("due_at")

    def running(self) -> EnrolmentQuerySet:
        return self.filter(state=EnrolmentState.RUNNING)


class Enrolment(models.Model):
    """One cart's walk through a flow. `due_at` is when its next step is planned; None when none is left."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="+", db_index=False)
    version = models.ForeignKey(FlowVersion, on_delete=models.PROTECT, related_name="enrolments")
    flow = models.ForeignKey(Flow, on_delete=models.CASCADE, related_name="enrolments", db_index=False)
    cart = models.ForeignKey(Cart, on_delete=models.CASCADE, related_name="enrolments")
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="enrolments")
    state = models.CharField(max_length=8, choices=EnrolmentState, default=EnrolmentState.RUNNING)
    stop_reason = models.CharField(max_length=20, blank=True)
    anchor_at = models.DateTimeField()  # the cart's abandoned_at: delays count from here
    next_position = models.PositiveSmallIntegerField(default=1)
    due_at = models.DateTimeField(null=True, blank=True)
    enrolled_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = EnrolmentQuerySet.as_manager()

    class Meta:
        constraints = [
            in_choices("state", EnrolmentState),
            models.UniqueConstraint(fields=["flow", "cart"], name="enrolment_is_once_per_cart"),
            models.CheckConstraint(
                name="enrolment_due_only_while_running", condition=Q(due_at=None) | Q(state="running")
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], name="enrolment_due", condition=Q(due_at__isnull=False)),
            models.Index(fields=["customer", "flow", "-enrolled_at"], name="enrolment_of_customer"),
        ]

    def __str__(self) -> str:
        return f"e{self.pk}"
