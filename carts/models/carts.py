from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils import timezone

from config.lib.checks import in_choices
from customers.models import Customer, Store


class CartState(models.TextChoices):
    """active -> abandoned | emptied | ordered; abandoned -> active | emptied | ordered; emptied -> active | ordered.

    ordered is final: nothing that comes later re-opens the cart.
    """

    ACTIVE = "active", "Active"
    ABANDONED = "abandoned", "Abandoned"
    EMPTIED = "emptied", "Emptied"
    ORDERED = "ordered", "Ordered"


class StageChoice(models.TextChoices):
    """The funnel, in its order; the values are those of `carts.snapshots.Stage`."""

    CART = "cart", "Cart"
    CHECKOUT = "checkout", "Checkout"
    CONTACT = "contact", "Contact given"
    SHIPPING = "shipping", "Shipping given"
    PAYMENT = "payment", "Payment tried"


class CartQuerySet(models.QuerySet["Cart"]):
    def silent(self, now: datetime) -> CartQuerySet:
        """Carts whose time has run out and that nobody has dealt with yet, longest silent first."""
        return self.filter(abandon_after__lte=now).order_by("abandon_after")


class Cart(models.Model):
    """A shopper's cart: what is in it, how far they got, and the next moment at which something is due."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="carts", db_index=False)
    customer = models.ForeignKey(Customer, on_delete=models.SET_NULL, null=True, blank=True, related_name="carts")
    state = models.CharField(max_length=10, choices=CartState, default=CartState.ACTIVE)
    stage = models.CharField(max_length=10, choices=StageChoice, default=StageChoice.CART)

    started_at = models.DateTimeField()
    filled_at = models.DateTimeField(null=True, blank=True)  # when it first held an item; None: never
    last_activity_at = models.DateTimeField()
    abandon_after = models.DateTimeField(null=True, blank=True)  # the deadline; None when none runs
    abandoned_at = models.DateTimeField(
        null=True, blank=True
    )  # the last activity before the silence, not when the sweep ran
    first_abandoned_at = models.DateTimeField(null=True, blank=True)
    ordered_at = models.DateTimeField(null=True, blank=True)

    # The newest of each kind that was applied: an older event of the same kind changes nothing.
    cart_version = models.DateTimeField(null=True, editable=False)
    checkout_version = models.DateTimeField(null=True, editable=False)
    contents_version = models.DateTimeField(null=True, editable=False)

    currency = models.CharField(max_length=3)
    total = models.DecimalField(max_digits=15, decimal_places=3, default=0)
    quantity = models.PositiveIntegerField(default=0)
    lines = models.JSONField(
        default=list
    )  # [{product_id, variant_id, title, quantity, price: str, …}], see snapshots.Line

    restore_url = models.TextField(blank=True)
    discount_codes = models.JSONField(default=list)
    locale = models.CharField(max_length=16, blank=True)
    country = models.CharField(max_length=2, blank=True)
    region = models.CharField(max_length=60, blank=True)
    postal_code = models.CharField(max_length=16, blank=True)
    device = models.CharField(max_length=10, blank=True)
    user_agent = models.CharField(max_length=400, blank=True)
    referrer = models.TextField(blank=True)
    landing_page = models.TextField(blank=True)
    payment_failed = models.BooleanField(default=False)
    is_test = models.BooleanField(default=False)
    # Two carts that turned out to be one: this row's events went to the other, and reports leave it out.
    merged_into = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    merged_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = CartQuerySet.as_manager()

    class Meta:
        constraints = [
            in_choices("state", CartState),
            in_choices("stage", StageChoice),
            models.CheckConstraint(
                name="cart_deadline_only_while_active", condition=Q(abandon_after=None) | Q(state="active")
            ),
        ]
        indexes = [
            models.Index(fields=["abandon_after"], name="cart_silent", condition=Q(abandon_after__isnull=False)),
            # Filters of the list are answered in the index, however few carts fit.
            models.Index(fields=["store", "-last_activity_at", "state", "stage"], name="cart_newest"),
            models.Index(fields=["store", "-last_activity_at"], name="cart_test", condition=Q(is_test=True)),
            models.Index(fields=["store", "-last_activity_at"], name="cart_emptied", condition=Q(state="emptied")),
            models.Index(
                fields=["store", "-last_activity_at"], name="cart_payment_failed", condition=Q(payment_failed=True)
            ),
            models.Index(fields=["store", "started_at"], name="cart_started"),
        ]

    def __str__(self) -> str:
        return f"c{self.pk}"


class CartToken(models.Model):
    """A name under which events speak of a cart or its order. Whichever comes first leaves it for the other."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="+", db_index=False)
    token = models.CharField(max_length=200)
    cart = models.ForeignKey(Cart, on_delete=models.CASCADE, null=True, related_name="tokens")
    order = models.ForeignKey("carts.Order", on_delete=models.CASCADE, null=True, related_name="token_rows")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["store", "token"], name="cart_token_is_one")]

    def __str__(self) -> str:
        return self.token


class CartChange(models.Model):
    """What the shopper did to a cart after its first contents, for the cart's story.

    `what`: {"lines": [[title, quantity before, after], …], "stage": how far they got, "payment_failed": true}, each
    only where it changed.
    """

    cart = models.ForeignKey(Cart, on_delete=models.CASCADE, related_name="changes")
    at = models.DateTimeField()
    what = models.JSONField()
    total = models.DecimalField(max_digits=15, decimal_places=3)  # after it, in the cart's currency

    class Meta:
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return f"change of c{self.cart_id} {self.at:%Y-%m-%d %H:%M}"
