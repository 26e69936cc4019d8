"""What offers cost and brought: codes given and used, and the orders that used them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from django.db.models import Count, Q, QuerySet, Sum

from customers.models import Store
from recovery.models import CodeState, DiscountCode, Offer


@dataclass(frozen=True, slots=True)
class Money:
    """In one currency: what the orders with a code came to, and how much the codes took off."""

    revenue: Decimal
    given_away: Decimal


@dataclass(slots=True)
class Cost:
    """One offer. `given` are codes that were told to a shopper; the others say what became of them.

    Money is by currency, and without cancelled, deleted and test orders. `revenue` is what buyers paid with a code: not
    what the code brought, since some of them would have bought anyway.
    """

    offer: Offer
    given: int = 0
    redeemed: int = 0
    revoked: int = 0
    expired: int = 0
    failed: int = 0
    spare: int = 0
    money: dict[str, Money] = field(default_factory=dict)


def cost_of_offers(store: Store, *, since: datetime | None = None, until: datetime | None = None) -> list[Cost]:
    """Every offer of the store, by name, counting codes that were made in [since, until)."""
    found = {offer.pk: Cost(offer) for offer in Offer.objects.filter(store=store).order_by("name")}
    codes = DiscountCode.objects.filter(store=store).order_by()
    codes = codes.filter(created_at__gte=since) if since else codes
    codes = codes.filter(created_at__lt=until) if until else codes
    _count(codes, found)
    used = codes.filter(
        state=CodeState.REDEEMED, order__cancelled_at=None, order__deleted_at=None, order__is_test=False
    )
    sums = used.values_list("offer_id", "currency").annotate(Sum("order__total"), Sum("amount_redeemed"))
    for offer_id, currency, revenue, given_away in sums:
        found[offer_id].money[currency] = Money(revenue or Decimal(0), given_away or Decimal(0))
    return list(found.values())


def _count(codes: QuerySet[DiscountCode], found: dict[int, Cost]) -> None:
    states = ("redeemed", "revoked", "expired", "failed", "spare")
    told = Q(given_at__isnull=False)
    rows = codes.values_list("offer_id").annotate(
        given=Count("pk", filter=told), **{f"n_{state}": Count("pk", filter=Q(state=state)) for state in states}
    )
    for offer_id, given, *counts in rows:
        found[offer_id].given = given
        for state, count in zip(states, counts, strict=True):
            setattr(found[offer_id], state, count)
