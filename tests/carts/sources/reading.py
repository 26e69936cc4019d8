"""Reading fixtures through their adapter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from carts.snapshots import CartSnapshot, CustomerSnapshot, Ignored, OrderSnapshot, Snapshot
from carts.sources.base import Parcel, Shop
from carts.sources.generic import adapter as generic
from carts.sources.registry import SOURCES
from carts.sources.shopify import adapter as shopify
from carts.sources.woocommerce import adapter as woocommerce
from tests.carts.sources.signing import SHOP, generic_headers, load, parcel, shopify_headers, woo_headers

EVENTS: Mapping[str, Mapping[str, object]] = {
    "shopify": shopify.EVENTS,
    "woocommerce": woocommerce.EVENTS,
    "generic": generic.EVENTS,
}


def topic_of(platform: str, name: str) -> str:
    """The topic that a fixture's name tells. Raises KeyError for one that the adapter does not declare."""
    spelled = {topic.replace("/", "_").replace(".", "_"): topic for topic in EVENTS[platform]}
    return spelled[name.partition("__")[0]]


def packed(platform: str, topic: str, body: bytes, **headers: str) -> Parcel:
    """A signed parcel of this topic."""
    if platform == "shopify":
        return parcel(shopify_headers(topic, body, "hush") | headers, body)
    if platform == "woocommerce":
        return parcel(woo_headers(topic, body, "hush") | headers, body)
    return parcel(generic_headers(body, "hush") | headers, body)


def read(platform: str, name: str, shop: Shop = SHOP, /, **headers: str) -> Snapshot:
    """The one snapshot of a fixture."""
    return read_body(platform, topic_of(platform, name), load(platform, name), shop, **headers)


def read_body(platform: str, topic: str, body: bytes, shop: Shop = SHOP, /, **headers: str) -> Snapshot:
    """The one snapshot of a body."""
    [found] = SOURCES[platform].read(packed(platform, topic, body, **headers), shop)
    return found


def changed(platform: str, name: str, **fields: Any) -> bytes:
    """A fixture with some of its fields replaced; for the generic format, fields of `data`."""
    body = orjson.loads(load(platform, name))
    (body["data"] if platform == "generic" else body).update(fields)
    return orjson.dumps(body)


def cart(platform: str, name: str, shop: Shop = SHOP, /, **headers: str) -> CartSnapshot:
    found = read(platform, name, shop, **headers)
    assert isinstance(found, CartSnapshot)
    return found


def order(platform: str, name: str, shop: Shop = SHOP) -> OrderSnapshot:
    found = read(platform, name, shop)
    assert isinstance(found, OrderSnapshot)
    return found


def customer(platform: str, name: str) -> CustomerSnapshot:
    found = read(platform, name)
    assert isinstance(found, CustomerSnapshot)
    return found


def ignored(platform: str, name: str) -> str:
    """Why a fixture is left aside."""
    found = read(platform, name)
    assert isinstance(found, Ignored)
    return found.reason
