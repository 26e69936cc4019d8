"""The way back into a WooCommerce cart: the checkout link of WooCommerce 10.0 and newer.

Decision: neither an order's own payment address nor a plugin's tracking link is used. The first shows the order to
whoever holds it, the second has been known to log the visitor in.
"""

from __future__ import annotations

from carts.sources.base import RestoreFacts, Shop
from carts.sources.links import on_store, products, with_parameter


def restore_address(facts: RestoreFacts, shop: Shop) -> str:
    """A fresh checkout with the same simple products and variations, and the coupon; "" without any."""
    wanted = products(facts.lines, or_product=True)
    link = on_store(shop.domain, f"checkout-link/?products={wanted}") if wanted else ""
    return with_parameter(link, "coupon", facts.discount_code)
