from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from config.lib.checks import in_choices
from customers.models import Store


class DeliveryState(models.TextChoices):
    """pending -> done | ignored | dead; dead -> pending by a person's replay."""

    PENDING = "pending", "Waiting"
    DONE = "done", "Applied"
    IGNORED = "ignored", "Ignored"
    DEAD = "dead", "Could not be read"


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def pending(self) -> DeliveryQuerySet:
        return self.filter(state=DeliveryState.PENDING).order_by("id")

    def dead(self) -> DeliveryQuerySet:
        return self.filter(state=DeliveryState.DEAD)

    def replay(self) -> int:
        """Put dead letters back into the inbox; returns how many."""
        return self.dead().update(state=DeliveryState.PENDING, reason="", processed_at=None)


class Delivery(models.Model):
    """One webhook, as it came in. The body is kept to the byte, so that it can be read again when we know better."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="deliveries", db_index=False)
    topic = models.CharField(max_length=100)
    dedupe_key = models.CharField(max_length=200)
    headers = models.JSONField(default=dict)
    body = models.BinaryField()
    received_at = models.DateTimeField(default=timezone.now)
    state = models.CharField(max_length=8, choices=DeliveryState, default=DeliveryState.PENDING)
    reason = models.TextField(blank=True)  # why it was ignored, or could not be read
    processed_at = models.DateTimeField(null=True, blank=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name = "webhook"
        constraints = [
            in_choices("state", DeliveryState),
            models.UniqueConstraint(fields=["store", "dedupe_key"], name="delivery_comes_once"),
        ]
        indexes = [
            models.Index(fields=["id"], name="delivery_pending", condition=Q(state="pending")),
            models.Index(fields=["-id"], name="delivery_dead", condition=Q(state="dead")),
            models.Index(fields=["received_at"], name="delivery_by_age"),
            models.Index(fields=["store", "-id", "state"], name="delivery_of_store"),
        ]

    def __str__(self) -> str:
        return f"d{self.pk} {self.topic}"
