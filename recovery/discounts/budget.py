"""How much of an offer's monthly budget is spoken for. Whoever adds to it holds the offer's row."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal

from django.db.models import Case, DecimalField, F, Sum, Value, When
from django.db.models.functions import Coalesce

from customers.models import Store
from recovery.models import CodeState, DiscountCode, Offer
from recovery.models.discounts import HELD


class Budgets:
    """The budgets of some offers for the length of a transaction; other senders wait for it to end.

    A code that is alive counts with what it may cost, a used one with what it did cost, and a dead one with nothing:
    what is not used is free again.
    """

    def __init__(self, offers: Iterable[Offer], *, now: datetime) -> None:
        limited = sorted(offer.pk for offer in offers if offer.monthly_budget is not None)
        # In the order of their keys: two senders never wait for each other.
        rows = Offer.objects.filter(pk__in=limited).select_related("store").order_by("pk")
        self._left = {
            offer.pk: (offer.monthly_budget or Decimal(0)) - spent(offer, now=now)
            for offer in rows.select_for_update(no_key=True, of=("self",))
        }

    def take(self, offer: Offer, cost: Decimal) -> bool:
        """Set the cost aside; False when less than that is left."""
        if offer.monthly_budget is None:
            return True
        if cost > self._left[offer.pk]:
            return False
        self._left[offer.pk] -= cost
        return True


def spent(offer: Offer, *, now: datetime) -> Decimal:
    """What this month's codes cost, or may still cost."""
    money: DecimalField[Decimal, Decimal] = DecimalField(max_digits=15, decimal_places=3)
    cost = Case(
        When(state__in=HELD, then=F("possible_cost")),
        When(state=CodeState.REDEEMED, then=Coalesce(F("amount_redeemed"), F("possible_cost"))),
        default=Value(Decimal(0)),
        output_field=money,
    )
    codes = DiscountCode.objects.filter(offer=offer, created_at__gte=month_start(offer.store, now))
    return codes.aggregate(sum=Sum(cost))["sum"] or Decimal(0)


def month_start(store: Store, now: datetime) -> datetime:
    """When this month began by the store's clock."""
    local = now.astimezone(store.zone)
    return local.replace(day=1, hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)
