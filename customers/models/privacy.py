from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from config.lib.checks import in_choices
from customers.models.people import Customer
from customers.models.stores import Store


class PrivacyKind(models.TextChoices):
    ACCESS = "access", "Give them their data"
    ERASE = "erase", "Erase the person"
    ERASE_STORE = "erase_store", "Erase every person of the store"


class PrivacyRequest(models.Model):
    """A request under privacy law. Upper floors erase their part and mark it; the request is done when all have."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="privacy_requests")
    customer = models.ForeignKey(Customer, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    kind = models.CharField(max_length=12, choices=PrivacyKind)
    reference = models.CharField(max_length=100, blank=True)
    requested_at = models.DateTimeField(default=timezone.now)
    messages_erased_at = models.DateTimeField(null=True, blank=True)  # recovery's hand-over
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [in_choices("kind", PrivacyKind)]
        indexes = [models.Index(fields=["id"], name="privacy_open", condition=Q(done_at=None))]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} ({self.requested_at:%Y-%m-%d})"
