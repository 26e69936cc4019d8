from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils import timezone

from carts.models import Cart
from config.lib.checks import in_choices
from customers.models import Channel, Customer, Store
from recovery.models.discounts import DiscountCode
from recovery.models.flows import Enrolment, FlowStep, StepVariant


class MessageState(models.TextChoices):
    """queued -> sending -> sent | failed | unknown | queued (a transient failure, retried later).

    queued -> skipped (the gate said no) | cancelled (the enrolment was stopped).
    sending -> unknown, also when its worker died: `sending` is committed before the provider is called.
    sent, unknown -> delivered | failed, delivered -> read, by what the provider tells later.
    cancelled -> queued: somebody of the store put the cart back into its flow.
    """

    QUEUED = "queued", "Waiting"
    SENDING = "sending", "Being sent"
    SENT = "sent", "Sent"
    DELIVERED = "delivered", "Delivered"
    READ = "read", "Read"
    UNKNOWN = "unknown", "Unknown: perhaps sent"
    FAILED = "failed", "Failed"
    SKIPPED = "skipped", "Not sent"
    CANCELLED = "cancelled", "Cancelled"


#: Nothing was handed to a provider yet, so it can still be stopped.
STOPPABLE = (MessageState.QUEUED,)
#: Counts as reaching the shopper, for gaps and caps: better one too few than one too many.
PERHAPS_REACHED = (
    MessageState.SENDING,
    MessageState.SENT,
    MessageState.DELIVERED,
    MessageState.READ,
    MessageState.UNKNOWN,
)


class MessageQuerySet(models.QuerySet["Message"]):
    def due(self, now: datetime) -> MessageQuerySet:
        return self.filter(state=MessageState.QUEUED, due_at__lte=now).order_by("due_at")


class Message(models.Model):
    """The outbox. One row is one message to one person; what is shown to have been sent was sent exactly so.

    Link tokens in the kept bodies are masked: they grant something, and only their hashes are stored.
    """

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="messages", db_index=False)
    enrolment = models.ForeignKey(Enrolment, on_delete=models.CASCADE, related_name="messages", db_index=False)
    step = models.ForeignKey(FlowStep, on_delete=models.PROTECT, related_name="messages")
    # Drawn at the door, for good; None where the step has no variants, or was not drawn yet.
    variant = models.ForeignKey(
        StepVariant, on_delete=models.PROTECT, null=True, blank=True, related_name="messages", db_index=False
    )
    cart = models.ForeignKey(Cart, on_delete=models.CASCADE, related_name="messages")
    # The message whose channel failed for good, and in whose stead this one goes.
    fallback_of = models.OneToOneField("self", on_delete=models.CASCADE, null=True, blank=True, related_name="fallback")
    # The message in whose place somebody of the store sent this one, by hand. Each is sent again once at most.
    resend_of = models.OneToOneField("self", on_delete=models.CASCADE, null=True, blank=True, related_name="resend")
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="messages", db_index=False)
    channel = models.CharField(max_length=10, choices=Channel)
    state = models.CharField(max_length=9, choices=MessageState, default=MessageState.QUEUED)
    due_at = models.DateTimeField()  # the next try; moves when it is deferred or retried
    planned_at = models.DateTimeField()  # what the flow asked for; moves only when the variant is drawn
    expires_at = models.DateTimeField()  # too late after this
    attempts = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True, blank=True)  # when it was handed to the provider
    ended_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=30, blank=True)  # of the newest verdict or failure
    detail = models.CharField(max_length=300, blank=True)

    provider = models.CharField(max_length=40, blank=True)
    provider_id = models.CharField(max_length=200, blank=True)
    to = models.CharField(max_length=254, blank=True)
    locale = models.CharField(max_length=16, blank=True)
    subject = models.CharField(max_length=500, blank=True)
    body_html = models.TextField(blank=True)
    body_text = models.TextField(blank=True)
    segments = models.PositiveSmallIntegerField(default=0)  # of an SMS
    # The code that it carries: made for this message, or for an earlier one and still alive.
    discount_code = models.ForeignKey(
        DiscountCode, on_delete=models.SET_NULL, null=True, blank=True, related_name="messages"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = MessageQuerySet.as_manager()

    class Meta:
        constraints = [
            in_choices("channel", Channel),
            in_choices("state", MessageState),
            models.UniqueConstraint(
                fields=["enrolment", "step"],
                name="message_is_once_per_step",
                condition=Q(fallback_of=None, resend_of=None),
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], name="message_due", condition=Q(state="queued")),
            models.Index(fields=["sent_at"], name="message_in_hand", condition=Q(state="sending")),
            models.Index(fields=["customer", "sent_at"], name="message_of_customer"),
            # Filters of the list are answered in the index, however few messages fit.
            models.Index(fields=["store", "planned_at", "state", "channel", "reason"], name="message_of_store"),
            models.Index(fields=["variant"], name="message_of_variant", condition=Q(variant__isnull=False)),
            models.Index(fields=["provider_id"], name="message_by_provider_id", condition=~Q(provider_id="")),
        ]

    def __str__(self) -> str:
        return f"m{self.pk}"


class Decision(models.Model):
    """Why something was done or not done: every verdict, with its reason, for good."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="+", db_index=False)
    cart = models.ForeignKey(Cart, on_delete=models.CASCADE, related_name="decisions")
    enrolment = models.ForeignKey(
        Enrolment, on_delete=models.CASCADE, null=True, related_name="decisions", db_index=False
    )
    message = models.ForeignKey(Message, on_delete=models.CASCADE, null=True, related_name="decisions")
    at = models.DateTimeField()
    verdict = models.CharField(
        max_length=12
    )  # enrolled | refused | stopped | planned | sent | deferred | skipped | failed | …
    reason = models.CharField(max_length=30, blank=True)
    detail = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["at", "id"]
        indexes = [
            models.Index(fields=["store", "-id", "verdict"], name="decision_of_store"),
            models.Index(fields=["store", "reason", "-id"], name="decision_by_reason", condition=~Q(reason="")),
        ]

    def __str__(self) -> str:
        return f"{self.verdict} {self.reason}".strip()
