from __future__ import annotations

from django.db import models
from django.utils import timezone

from config.lib.checks import in_choices
from customers.models.consent import Channel
from customers.models.stores import Store


class SuppressionReason(models.TextChoices):
    BOUNCE = "bounce", "The mailbox does not exist"
    INVALID = "invalid", "No valid address for this channel"
    UNREACHABLE = "unreachable", "Could not be reached three times in a row"
    COMPLAINT = "complaint", "Reported as spam"
    UNSUBSCRIBE = "unsubscribe", "Unsubscribed"
    STOP = "stop", "Replied STOP"
    ERASED = "erased", "Asked to be forgotten"
    MANUAL = "manual", "Stopped by the store"


class Suppression(models.Model):
    """An address that is never written to. Kept as a keyed hash, so that it outlives the person's data."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="suppressions")
    channel = models.CharField(max_length=10, choices=Channel)
    address_hash = models.CharField(max_length=64)
    reason = models.CharField(max_length=12, choices=SuppressionReason)
    detail = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = "stop-list entry"
        verbose_name_plural = "stop-list entries"
        constraints = [
            in_choices("channel", Channel),
            in_choices("reason", SuppressionReason),
            models.UniqueConstraint(fields=["store", "channel", "address_hash"], name="suppression_is_one_per_address"),
        ]

    def __str__(self) -> str:
        return f"{self.channel}: {self.reason}"
