from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from customers.models import Store


class TouchedDay(models.Model):
    """Something about a cart that was started at this moment, or an order placed then, has changed, so its day is to be
    summed again.

    Written by triggers, whoever makes the change. A row for each statement, never one that two would wait for.
    """

    # No constraint: a store that is deleted takes its carts along, and their triggers would still leave marks.
    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["store", "at"], name="touched_day")]

    def __str__(self) -> str:
        return f"touched {self.at:%Y-%m-%d}"


class RolledDay(models.Model):
    """A day whose figures are kept. They are those of every moment from `valid_from` until before `valid_until`, the
    times next to their making at which the clock alone changes them, if nothing touches the day."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="+", db_index=False)
    day = models.DateField()
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField(null=True)  # None: nothing of it is still to come
    settings = models.CharField(max_length=100)  # the store's settings that they were made by

    class Meta:
        constraints = [models.UniqueConstraint(fields=["store", "day"], name="rolled_day_is_one")]
        indexes = [
            models.Index(fields=["valid_until"], name="rolled_day_ends", condition=models.Q(valid_until__isnull=False))
        ]

    def __str__(self) -> str:
        return f"figures of {self.day}"


class DailyFigures(models.Model):
    """Of the carts of a store that were started on one local day: a cell of `recovery.reports.cells`, of one of the
    facets that count everything. With an empty `segment` it is of every segment, channel and flow together."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="+", db_index=False)
    day = models.DateField()
    facet = models.CharField(max_length=10)
    value = models.CharField(max_length=120)
    label = models.CharField(max_length=120)
    currency = models.CharField(max_length=3)
    device = models.CharField(max_length=10)
    segment = models.CharField(max_length=10)
    channels = ArrayField(models.CharField(max_length=10))
    flows = ArrayField(models.BigIntegerField())

    started = models.IntegerField()
    settled = models.IntegerField()
    silent = models.IntegerField()
    unordered = models.IntegerField()
    returned = models.IntegerField()
    checkouts = models.IntegerField()
    checkouts_unordered = models.IntegerField()
    reachable = models.IntegerField()
    messaged = models.IntegerField()
    attributed = models.IntegerField()
    open_silent = models.IntegerField()
    open_returned = models.IntegerField()
    open_attributed = models.IntegerField()
    worth = models.DecimalField(max_digits=20, decimal_places=3)
    worth_unordered = models.DecimalField(max_digits=20, decimal_places=3)
    worth_squares = models.DecimalField(max_digits=32, decimal_places=6)
    worth_unordered_squares = models.DecimalField(max_digits=32, decimal_places=6)
    orders = models.IntegerField()
    revenue = models.DecimalField(max_digits=20, decimal_places=3)
    squares = models.DecimalField(max_digits=32, decimal_places=6)  # of each order's revenue, for the spread
    discount = models.DecimalField(max_digits=20, decimal_places=3)
    unclear = models.IntegerField()

    class Meta:
        verbose_name_plural = "daily figures"
        indexes = [
            models.Index(fields=["store", "facet", "segment", "day"], name="figures_of_day"),
            models.Index(fields=["store", "currency"], name="figures_currencies", condition=models.Q(facet="money")),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.facet}={self.value}"


class _Spread(models.Model):
    """The carts that have these filters in common, spread over the values of one facet: products, pages, hours ….

    The lists are of one length and order: so many values would be a row for nearly each cart and product. With an empty
    `segment` it is the carts of every segment, channel and flow together, of the same currency and device.
    """

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="+", db_index=False)
    day = models.DateField()
    facet = models.CharField(max_length=10)
    currency = models.CharField(max_length=3)
    device = models.CharField(max_length=10)
    segment = models.CharField(max_length=10)
    channels = ArrayField(models.CharField(max_length=10))
    flows = ArrayField(models.BigIntegerField())

    value = ArrayField(models.CharField(max_length=120))
    label = ArrayField(models.CharField(max_length=120))
    settled = ArrayField(models.IntegerField())
    unordered = ArrayField(models.IntegerField())
    returned = ArrayField(models.IntegerField())
    worth_unordered = ArrayField(models.DecimalField(max_digits=20, decimal_places=3))

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.day} {self.facet}: {len(self.value)}"


class DailySpread(_Spread):
    """Of the carts that were started on one local day."""

    class Meta:
        indexes = [models.Index(fields=["store", "facet", "segment", "day"], name="spread_of_day")]


class MonthlySpread(_Spread):
    """Of those of a calendar month, which `day` is the first of: the days added up, so that a year is quickly read."""

    class Meta:
        indexes = [models.Index(fields=["store", "facet", "segment", "day"], name="spread_of_month")]


class RolledMonth(models.Model):
    """A month whose figures are the sum of what is kept of its days. Whoever sums one of these days takes it away."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="+", db_index=False)
    month = models.DateField()  # its first day

    class Meta:
        constraints = [models.UniqueConstraint(fields=["store", "month"], name="rolled_month_is_one")]

    def __str__(self) -> str:
        return f"figures of {self.month:%Y-%m}"


class DailySteps(models.Model):
    """The messages about the carts of one local day, by step, channel and how they ended."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="+", db_index=False)
    day = models.DateField()
    flow_id = models.BigIntegerField()
    position = models.PositiveSmallIntegerField()
    variant = models.CharField(max_length=100)
    channel = models.CharField(max_length=10)
    state = models.CharField(max_length=9)  # waiting, or how the message ended
    reason = models.CharField(max_length=30)
    currency = models.CharField(max_length=3)
    device = models.CharField(max_length=10)
    segment = models.CharField(max_length=10)

    messages = models.IntegerField()
    clicked = models.IntegerField()  # by people
    scanned = models.IntegerField()  # by machines alone
    ordered = models.IntegerField()
    revenue = models.DecimalField(max_digits=20, decimal_places=3)
    unclear = models.IntegerField()  # orders in another currency, in no sum

    class Meta:
        verbose_name_plural = "daily steps"
        indexes = [models.Index(fields=["store", "day"], name="steps_of_day")]

    def __str__(self) -> str:
        return f"{self.day} step {self.position} {self.state}"


class DailyOrders(models.Model):
    """The orders placed on one local day, with or without a cart, and what of them was given back."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="+", db_index=False)
    day = models.DateField()
    currency = models.CharField(max_length=3)

    orders = models.IntegerField()
    amount = models.DecimalField(max_digits=20, decimal_places=3)
    refunded_orders = models.IntegerField()
    refunded = models.DecimalField(max_digits=20, decimal_places=3)  # in the order's currency

    class Meta:
        verbose_name_plural = "daily orders"
        constraints = [models.UniqueConstraint(fields=["store", "day", "currency"], name="orders_of_day")]

    def __str__(self) -> str:
        return f"{self.day}: {self.orders} orders in {self.currency}"
