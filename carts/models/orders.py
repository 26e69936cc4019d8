from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from carts.models.carts import Cart
from customers.models import Customer, Store

_WHEN_IT_COUNTED = ["was_unpaid", "paid_at", "cancelled_at", "deleted_at"]


class Order(models.Model):
    """What was bought. Matched to its cart by a shared token, else by the shopper and overlapping lines."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="orders", db_index=False)
    external_id = models.CharField(max_length=100)
    number = models.CharField(max_length=60, blank=True)
    cart = models.ForeignKey(Cart, on_delete=models.SET_NULL, null=True, blank=True, related_name="orders")
    matched_by = models.CharField(max_length=10, blank=True)  # token | lines
    customer = models.ForeignKey(Customer, on_delete=models.SET_NULL, null=True, blank=True, related_name="orders")
    # As the order itself names the buyer, normalised: the gate asks for every identity, merged or not.
    email = models.CharField(max_length=254, blank=True)
    phone = models.CharField(max_length=16, blank=True)

    placed_at = models.DateTimeField()
    version = models.DateTimeField()  # updated_at of the newest event applied
    cancelled_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)
    paid = models.BooleanField(default=True)
    # Reports of a past date ask since when it was paid: if it ever was unpaid, since the first word that it is paid.
    paid_at = models.DateTimeField(null=True, blank=True, editable=False)
    was_unpaid = models.BooleanField(default=False, editable=False)
    # False: all we ever heard is that it was cancelled unpaid, as WooCommerce does by itself. Nobody bought.
    is_placed = models.BooleanField(default=True)

    currency = models.CharField(max_length=3)
    total = models.DecimalField(max_digits=15, decimal_places=3, default=0)
    tax = models.DecimalField(max_digits=15, decimal_places=3, default=0)
    shipping = models.DecimalField(max_digits=15, decimal_places=3, default=0)
    discount = models.DecimalField(max_digits=15, decimal_places=3, default=0)
    discount_codes = models.JSONField(default=list)
    lines = models.JSONField(default=list)
    channel = models.CharField(max_length=40, blank=True)
    is_test = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["store", "external_id"], name="order_is_one")]
        indexes = [
            # These two hold all that reports ask of very many orders: what was ordered in some days, and by whom when.
            models.Index(
                fields=["store", "placed_at", "paid", "is_test"],
                name="order_placed",
                include=["currency", "total", *_WHEN_IT_COUNTED],
            ),
            models.Index(
                fields=["store", "customer", "placed_at"],
                name="order_of_shopper",
                include=_WHEN_IT_COUNTED,
                condition=Q(paid=True, is_test=False),
            ),
            models.Index(fields=["store", "number"], name="order_by_number"),
            models.Index(fields=["store", "email", "placed_at"], name="order_by_email"),
            models.Index(fields=["store", "phone", "placed_at"], name="order_by_phone"),
        ]

    def __str__(self) -> str:
        return self.number or self.external_id


class Refund(models.Model):
    """Money given back. May arrive before its order, so it names the order by the store's id."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="+", db_index=False)
    external_id = models.CharField(max_length=100)
    order_external_id = models.CharField(max_length=100)
    amount = models.DecimalField(max_digits=15, decimal_places=3)
    currency = models.CharField(max_length=3)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["store", "external_id"], name="refund_is_one")]
        indexes = [models.Index(fields=["store", "order_external_id"], name="refund_of_order")]

    def __str__(self) -> str:
        return self.external_id
