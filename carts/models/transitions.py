from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from carts.models.carts import Cart
from carts.models.orders import Order
from config.lib.checks import in_choices
from customers.models import Customer, Store


class TransitionKind(models.TextChoices):
    ABANDONED = "abandoned", "Went silent"
    RETURNED = "returned", "Came alive again"
    EMPTIED = "emptied", "Was emptied"
    ORDERED = "ordered", "Was ordered"
    CANCELLED = "cancelled", "Its order was cancelled"


class TransitionQuerySet(models.QuerySet["CartTransition"]):
    def unhandled(self) -> TransitionQuerySet:
        return self.filter(handled_at=None).order_by("id")


class CartTransition(models.Model):
    """Something happened to a cart that the upper floor must hear of. An order without a known cart has cart None."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="+", db_index=False)
    cart = models.ForeignKey(Cart, on_delete=models.CASCADE, null=True, related_name="transitions")
    order = models.ForeignKey(Order, on_delete=models.CASCADE, null=True, related_name="transitions")
    customer = models.ForeignKey(Customer, on_delete=models.SET_NULL, null=True, related_name="+")
    kind = models.CharField(max_length=10, choices=TransitionKind)
    at = models.DateTimeField()  # when it happened in the store
    recorded_at = models.DateTimeField(default=timezone.now)
    handled_at = models.DateTimeField(null=True, blank=True)

    objects = TransitionQuerySet.as_manager()

    class Meta:
        constraints = [in_choices("kind", TransitionKind)]
        indexes = [models.Index(fields=["id"], name="transition_unhandled", condition=Q(handled_at=None))]

    def __str__(self) -> str:
        return f"{self.kind} {self.at:%Y-%m-%d %H:%M}"
