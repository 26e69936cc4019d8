"""What the demo shop remembers, in Redis, for two weeks: carts, and who holds which in this browser.

A cart knows no person, so that its restore link can be opened anywhere and shows nobody's data. The contact stays with
the browser that typed it.
"""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import Any

import redis
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from config.demo.catalogue import BY_SLUG, Product, Sums, sums

COOKIE = "demo_shopper"
_SECONDS = 14 * 86_400
MOST = 99  # of one product


@dataclass
class Cart:
    """`id` is what webhooks call it; `restore` is the secret part of its restore link, and `came_back` says that the
    link was opened. Times are ISO 8601. `off` (of the goods), `free_shipping` and `refused` (a sentence) are what the
    till said of the discount code last: for a cart that was bought, what it paid."""

    id: str
    restore: str
    created_at: str
    updated_at: str
    quantities: dict[str, int] = field(default_factory=dict)
    checkout_id: str = ""
    discount_code: str = ""
    order_number: str = ""
    came_back: bool = False
    off: str = "0.00"
    free_shipping: bool = False
    refused: str = ""

    @property
    def lines(self) -> list[tuple[Product, int, Decimal]]:
        """Product, how many, and what they cost together."""
        known = [(BY_SLUG[slug], count) for slug, count in self.quantities.items() if slug in BY_SLUG]
        return [(product, count, product.price * count) for product, count in known]

    @property
    def count(self) -> int:
        return sum(count for _, count, _ in self.lines)

    @property
    def sums(self) -> Sums:
        held = {product.slug: count for product, count, _ in self.lines}
        return sums(held, Decimal(self.off), free_shipping=self.free_shipping)

    @property
    def applied(self) -> str:
        """The discount code, where it does something; else ""."""
        return "" if self.refused else self.discount_code


@dataclass
class Shopper:
    """One browser."""

    id: str
    cart_id: str = ""
    contact: dict[str, Any] = field(default_factory=dict)


def store() -> redis.Redis:
    """The connection of this process."""
    return _client(settings.REDIS_URL, os.getpid())


@lru_cache(maxsize=4)
def _client(url: str, pid: int) -> redis.Redis:
    return redis.Redis.from_url(url, decode_responses=True, socket_timeout=5)


def shopper_of(request: HttpRequest) -> Shopper:
    """Whose browser this is; a new one, not kept yet, when it is not known."""
    known = _load(f"demo:shopper:{request.COOKIES.get(COOKIE, '')[:100]}")
    return Shopper(**known) if known else Shopper(id=secrets.token_urlsafe(24))


def keep_shopper(shopper: Shopper, response: HttpResponse) -> HttpResponse:
    """Remember the shopper, and let the browser carry the name."""
    _save(f"demo:shopper:{shopper.id}", asdict(shopper))
    response.set_cookie(
        COOKIE,
        shopper.id,
        max_age=_SECONDS,
        path="/demo/",
        httponly=True,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )
    return response


def cart_of(shopper: Shopper) -> Cart:
    """The shopper's open cart; a new one, not kept yet, when there is none or it was bought."""
    known = _load(f"demo:cart:{shopper.cart_id}") if shopper.cart_id else None
    if known and not known["order_number"]:
        return Cart(**known)
    moment = timezone.now().isoformat()
    return Cart(f"c-{secrets.token_hex(6)}", secrets.token_urlsafe(24), moment, moment)


def keep_cart(cart: Cart, shopper: Shopper) -> None:
    """Remember the cart as the shopper's own, changed now."""
    cart.updated_at = timezone.now().isoformat()
    shopper.cart_id = cart.id
    _save(f"demo:cart:{cart.id}", asdict(cart))
    store().set(f"demo:restore:{cart.restore}", cart.id, ex=_SECONDS)


def take_over(cart: Cart, shopper: Shopper, code: str) -> None:
    """The cart came back by its link, with a discount code or "". That alone is no change of the cart."""
    cart.came_back, cart.discount_code = True, code or cart.discount_code
    shopper.cart_id = cart.id
    _save(f"demo:cart:{cart.id}", asdict(cart))


def cart_behind(restore: str) -> Cart | None:
    """The cart that a restore link leads to, bought or not; None when there is none any more."""
    cart_id = store().get(f"demo:restore:{restore}")
    known = _load(f"demo:cart:{cart_id!s}") if cart_id else None
    return Cart(**known) if known else None


def bought_cart(shopper: Shopper) -> Cart | None:
    """The cart that the shopper has just bought."""
    known = _load(f"demo:cart:{shopper.cart_id}") if shopper.cart_id else None
    return Cart(**known) if known and known["order_number"] else None


def _load(key: str) -> dict[str, Any] | None:
    text = store().get(key)
    return json.loads(str(text)) if text else None


def _save(key: str, values: dict[str, Any]) -> None:
    store().set(key, json.dumps(values), ex=_SECONDS)
