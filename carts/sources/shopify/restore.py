"""The way back into a Shopify cart."""

from __future__ import annotations

from carts.sources.base import RestoreFacts, Shop
from carts.sources.links import on_store, products, with_parameter


def restore_address(facts: RestoreFacts, shop: Shop) -> str:
    """The checkout's own recovery address, else a cart permalink of the variants; both take `discount=CODE`.

    A cart without a checkout has no address of its own in any webhook. The permalink loses line properties.
    """
    recovery = with_parameter(facts.restore_url, "discount", facts.discount_code)
    if recovery:
        return recovery
    wanted = products(facts.lines, or_product=False)
    permalink = on_store(shop.domain, f"cart/{wanted}") if wanted else ""
    return with_parameter(permalink, "discount", facts.discount_code)
