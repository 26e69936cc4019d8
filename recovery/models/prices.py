from __future__ import annotations

from decimal import Decimal

from django.core.validators import MinValueValidator
from django.db import models

from config.lib.checks import in_choices
from customers.models import Channel, Store
from customers.models.stores import CURRENCY


class MessagePrice(models.Model):
    """What a store pays for one SMS segment, or for one message of another channel. See recovery.policy.prices."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="message_prices")
    channel = models.CharField(max_length=10, choices=Channel)
    country = models.CharField(max_length=2, blank=True, help_text="Left empty: for all that have no price here.")
    amount = models.DecimalField(max_digits=12, decimal_places=6, validators=[MinValueValidator(Decimal(0))])
    currency = models.CharField(max_length=3, validators=[CURRENCY], default="EUR")

    class Meta:
        ordering = ["channel", "country"]
        constraints = [
            in_choices("channel", Channel),
            models.UniqueConstraint(fields=["store", "channel", "country"], name="message_price_is_one"),
        ]

    def __str__(self) -> str:
        return f"{self.amount} {self.currency} by {self.channel} {self.country}".strip()
