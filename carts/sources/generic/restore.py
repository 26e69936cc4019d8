"""The way back into a cart of a store that told us where it is."""

from __future__ import annotations

from carts.sources.base import RestoreFacts, Shop
from carts.sources.links import with_parameter


def restore_address(facts: RestoreFacts, shop: Shop) -> str:
    """The `restore_url` that the store sent, with `discount=CODE`; "" where it sent none."""
    return with_parameter(facts.restore_url, "discount", facts.discount_code)
