"""A made-up shopper and cart: for previews, for checking what a marketer wrote, and for those who approve templates."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from carts.models import Cart
from customers.models import Store
from recovery.discounts.terms import Terms
from recovery.discounts.words import shown
from recovery.models import CodeSource, Offer
from recovery.outbox.context import cart_context, store_context

_EXAMPLE_CODE = "BACK-EXAMPLE24"
_EXAMPLE = "https://shop.example/r/abcdefghijkmnpqr/"
_OPT_OUT = "https://shop.example/u/abcdefghijkmnpqr/"
_SETTINGS = "https://shop.example/preferences/abcdefghijkmnpqr/"


def sample(
    store: Store, cart: Cart | None = None, *, offer: Offer | None = None, locale: str = "", now: datetime | None = None
) -> dict[str, Any]:
    """What a template may see of a cart; without one, of a made-up cart by a shopper called Anna.

    With an offer and a moment, its code is shown as it would be: words and day are true, and nobody can use the code.
    """
    return {
        "store": store_context(store),
        "customer": _shopper(cart),
        "cart": cart_context(cart.lines, cart.total, cart.quantity, cart.currency) if cart else _made_up(store),
        "recovery_url": _EXAMPLE,
        "unsubscribe_url": _OPT_OUT,
        "preferences_url": _SETTINGS,
        "discount": _discount(store, offer, locale or store.locale, now) if offer and now else None,
    }


def _discount(store: Store, offer: Offer, locale: str, now: datetime) -> dict[str, Any]:
    code = offer.static_code if offer.source == CodeSource.STATIC else _EXAMPLE_CODE
    until = (now + offer.valid_for).astimezone(store.zone).date()
    return shown(Terms.of(offer), code, until, locale)


def _shopper(cart: Cart | None) -> dict[str, str]:
    """The cart's own shopper, so that a name that is missing is seen to be missing."""
    if cart is None:
        return {"first_name": "Anna", "last_name": "Virtanen"}
    who = cart.customer
    return {"first_name": who.first_name if who else "", "last_name": who.last_name if who else ""}


def _made_up(store: Store) -> dict[str, Any]:
    lines = [
        {"title": "Linen shirt", "variant_title": "M, sand", "quantity": 1, "price": "79.00"},
        {"title": "Stoneware mug", "quantity": 2, "price": "18.50"},
    ]
    return cart_context(lines, Decimal("116.00"), 3, store.currency)
