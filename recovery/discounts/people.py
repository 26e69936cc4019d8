"""Who may have an offer: by what they bought before, and by whether they leave carts to be given a code."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from datetime import timedelta as td

from django.db.models import Count, Max, Q

from carts.models import Cart, Order
from recovery.models import Audience, CodeState, DiscountCode, Offer
from recovery.models.discounts import HELD

#: Who has not ordered for so long is lapsed.
LAPSED_AFTER = td(days=180)
#: From so many orders on somebody is loyal.
LOYAL_FROM = 3
#: Who left so many carts within so long, and has used a code before, is fishing for the next one.
FISHING_CARTS, FISHING_WITHIN = 2, td(days=30)


@dataclass(slots=True)
class Shopper:
    """What is known of one person."""

    orders: int = 0
    last_order_at: datetime | None = None
    carts_left: int = 0
    codes_used: int = 0
    last_code_at: datetime | None = None  # when they were given one
    held: list[DiscountCode] = field(default_factory=list)  # codes that may be alive, newest first


def shoppers(customer_ids: Iterable[int], *, now: datetime) -> dict[int, Shopper]:
    """Everything about these people, in four questions however many they are."""
    ids = list(set(customer_ids))
    found = {pk: Shopper() for pk in ids}
    orders = Order.objects.filter(customer_id__in=ids, cancelled_at=None, is_test=False, is_placed=True).order_by()
    counted = orders.values_list("customer_id").annotate(Count("pk"), Max("placed_at"))
    for customer_id, count, last in counted:
        found[customer_id].orders, found[customer_id].last_order_at = count, last
    left = Cart.objects.filter(customer_id__in=ids, first_abandoned_at__gt=now - FISHING_WITHIN).order_by()
    for customer_id, count in left.values_list("customer_id").annotate(Count("pk")):
        found[customer_id].carts_left = count
    codes = DiscountCode.objects.filter(customer_id__in=ids).order_by()
    told = codes.values_list("customer_id").annotate(
        used=Count("pk", filter=Q(state=CodeState.REDEEMED)), last=Max("given_at")
    )
    for customer_id, used, last in told:
        found[customer_id].codes_used, found[customer_id].last_code_at = used, last
    for code in codes.filter(state__in=HELD).order_by("-pk"):
        found[code.customer_id or 0].held.append(code)
    return found


def belongs(shopper: Shopper, audience: str, *, now: datetime) -> bool:
    """Is the shopper among those whom the offer is for?"""
    new = shopper.orders == 0
    lapsed = shopper.last_order_at is not None and shopper.last_order_at <= now - LAPSED_AFTER
    return {
        Audience.ALL.value: True,
        Audience.NEW.value: new,
        Audience.LAPSED.value: lapsed,
        Audience.NEW_OR_LAPSED.value: new or lapsed,
        Audience.LOYAL.value: shopper.orders >= LOYAL_FROM,
    }[audience]


def is_fishing(shopper: Shopper) -> bool:
    return shopper.carts_left >= FISHING_CARTS and shopper.codes_used > 0


def had_one_lately(shopper: Shopper, offer: Offer, *, now: datetime) -> bool:
    last = shopper.last_code_at
    return bool(offer.days_between and last and last > now - td(days=offer.days_between))
