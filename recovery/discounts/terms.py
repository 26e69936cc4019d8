"""What an offer promises, frozen when a code is given: later edits of the offer change nothing for that shopper."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta as td
from decimal import Decimal
from typing import Any

from config.lib.money import rounded
from recovery.models import Offer, OfferKind


@dataclass(frozen=True, slots=True)
class Terms:
    """Money in `currency`, major units; `value` as in Offer. `products` empty: everything."""

    kind: str
    value: Decimal
    currency: str
    minimum: Decimal
    products: tuple[str, ...]
    valid_for: td

    @classmethod
    def of(cls, offer: Offer) -> Terms:
        return cls(
            offer.kind, offer.value, offer.currency, offer.minimum, tuple(sorted(offer.products)), offer.valid_for
        )

    @classmethod
    def read(cls, kept: Mapping[str, Any]) -> Terms:
        """From DiscountCode.terms."""
        return cls(
            kept["kind"],
            Decimal(kept["value"]),
            kept["currency"],
            Decimal(kept["minimum"]),
            tuple(kept["products"]),
            td(seconds=kept["valid_for"]),
        )

    def kept(self) -> dict[str, Any]:
        """For DiscountCode.terms."""
        return {
            "kind": str(self.kind),
            "value": _plain(self.value),
            "currency": self.currency,
            "minimum": _plain(self.minimum),
            "products": list(self.products),
            "valid_for": int(self.valid_for.total_seconds()),
        }

    @property
    def key(self) -> str:
        """The same for the same terms, and for no others. How long they hold is not among them."""
        told = {name: value for name, value in self.kept().items() if name != "valid_for"}
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()

    @property
    def speaks_of_money(self) -> bool:
        """Is there an amount in it that makes sense in one currency only?"""
        return self.kind == OfferKind.AMOUNT or self.minimum > 0

    def goods(self, lines: Sequence[Mapping[str, Any]], total: Decimal) -> Decimal:
        """How much of the cart may become cheaper."""
        if not self.products:
            return total
        ours = [line for line in lines if line.get("product_id") in self.products]
        return sum((Decimal(str(line["price"])) * int(line["quantity"]) for line in ours), Decimal(0))

    def cost(self, goods: Decimal, currency: str) -> Decimal:
        """What a cart or order with so much of eligible goods costs the store. Of free shipping: what was entered."""
        if self.kind == OfferKind.FREE_SHIPPING:
            return self.value
        if self.kind == OfferKind.AMOUNT:
            return min(self.value, goods)
        return rounded(goods * self.value / 100, currency)


def _plain(amount: Decimal) -> str:
    """10, not 10.000: what the database adds is no other promise."""
    return format(amount.normalize(), "f")
