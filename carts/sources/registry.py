"""The shops that Cartback can read. A new one is a folder beside these and a line here."""

from __future__ import annotations

from carts.sources.base import Source
from carts.sources.codes import CodeMaker
from carts.sources.generic.adapter import Generic
from carts.sources.shopify.adapter import Shopify
from carts.sources.shopify.api import ShopifyCodes
from carts.sources.woocommerce.adapter import WooCommerce
from carts.sources.woocommerce.api import WooCommerceCodes

SOURCES: dict[str, Source] = {source.platform: source for source in (Shopify(), WooCommerce(), Generic())}

#: The shops that can be asked for discount codes.
CODE_MAKERS: dict[str, CodeMaker] = {"shopify": ShopifyCodes(), "woocommerce": WooCommerceCodes()}


def source_for(platform: str) -> Source:
    """The source of a store's platform. Raises LookupError for one that has none."""
    try:
        return SOURCES[platform]
    except KeyError:
        raise LookupError(f"no source for the platform {platform!r}; there are {', '.join(sorted(SOURCES))}") from None
