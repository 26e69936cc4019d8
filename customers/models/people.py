from __future__ import annotations

from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.db.models.functions import Upper
from django.utils import timezone

from config.lib.checks import in_choices
from customers.models.stores import Store


class Customer(models.Model):
    """One person as one store knows them. E-mail and phone are the newest, normalised, or ""."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="customers")
    email = models.CharField(max_length=254, blank=True)
    phone = models.CharField(max_length=16, blank=True)
    first_name = models.CharField(max_length=100, blank=True)
    last_name = models.CharField(max_length=100, blank=True)
    locale = models.CharField(max_length=16, blank=True)
    country = models.CharField(max_length=2, blank=True)
    profile_at = models.DateTimeField(null=True, editable=False)  # time of the event that the fields above came from
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    erased_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        indexes = [
            models.Index(fields=["store", "-created_at"], name="customer_newest"),
            # The beginning of a last name, whatever its capitals; the operator class works under every collation.
            models.Index("store", OpClass(Upper("last_name"), "text_pattern_ops"), name="customer_by_last_name"),
        ]

    def __str__(self) -> str:
        name = f"{self.first_name} {self.last_name}".strip()
        return name or self.email or self.phone or f"customer {self.pk}"

    def address(self, channel: str) -> str:
        """Where the channel reaches them: the e-mail, or the phone for the others; "" where there is none."""
        return self.email if channel == "email" else self.phone


class IdentityKind(models.TextChoices):
    """Strongest first: where two disagree about who somebody is, the stronger one is believed."""

    EXTERNAL = "external", "Store's customer id"
    EMAIL = "email", "E-mail"
    PHONE = "phone", "Phone"


class Identity(models.Model):
    """A key by which the store names a person. One person may have several; a key has one person."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=10, choices=IdentityKind)
    value = models.CharField(max_length=254)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="identities")

    class Meta:
        verbose_name_plural = "identities"
        constraints = [
            in_choices("kind", IdentityKind),
            models.UniqueConstraint(fields=["store", "kind", "value"], name="identity_has_one_customer"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.value}"
