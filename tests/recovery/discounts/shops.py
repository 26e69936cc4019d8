"""The two shops that make codes, as stores of ours whose API is a stand-in."""

from __future__ import annotations

from typing import Any

from customers.models import Store
from recovery.models import DiscountCode, Offer
from tests.factories import make_offer, make_store
from tests.standins.shopify_admin import TOKEN, ShopifyStandin
from tests.standins.woocommerce_api import KEY, SECRET, WooCommerceStandin

Shop = ShopifyStandin | WooCommerceStandin


def store_of(shop: Shop) -> Store:
    """A store that has access to the shop's API."""
    if isinstance(shop, ShopifyStandin):
        store, access = make_store(platform="shopify"), {"secret": TOKEN}
    else:
        store, access = make_store(platform="woocommerce"), {"key": KEY, "secret": SECRET}
    store.set_api(access | {"host": shop.host_and_port})
    store.save()
    return store


def offer_of(shop: Shop, **fields: Any) -> Offer:
    """Ten percent, by the shop's own API."""
    return make_offer(store_of(shop), source="store_api", static_code="", **fields)


def codes_in(shop: Shop) -> set[str]:
    """Every code that stands in the shop, upper-case."""
    return set(shop.codes) if isinstance(shop, ShopifyStandin) else {code.upper() for code in shop.by_code}


def the_code() -> DiscountCode:
    return DiscountCode.objects.get()
