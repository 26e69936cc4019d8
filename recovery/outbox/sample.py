"""A made-up shopper and cart: for previews, for checking what a marketer wrote, and for those who approve templates."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from carts.models import Cart
from customers.models import Store
from recovery.outbox.context import cart_context, store_context

_EXAMPLE = "https://shop.example/r/abcdefghijkmnpqr/"
_OPT_OUT = "https://shop.example/u/abcdefghijkmnpqr/"
_SETTINGS = "https://shop.example/preferences/abcdefghijkmnpqr/"


def sample(store: Store, cart: Cart | None = None) -> dict[str, Any]:
    """What a template may see of a cart; without one, of a made-up cart by a shopper called Anna."""
    return {
        "store": store_context(store),
        "customer": _shopper(cart),
        "cart": cart_context(cart.lines, cart.total, cart.quantity, cart.currency) if cart else _made_up(store),
        "recovery_url": _EXAMPLE,
        "unsubscribe_url": _OPT_OUT,
        "preferences_url": _SETTINGS,
        "discount": None,
    }


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
