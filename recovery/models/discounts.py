from __future__ import annotations

from datetime import datetime
from datetime import timedelta as td
from decimal import Decimal

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Upper
from django.utils import timezone

from carts.models import Cart, Order
from config.lib.checks import in_choices
from customers.models import Customer, Store
from customers.models.stores import CURRENCY

_PERCENT = [MinValueValidator(Decimal(0)), MaxValueValidator(Decimal(100))]
_SHORTEST, _LONGEST = td(hours=1), td(days=365)


class OfferKind(models.TextChoices):
    PERCENT = "percent", "Percent off"
    AMOUNT = "amount", "Fixed amount off"
    FREE_SHIPPING = "free_shipping", "Free shipping"


class Audience(models.TextChoices):
    """By what the shopper bought before; see `recovery.discounts.people`."""

    ALL = "all", "Everybody"
    NEW = "new", "New: never ordered"
    LAPSED = "lapsed", "Lapsed: ordered, but not for 180 days"
    NEW_OR_LAPSED = "new_or_lapsed", "New or lapsed"
    LOYAL = "loyal", "Loyal: three orders or more"


class CodeSource(models.TextChoices):
    STORE_API = "store_api", "The shop makes a code for each shopper"
    POOL = "pool", "From codes that I import"
    STATIC = "static", "One code for everybody"


def valid_for(value: td) -> None:
    if not _SHORTEST <= value <= _LONGEST:
        raise ValidationError("Choose a time between one hour and one year.")


class Offer(models.Model):
    """A discount that a step may carry: what it gives, to whom, and how much it may cost in a month.

    `value` is percent for `percent`, money for `amount`; for `free_shipping` it is what one delivery costs the store
    at most, which only the budget and the report look at. Money is in `currency`.
    """

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="offers")
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=14, choices=OfferKind, default=OfferKind.PERCENT)
    value = models.DecimalField(
        max_digits=15, decimal_places=3, default=Decimal(10), validators=[MinValueValidator(Decimal(0))]
    )
    currency = models.CharField(max_length=3, validators=[CURRENCY], default="EUR")
    minimum = models.DecimalField(
        max_digits=15, decimal_places=3, default=Decimal(0), validators=[MinValueValidator(Decimal(0))]
    )
    # The shop's own product ids; empty: everything. The cart must hold one of them, and only they become cheaper.
    products = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    valid_for = models.DurationField(default=td(days=3), validators=[valid_for])
    audience = models.CharField(max_length=14, choices=Audience, default=Audience.NEW_OR_LAPSED)
    guard_fishing = models.BooleanField(default=True)
    days_between = models.PositiveSmallIntegerField(default=180)
    monthly_budget = models.DecimalField(
        max_digits=15, decimal_places=3, null=True, blank=True, validators=[MinValueValidator(Decimal(0))]
    )
    # Percent of what is paid that must be left once the goods are paid too (Store.margin says what they cost).
    margin_floor = models.DecimalField(max_digits=5, decimal_places=2, null=True, blank=True, validators=_PERCENT)
    source = models.CharField(max_length=10, choices=CodeSource, default=CodeSource.STORE_API)
    static_code = models.CharField(max_length=60, blank=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["name"]
        constraints = [
            in_choices("kind", OfferKind),
            in_choices("audience", Audience),
            in_choices("source", CodeSource),
            models.UniqueConstraint(fields=["store", "name"], name="offer_name_is_one"),
            models.CheckConstraint(
                name="offer_gives_something", condition=Q(value__gt=0) | Q(kind=OfferKind.FREE_SHIPPING, value__gte=0)
            ),
            models.CheckConstraint(
                name="offer_percent_is_one", condition=~Q(kind=OfferKind.PERCENT) | Q(value__lte=100)
            ),
            models.CheckConstraint(
                name="offer_static_has_its_code", condition=~Q(source=CodeSource.STATIC) | ~Q(static_code="")
            ),
        ]

    def __str__(self) -> str:
        return self.name


class StoreDiscount(models.Model):
    """What the shop itself calls a discount: terms and an end that many codes share (Shopify).

    The row is committed with its first code before the shop is asked, so that whoever comes after a crash finds by the
    code what was made.
    """

    offer = models.ForeignKey(Offer, on_delete=models.CASCADE, related_name="store_discounts")
    terms_key = models.CharField(max_length=64)  # a hash of the terms: an edited offer makes a new discount
    ends_at = models.DateTimeField()
    first_code = models.CharField(max_length=60)
    external_id = models.CharField(max_length=200, blank=True)  # "" until the shop has answered
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["offer", "terms_key", "ends_at"], name="store_discount_is_one"),
        ]

    def __str__(self) -> str:
        return self.external_id or f"discount of {self.offer}"


class CodeState(models.TextChoices):
    """spare -> live (a code out of the pool); wanted -> creating -> live | wanted (again later) | failed.

    live -> redeemed | revoked | expired; revoked, expired -> redeemed (the order came late, or the shop was slower).
    """

    SPARE = "spare", "In the pool"
    WANTED = "wanted", "To be made"
    CREATING = "creating", "Being made"
    LIVE = "live", "Valid"
    REDEEMED = "redeemed", "Used"
    REVOKED = "revoked", "Taken back"
    EXPIRED = "expired", "Expired"
    FAILED = "failed", "Could not be made"


#: A shopper who has one of these gets no second code.
HELD = (CodeState.WANTED, CodeState.CREATING, CodeState.LIVE)
#: The longest that a shop may take to answer for a code; what is given up before is ended only after this.
BEING_MADE = td(minutes=10)


class DiscountCodeQuerySet(models.QuerySet["DiscountCode"]):
    def due(self, now: datetime) -> DiscountCodeQuerySet:
        """Codes that the shop has to be asked for, longest waiting first."""
        return self.filter(state=CodeState.WANTED, due_at__lte=now).order_by("due_at", "pk")

    def to_close(self, now: datetime) -> DiscountCodeQuerySet:
        """Codes that are dead here and may still stand in the shop."""
        return self.filter(close_at__lte=now).order_by("close_at")

    def held(self) -> DiscountCodeQuerySet:
        return self.filter(state__in=HELD)


class DiscountCode(models.Model):
    """One code: for one shopper, or still in the pool. Of a static offer, one row for each shopper who was told it.

    Decision: "one live code per shopper" is no unique index. The sender holds the shopper's row while it decides; an
    index would make a webhook fail that joins two shoppers who have a code each.
    """

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="discount_codes", db_index=False)
    # RESTRICT, not PROTECT: with the whole store they may go.
    offer = models.ForeignKey(Offer, on_delete=models.RESTRICT, related_name="codes", db_index=False)
    store_discount = models.ForeignKey(StoreDiscount, on_delete=models.SET_NULL, null=True, related_name="codes")
    code = models.CharField(max_length=60)
    is_shared = models.BooleanField(default=False)  # a static code: the same text in many rows
    state = models.CharField(max_length=8, choices=CodeState)
    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, null=True, blank=True, related_name="discount_codes"
    )
    cart = models.ForeignKey(Cart, on_delete=models.CASCADE, null=True, blank=True, related_name="codes_given")
    # The message that it was made for; later ones may carry it too (Message.discount_code).
    message = models.OneToOneField(
        "recovery.Message", on_delete=models.SET_NULL, null=True, blank=True, related_name="code_made"
    )
    terms = models.JSONField(default=dict)  # as they were when it was given: see recovery.discounts.terms

    due_at = models.DateTimeField(null=True, blank=True)  # when the shop is asked next; None: nothing to ask
    claimed_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    job = models.CharField(max_length=200, blank=True)  # what the shop is still working on
    reason = models.CharField(max_length=30, blank=True)
    detail = models.CharField(max_length=300, blank=True)
    external_id = models.CharField(max_length=200, blank=True)

    created_at = models.DateTimeField(default=timezone.now)
    given_at = models.DateTimeField(null=True, blank=True)  # when a message with it was sent first
    expires_at = models.DateTimeField(null=True, blank=True)  # counted from the send that told of it
    ends_at = models.DateTimeField(null=True, blank=True)  # in the shop: a little later than what the shopper is told
    redeemed_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    close_at = models.DateTimeField(null=True, blank=True)  # when the shop is told that it is dead
    ended_at = models.DateTimeField(null=True, blank=True)  # when the shop was told to honour it no longer
    order = models.ForeignKey(Order, on_delete=models.SET_NULL, null=True, blank=True, related_name="codes_redeemed")
    possible_cost = models.DecimalField(max_digits=15, decimal_places=3, default=0)  # on the cart as it stood
    amount_redeemed = models.DecimalField(max_digits=15, decimal_places=3, null=True, blank=True)
    currency = models.CharField(max_length=3)  # of both amounts

    objects = DiscountCodeQuerySet.as_manager()

    class Meta:
        constraints = [
            in_choices("state", CodeState),
            models.UniqueConstraint("store", Upper("code"), name="discount_code_is_one", condition=Q(is_shared=False)),
            models.CheckConstraint(
                name="discount_code_has_a_shopper", condition=Q(state=CodeState.SPARE) | Q(customer__isnull=False)
            ),
        ]
        indexes = [
            models.Index("store", Upper("code"), name="discount_code_by_text"),
            models.Index(fields=["due_at"], name="discount_code_due", condition=Q(state="wanted")),
            models.Index(fields=["claimed_at"], name="discount_code_in_hand", condition=Q(state="creating")),
            models.Index(fields=["expires_at"], name="discount_code_dying", condition=Q(state="live")),
            models.Index(fields=["close_at"], name="discount_code_to_close", condition=Q(close_at__isnull=False)),
            models.Index(fields=["offer", "created_at"], name="discount_code_of_offer"),
            models.Index(fields=["offer", "id"], name="discount_code_spare", condition=Q(state="spare")),
        ]

    def __str__(self) -> str:
        return self.code
