"""What the till of the demo shop takes off for a discount code.

A real shop knows its discounts: its own people made them, or Cartback asked its API to. The demo shop has nobody who
could, so its till looks them up where the marketer wrote them, and honours an offer as a real shop would.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from config.lib.money import rounded
from recovery.demo import SLUG
from recovery.discounts.terms import Terms
from recovery.models import CodeSource, CodeState, DiscountCode, Offer, OfferKind

_ENDED = {
    CodeState.REDEEMED: "was used already",
    CodeState.REVOKED: "was taken back",
    CodeState.EXPIRED: "is not valid any more",
}
#: Promised to nobody yet, so that the shop cannot know it.
_UNMADE = (CodeState.WANTED, CodeState.CREATING, CodeState.FAILED)


@dataclass(frozen=True, slots=True)
class Worth:
    """What a code takes off the goods, and whether delivery is free; or in a sentence why it does nothing."""

    off: Decimal = Decimal(0)
    free_shipping: bool = False
    refused: str = ""


def worth(code: str, lines: Sequence[Mapping[str, Any]], currency: str, *, now: datetime) -> Worth:
    """Of a code on a cart of these lines (product_id, price, quantity)."""
    terms = _terms(code, now)
    if isinstance(terms, str):
        return Worth(refused=f"The code {code} {terms}.")
    total = sum((Decimal(str(line["price"])) * int(line["quantity"]) for line in lines), Decimal(0))
    goods = terms.goods(lines, total)
    if terms.speaks_of_money and terms.currency != currency:
        return Worth(refused=f"The code {code} is in {terms.currency}.")
    if total < terms.minimum:
        return Worth(refused=f"The code {code} needs goods for {rounded(terms.minimum, currency)} {currency} or more.")
    if not goods:
        return Worth(refused=f"The code {code} is for other products than these.")
    if terms.kind == OfferKind.FREE_SHIPPING:
        return Worth(free_shipping=True)
    return Worth(off=rounded(terms.cost(goods, currency), currency))


def _terms(code: str, now: datetime) -> Terms | str:
    """What was promised, or how the sentence ends that refuses it."""
    rows = DiscountCode.objects.filter(store__slug=SLUG, store__is_demo=True, is_shared=False, code__iexact=code)
    row = rows.select_related("offer").first()
    if row is None:
        return _shared(code)
    if row.state in _UNMADE:
        return "is not known here"
    if row.state in _ENDED:
        return _ENDED[CodeState(row.state)]
    end = row.ends_at or row.expires_at
    if end is not None and end <= now:
        return _ENDED[CodeState.EXPIRED]
    return Terms.read(row.terms) if row.terms else Terms.of(row.offer)


def _shared(code: str) -> Terms | str:
    """One code for everybody has no end of its own in a shop: it holds while the offer does."""
    offers = Offer.objects.filter(
        store__slug=SLUG, store__is_demo=True, source=CodeSource.STATIC, static_code__iexact=code
    )
    offer = offers.order_by("-is_active", "-pk").first()
    if offer is None:
        return "is not known here"
    return Terms.of(offer) if offer.is_active else _ENDED[CodeState.EXPIRED]
