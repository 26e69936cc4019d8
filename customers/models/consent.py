from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from config.lib.checks import in_choices
from customers.models.people import Customer
from customers.models.stores import Store


class Channel(models.TextChoices):
    EMAIL = "email", "E-mail"
    SMS = "sms", "SMS"
    WHATSAPP = "whatsapp", "WhatsApp"


class ConsentState(models.TextChoices):
    """soft -> granted | revoked; granted -> revoked; revoked -> granted, by a new and later act of the person only.

    pending -> granted | revoked: asked to confirm by SMS, and not answered yet.
    """

    GRANTED = "granted", "Said yes"
    SOFT = "soft", "Soft opt-in at checkout"
    PENDING = "pending", "Asked to confirm"
    REVOKED = "revoked", "Said no"


class ConsentEvent(models.Model):
    """The proof: who allowed or forbade what, when, by what, and the words they saw. A trigger keeps it append-only."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="+")
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="consent_events")
    channel = models.CharField(max_length=10, choices=Channel)
    state = models.CharField(max_length=10, choices=ConsentState)
    at = models.DateTimeField()
    source = models.CharField(max_length=60)  # "checkout", "unsubscribe link", "preferences page", "admin: <user>" …
    words = models.TextField(blank=True)
    address = models.CharField(max_length=254, blank=True)
    recorded_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["at", "id"]
        constraints = [in_choices("channel", Channel), in_choices("state", ConsentState)]
        indexes = [models.Index(fields=["customer", "channel", "at"], name="consent_history")]

    def __str__(self) -> str:
        return f"{self.channel}: {self.state} ({self.source})"


class Consent(models.Model):
    """Where a person stands on a channel now: the newest event, kept beside for quick asking."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="consents")
    channel = models.CharField(max_length=10, choices=Channel)
    state = models.CharField(max_length=10, choices=ConsentState)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            in_choices("channel", Channel),
            in_choices("state", ConsentState),
            models.UniqueConstraint(fields=["customer", "channel"], name="consent_is_one_per_channel"),
        ]
        indexes = [models.Index(fields=["at"], name="consent_to_confirm", condition=Q(state="pending"))]

    def __str__(self) -> str:
        return f"{self.channel}: {self.state}"
