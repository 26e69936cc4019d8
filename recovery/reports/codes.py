"""What became of discount codes and what they took off orders: for the report's page and for an offer's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Count

from customers.models import Store
from recovery.models import DiscountCode, Offer
from recovery.reports.judged import COUNTS
from recovery.reports.kept import fetch

# A code is over when it was used or its time has run out. Money is of orders that count: one that was cancelled gave
# nothing away. An offer may have been given in more than one currency.
_GIVEN = f"""
    SELECT d.offer_id, d.currency, count(*),
        count(*) FILTER (WHERE d.given_at + f.valid_for <= %(as_of)s OR d.redeemed_at <= %(as_of)s),
        count(*) FILTER (WHERE d.redeemed_at <= %(as_of)s),
        count(o.id), coalesce(sum(d.amount_redeemed) FILTER (WHERE o.id IS NOT NULL), 0), coalesce(sum(o.total), 0)
    FROM recovery_discountcode d JOIN recovery_offer f ON f.id = d.offer_id
    LEFT JOIN carts_order o ON o.id = d.order_id AND d.redeemed_at <= %(as_of)s AND {COUNTS}
    WHERE d.store_id = %(store)s AND d.given_at >= %(from)s AND d.given_at < %(to)s AND d.given_at <= %(as_of)s
      AND (%(currency)s = '' OR d.currency = %(currency)s)
    GROUP BY 1, 2 ORDER BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class Given:
    """The codes of one offer in one currency that were told to a shopper. `over`: used, or their time has run out.

    `taken_off` and `paid` are of the `orders` that count. `paid` is what buyers with a code paid: not what the code
    brought, since some of them would have bought anyway.
    """

    offer_id: int
    currency: str
    given: int
    over: int
    redeemed: int
    orders: int
    taken_off: Decimal
    paid: Decimal


def codes_given(
    store: Store, *, as_of: datetime, since: datetime | None = None, until: datetime | None = None, currency: str = ""
) -> list[Given]:
    """Of each offer, its codes that were given in [since, until), as everything stood at `as_of`."""
    told = {
        "store": store.pk, "as_of": as_of, "from": since or datetime.min.replace(tzinfo=UTC),
        "to": until or datetime.max.replace(tzinfo=UTC),
        "currency": currency,
    }  # fmt: skip
    return [Given(*row) for row in fetch(_GIVEN, told)]


@dataclass(slots=True)
class Cost:
    """An offer: its codes so far, and how many are in each state (see CodeState) by now."""

    offer: Offer
    given: Sequence[Given] = ()
    states: dict[str, int] = field(default_factory=dict)

    def total(self, name: str) -> int:
        return sum(getattr(one, name) for one in self.given)


def cost_of(offer: Offer, *, as_of: datetime) -> Cost:
    """Everything since the offer was made."""
    rows: Any = DiscountCode.objects.filter(offer=offer).order_by().values_list("state").annotate(Count("pk"))
    mine = [one for one in codes_given(offer.store, as_of=as_of) if one.offer_id == offer.pk]
    return Cost(offer, mine, dict(rows))
