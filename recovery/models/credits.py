from __future__ import annotations

from django.db import models

from carts.models import Cart, Order
from customers.models import Store
from recovery.models.links import Click
from recovery.models.messages import Message


class Credit(models.Model):
    """An order that followed a human click on a message, within the store's window. One order, one credit."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="+", db_index=False)
    order = models.OneToOneField(Order, on_delete=models.CASCADE, related_name="credit")
    cart = models.ForeignKey(Cart, on_delete=models.CASCADE, related_name="credits")
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="credits")
    click = models.ForeignKey(Click, on_delete=models.CASCADE, related_name="credits")
    at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)  # the order was cancelled or deleted

    def __str__(self) -> str:
        return f"credit of {self.order}"
