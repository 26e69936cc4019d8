"""Signed webhooks for tests, made without the code that checks them."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from carts.sources.base import Parcel, Shop

HERE = Path(__file__).parent
NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
SHOP = Shop(domain="shop.example", currency="EUR", timezone="Europe/Helsinki")


def load(platform: str, name: str) -> bytes:
    """The body of a fixture: `load("shopify", "checkouts_update__no_address")`."""
    return (HERE / platform / "fixtures" / f"{name}.json").read_bytes()


def names(platform: str) -> list[str]:
    """All fixtures of a platform."""
    return sorted(path.stem for path in (HERE / platform / "fixtures").glob("*.json"))


def _base64(key: bytes, message: bytes) -> str:
    return base64.b64encode(hmac.new(key, message, hashlib.sha256).digest()).decode()


def shopify_headers(
    topic: str, body: bytes, secret: str, *, webhook_id: str = "w-1", triggered_at: str = "", test: bool = False
) -> dict[str, str]:
    """The headers that Shopify sends with this body."""
    headers = {
        "Content-Type": "application/json",
        "X-Shopify-Topic": topic,
        "X-Shopify-Hmac-Sha256": _base64(secret.encode(), body),
        "X-Shopify-Shop-Domain": "puro.myshopify.com",
        "X-Shopify-API-Version": "2026-01",
        "X-Shopify-Webhook-Id": webhook_id,
        "X-Shopify-Event-Id": f"event-of-{webhook_id}",
    }
    if triggered_at:
        headers["X-Shopify-Triggered-At"] = triggered_at
    return headers | ({"X-Shopify-Test": "true"} if test else {})


def woo_headers(
    topic: str, body: bytes, secret: str, *, delivery_id: str = "d-1", webhook_id: str = "4"
) -> dict[str, str]:
    """The headers that WooCommerce sends with this body."""
    resource, _, event = topic.partition(".")
    return {
        "Content-Type": "application/json",
        "X-WC-Webhook-Source": "https://shop.example/",
        "X-WC-Webhook-Topic": topic,
        "X-WC-Webhook-Resource": resource,
        "X-WC-Webhook-Event": event,
        "X-WC-Webhook-Signature": _base64(secret.encode(), body),
        "X-WC-Webhook-ID": webhook_id,
        "X-WC-Webhook-Delivery-ID": delivery_id,
    }


def generic_headers(body: bytes, secret: str, *, webhook_id: str = "msg_1", at: datetime = NOW) -> dict[str, str]:
    """The headers of Standard Webhooks; `secret` is whsec_ and base64, or plain text."""
    prefix, encoded = secret[:6], secret[6:]
    key = base64.b64decode(encoded + "==") if prefix == "whsec_" else secret.encode()
    stamp = str(int(at.timestamp()))
    return {
        "Content-Type": "application/json",
        "webhook-id": webhook_id,
        "webhook-timestamp": stamp,
        "webhook-signature": "v1," + _base64(key, f"{webhook_id}.{stamp}.".encode() + body),
    }


def parcel(headers: Mapping[str, str], body: bytes, received_at: datetime = NOW) -> Parcel:
    """What the inbox makes of a request with these headers."""
    return Parcel({name.lower(): value for name, value in headers.items()}, body, received_at)
