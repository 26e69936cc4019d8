from __future__ import annotations

from django.db import models
from django.utils import timezone

from carts.models import Cart
from config.lib.checks import in_choices
from customers.models import Customer, Store
from recovery.models.messages import Message


class LinkKind(models.TextChoices):
    RECOVER = "recover", "Back to the cart"
    UNSUBSCRIBE = "unsubscribe", "Unsubscribe"
    PREFERENCES = "preferences", "Preferences"
    SURVEY = "survey", "A question after the order"


class Link(models.Model):
    """An address that was given to one person in one message. Only the token's hash is kept."""

    token_hash = models.CharField(max_length=64, unique=True)
    kind = models.CharField(max_length=12, choices=LinkKind)
    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="+", db_index=False)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, null=True, related_name="links")
    message = models.ForeignKey(Message, on_delete=models.CASCADE, null=True, related_name="links")
    cart = models.ForeignKey(Cart, on_delete=models.CASCADE, null=True, related_name="links")
    channel = models.CharField(max_length=10, blank=True)
    # Whom the message was written to: the opt-out works even when the customer is erased or writes from elsewhere.
    address_hash = models.CharField(max_length=64, blank=True)
    expires_at = models.DateTimeField()
    created_at = models.DateTimeField(default=timezone.now)
    # The newest GET on an opt-out link; of recovery links the clicks tell. Evidence against a click at the same moment.
    seen_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [in_choices("kind", LinkKind)]

    def __str__(self) -> str:
        return f"{self.kind} link {self.pk}"


class Click(models.Model):
    """One GET on a recovery link. It restores nothing by itself, and credits nothing when a machine made it."""

    link = models.ForeignKey(Link, on_delete=models.CASCADE, related_name="clicks")
    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="+", db_index=False)
    message = models.ForeignKey(Message, on_delete=models.CASCADE, null=True, related_name="clicks")
    cart = models.ForeignKey(Cart, on_delete=models.CASCADE, null=True, related_name="clicks")
    at = models.DateTimeField(default=timezone.now)
    user_agent = models.CharField(max_length=400, blank=True)
    machine_reason = models.CharField(max_length=30, blank=True)  # "" for a human, as far as we can tell
    outcome = models.CharField(max_length=20, blank=True)  # restored | ordered | expired | no_address

    class Meta:
        ordering = ["at", "id"]
        indexes = [models.Index(fields=["store", "at"], name="click_by_time")]

    def __str__(self) -> str:
        return f"click {self.at:%Y-%m-%d %H:%M}"
