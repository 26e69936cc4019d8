"""The texts of codes, and rows that are about to become one."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime, time
from datetime import timedelta as td
from zoneinfo import ZoneInfo

from django.conf import settings

from config.lib.sealing import derived_key
from recovery.discounts.terms import Terms
from recovery.models import DiscountCode, Message, Offer

_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # no look-alikes: people type them from a phone
_LENGTH = 10  # 31 signs: about 49 bits, and nothing to be learnt from another one


def code_text(offer: Offer, message: Message) -> str:
    """Always the same for the same offer and message, and to be guessed by nobody."""
    key = derived_key(settings.SECRET_KEY, "cartback.discount")
    said = f"{offer.pk}:{message.customer_id}:{message.pk}".encode()
    number = int.from_bytes(hmac.new(key, said, hashlib.sha256).digest(), "big")
    signs = []
    for _ in range(_LENGTH):
        number, rest = divmod(number, len(_ALPHABET))
        signs.append(_ALPHABET[rest])
    return "BACK-" + "".join(signs)


def new_code(offer: Offer, message: Message, terms: Terms, *, now: datetime) -> DiscountCode:
    """A row, not yet written: the shopper's, for the cart as it stands."""
    cart = message.cart
    return DiscountCode(
        store_id=message.store_id,
        offer=offer,
        code=code_text(offer, message),
        customer_id=message.customer_id,
        cart=cart,
        message=message,
        terms=terms.kept(),
        created_at=now,
        possible_cost=terms.cost(terms.goods(cart.lines, cart.total), cart.currency),
        currency=cart.currency,
    )


def ends_at(moment: datetime, zone: ZoneInfo) -> datetime:
    """The end of that day by the shopper's clock, in UTC.

    Shoppers are told a day ("valid until 5 March"), so the shop honours the code until that day is over. And codes that
    end together share one discount in the shop.
    """
    day = moment.astimezone(zone).date() + td(days=1)
    return datetime.combine(day, time(0), zone).astimezone(UTC)
