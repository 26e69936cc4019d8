"""A made-up shopper and cart: for previews, for checking what a marketer wrote, and for those who approve templates."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from carts.models import Cart
from customers.models import Store
from recovery.outbox.context import cart_context, store_context

_EXAMPLE = "https://shop.example/r/abcdefghijkmnpqr/"


def sample(store: Store, cart: Cart | None = None) -> dict[str, Any]:
    """What a template may see, for a shopper called Anna. Without a cart, one is made up."""
    return {
        "store": store_context(store),
        "customer": {"first_name": "Anna", "last_name": "Virtanen"},
        "cart": cart_context(cart.lines, cart.total, cart.quantity, cart.currency) if cart else _made_up(store),
        **dict.fromkeys(("recovery_url", "unsubscribe_url", "preferences_url"), _EXAMPLE),
        "discount": None,
    }


def _made_up(store: Store) -> dict[str, Any]:
    lines = [
        {"title": "Linen shirt", "variant_title": "M, sand", "quantity": 1, "price": "79.00"},
        {"title": "Stoneware mug", "quantity": 2, "price": "18.50"},
    ]
    return cart_context(lines, Decimal("116.00"), 3, store.currency)
