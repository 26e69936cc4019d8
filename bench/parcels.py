"""Webhooks as stores post them, about 1 kB each: made-up shoppers, real signatures. Knows nothing of Django."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from datetime import timedelta as td

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
FIRST_NAMES = "Aino Bram Chloé Dan Elsa Finn Greta Hugo Ines Jon".split()
THINGS = ["Linen shirt", "Wool socks", "Oak stool", "Clay mug", "Reading lamp"]


def shopify_checkout(n: int, at: datetime, *, lines: int = 1, yes: bool = True) -> bytes:
    """The checkout of shopper number n, in the shape of Shopify's checkouts/update."""
    name = FIRST_NAMES[n % len(FIRST_NAMES)]
    person = {
        "id": 6_300_000_000_000 + n,
        "email": f"shopper{n}@mail.example",
        "first_name": name,
        "last_name": "Virta",
    }
    body = {
        "id": 37_000_000_000_000 + n,
        "token": f"c0ffee{n:010d}",
        "cart_token": f"hWN7{n:010d}",
        "email": person["email"],
        "gateway": None,
        "buyer_accepts_marketing": yes,
        "created_at": at.isoformat(),
        "updated_at": at.isoformat(),
        "landing_site": "/products/linen-shirt?utm_source=news",
        "referring_site": "https://search.example/",
        "shipping_lines": [],
        "taxes_included": True,
        "currency": "EUR",
        "presentment_currency": "EUR",
        "completed_at": None,
        "customer_locale": "en-GB",
        "line_items": [_line(n + number) for number in range(lines)],
        "abandoned_checkout_url": f"https://puro.myshopify.com/55501/checkouts/ac/hWN7{n:010d}/recover?key=0a1b2c3d",
        "total_price": f"{39.9 * lines:.2f}",
        "customer": person,
    }
    return json.dumps(body, separators=(",", ":")).encode()


def _line(n: int) -> dict[str, object]:
    return {
        "product_id": 7_100_000 + n % 500,
        "variant_id": 47_110_000 + n % 500,
        "title": THINGS[n % len(THINGS)],
        "quantity": 1,
        "sku": f"SKU-{n % 500}",
        "variant_title": "M / White",
        "vendor": "Puro",
        "price": "39.90",
        "line_price": "39.90",
    }


def generic_checkout(n: int, at: datetime) -> bytes:
    """The same in the generic format."""
    data = {
        "token": f"c0ffee{n:010d}",
        "updated_at": at.isoformat(),
        "customer": {
            "id": str(n),
            "email": f"shopper{n}@mail.example",
            "first_name": FIRST_NAMES[n % len(FIRST_NAMES)],
        },
        "currency": "EUR",
        "total": "39.90",
        "items": [{"product_id": str(n % 500), "title": THINGS[n % 5], "quantity": 1, "price": "39.90"}],
        "restore_url": f"https://shop.example/checkout/{n:010d}?key=0a1b2c3d",
        "note": "x" * 380,  # what a shop adds of its own
    }
    whole = {"type": "checkout.updated", "timestamp": at.isoformat(), "data": data}
    return json.dumps(whole, separators=(",", ":")).encode()


def shopify_headers(n: int, body: bytes, at: datetime) -> dict[str, str]:
    """As Shopify sends them, with the signature."""
    return {
        "X-Shopify-Topic": "checkouts/update",
        "X-Shopify-Hmac-Sha256": _base64_hmac(SECRET.encode(), body),
        "X-Shopify-Shop-Domain": "puro.myshopify.com",
        "X-Shopify-Api-Version": "2026-04",
        "X-Shopify-Webhook-Id": f"b1d3c0de-0000-4000-8000-{n:012d}",
        "X-Shopify-Event-Id": f"e7e47000-0000-4000-8000-{n:012d}",
        "X-Shopify-Triggered-At": at.isoformat(),
    }


def generic_headers(n: int, body: bytes, at: datetime) -> dict[str, str]:
    """As Standard Webhooks 1.0.0 wants them, with the signature."""
    name, stamp = f"msg_{n:012d}", str(int(at.timestamp()))
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    signature = _base64_hmac(key, f"{name}.{stamp}.".encode() + body)
    return {"webhook-id": name, "webhook-timestamp": stamp, "webhook-signature": f"v1,{signature}"}


def requests_of(platform: str, path: str, count: int) -> list[bytes]:
    """Whole HTTP requests, ready to be written to a socket, each with a name of its own, signed now."""
    make, sign = {
        "shopify": (shopify_checkout, shopify_headers),
        "generic": (generic_checkout, generic_headers),
    }[platform]
    now = datetime.now(UTC)
    made = []
    for n in range(count):
        body = make(n, now - td(seconds=5))
        made.append(_request(path, {**sign(n, body, now), "Content-Type": "application/json"}, body))
    return made


def _request(path: str, headers: dict[str, str], body: bytes) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", "User-Agent: bench", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def _base64_hmac(key: bytes, message: bytes) -> str:
    return base64.b64encode(hmac.digest(key, message, hashlib.sha256)).decode()
