"""What a discount code takes off. The one thing that this shop asks of Cartback itself: see `recovery.till`."""

from __future__ import annotations

from django.utils import timezone

from config.demo.catalogue import CURRENCY
from config.demo.memory import Cart
from recovery.till import worth


def priced(cart: Cart) -> Cart:
    """The open cart with what its code takes off just now."""
    if not cart.discount_code:
        cart.off, cart.free_shipping, cart.refused = "0.00", False, ""
        return cart
    lines = [{"product_id": p.slug, "price": p.price, "quantity": count} for p, count, _ in cart.lines]
    found = worth(cart.discount_code, lines, CURRENCY, now=timezone.now())
    cart.off, cart.free_shipping, cart.refused = str(found.off), found.free_shipping, found.refused
    return cart
