from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils import timezone

from config.lib.checks import in_choices
from customers.models import Channel, Customer, Store
from recovery.models.messages import Message, MessageState


class EventState(models.TextChoices):
    """pending -> done | ignored | dead; dead -> pending by a person's replay."""

    PENDING = "pending", "Waiting"
    DONE = "done", "Applied"
    IGNORED = "ignored", "Ignored"
    DEAD = "dead", "Could not be read"


class ProviderEventQuerySet(models.QuerySet["ProviderEvent"]):
    def pending(self) -> ProviderEventQuerySet:
        return self.filter(state=EventState.PENDING).order_by("id")

    def dead(self) -> ProviderEventQuerySet:
        return self.filter(state=EventState.DEAD)

    def replay(self) -> int:
        """Put dead letters back, to be applied again; returns how many."""
        return self.dead().update(state=EventState.PENDING, reason="", processed_at=None)


class ProviderEvent(models.Model):
    """What a provider told us, as it came in: a delivery status, a bounce, a shopper's reply."""

    provider = models.CharField(max_length=40)
    kind = models.CharField(max_length=10)  # status | inbound | tracking
    store = models.ForeignKey(Store, on_delete=models.CASCADE, null=True, related_name="+", db_index=False)
    message = models.ForeignKey(Message, on_delete=models.CASCADE, null=True, related_name="events")
    dedupe_key = models.CharField(max_length=200)
    payload = models.JSONField()
    received_at = models.DateTimeField(default=timezone.now)
    state = models.CharField(max_length=8, choices=EventState, default=EventState.PENDING)
    reason = models.TextField(blank=True)
    processed_at = models.DateTimeField(null=True, blank=True)

    objects = ProviderEventQuerySet.as_manager()

    class Meta:
        constraints = [
            in_choices("state", EventState),
            models.UniqueConstraint(fields=["provider", "dedupe_key"], name="provider_event_comes_once"),
        ]
        indexes = [
            models.Index(fields=["id"], name="provider_event_pending", condition=Q(state="pending")),
            models.Index(fields=["id"], name="provider_event_dead", condition=Q(state="dead")),
            models.Index(fields=["store", "-id", "state"], name="provider_event_of_store"),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.kind}"


class Reply(models.Model):
    """What a shopper wrote to us. The words are theirs: erased with them."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="replies", db_index=False)
    customer = models.ForeignKey(Customer, on_delete=models.SET_NULL, null=True, blank=True, related_name="replies")
    channel = models.CharField(max_length=10, choices=Channel)
    address = models.CharField(max_length=254, blank=True)
    body = models.TextField(blank=True)
    intent = models.CharField(max_length=10, blank=True)  # stop | start | help | yes | "" for anything else
    provider_id = models.CharField(max_length=200)
    at = models.DateTimeField()
    # When somebody of the store answered it, or said that there is nothing to answer; keywords need no answer.
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "replies"
        ordering = ["at", "id"]
        constraints = [
            in_choices("channel", Channel),
            models.UniqueConstraint(fields=["store", "provider_id"], name="reply_comes_once"),
        ]
        indexes = [
            models.Index(fields=["store", "channel", "address", "-at"], name="reply_of_address"),
            models.Index(fields=["store", "at"], name="reply_that_waits", condition=Q(answered_at=None, intent="")),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.at:%Y-%m-%d %H:%M}"


class NoticeQuerySet(models.QuerySet["Notice"]):
    def due(self, now: datetime) -> NoticeQuerySet:
        return self.filter(state=MessageState.QUEUED, due_at__lte=now).order_by("due_at")


class Notice(models.Model):
    """A short message that belongs to no flow: an answer or a confirmation that the person asked for, a question of a
    survey, or the weekly numbers to somebody of the store.

    States are those of a message; `purpose` is confirm | confirmed | stopped | started | help | answer | survey |
    digest. `subject` and `html` are of e-mail.
    """

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="notices", db_index=False)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, null=True, blank=True, related_name="notices")
    reply = models.ForeignKey(Reply, on_delete=models.CASCADE, null=True, blank=True, related_name="notices")
    channel = models.CharField(max_length=10, choices=Channel)
    purpose = models.CharField(max_length=12)
    dedupe_key = models.CharField(max_length=200)
    to = models.CharField(max_length=254, blank=True)
    subject = models.CharField(max_length=200, blank=True, default="")
    text = models.TextField(blank=True)
    html = models.TextField(blank=True, default="")
    unsubscribe_url = models.TextField(blank=True, default="")  # blanked once it is sent
    content_sid = models.CharField(max_length=40, blank=True, default="")  # Twilio's, in place of the text
    state = models.CharField(max_length=9, choices=MessageState, default=MessageState.QUEUED)
    due_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True, blank=True)
    provider = models.CharField(max_length=40, blank=True)
    provider_id = models.CharField(max_length=200, blank=True)
    reason = models.CharField(max_length=30, blank=True)
    detail = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        verbose_name = "answer"
        constraints = [
            in_choices("channel", Channel),
            in_choices("state", MessageState),
            models.UniqueConstraint(fields=["store", "dedupe_key"], name="notice_goes_once"),
        ]
        indexes = [
            models.Index(fields=["due_at"], name="notice_due", condition=Q(state="queued")),
            models.Index(fields=["sent_at"], name="notice_in_hand", condition=Q(state="sending")),
        ]

    def __str__(self) -> str:
        return f"n{self.pk} {self.purpose}"
