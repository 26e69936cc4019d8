"""Plain functions that make what tests need. Nothing here is a fixture, and nothing reads the clock."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from datetime import timedelta as td
from decimal import Decimal
from itertools import count
from typing import Any

from django.conf import settings
from django.db import transaction

from carts.apply import Fact, apply
from carts.models import Cart
from carts.snapshots import CartSnapshot, Consent, Line, OrderSnapshot, Person, Snapshot, Stage
from config.lib import sealing
from customers.models import Store, StoreSecret
from recovery.flows.standard import install_standard_flow
from recovery.models import Flow, Offer

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MUG = Line(product_id="p1", variant_id="v1", title="Mug", quantity=1, price=Decimal("20.00"))
LAMP = Line(product_id="p2", variant_id="v2", title="Lamp", quantity=2, price=Decimal("35.50"))

_numbers = count(1)


def ago(**kwargs: float) -> datetime:
    """A moment before NOW: ago(minutes=5)."""
    return NOW - td(**kwargs)


def after(**kwargs: float) -> datetime:
    """A moment after NOW: after(hours=24)."""
    return NOW + td(**kwargs)


def make_store(**fields: Any) -> Store:
    """A generic store with a secret, a timeout of half an hour and a postal address."""
    n = next(_numbers)
    defaults = {
        "slug": f"shop{n}",
        "name": "Puro",
        "platform": "generic",
        "domain": "shop.example",
        "currency": "EUR",
        "timezone": "Europe/Helsinki",
        "abandon_after": td(minutes=30),
        "sender_email": "hello@shop.example",
        "postal_address": "Puro Oy, Katu 1, 00100 Helsinki",
    }
    store = Store.objects.create(**(defaults | fields))
    StoreSecret.objects.create(
        store=store, sealed=sealing.seal(SECRET, settings.SEALING_SECRETS), created_at=ago(days=90)
    )
    return store


def make_flow(store: Store) -> Flow:
    """The standard flow, live: at abandonment, after 24 h, after 72 h."""
    return install_standard_flow(store, now=ago(days=30))


def make_offer(store: Store, **fields: Any) -> Offer:
    """Ten percent for everybody, valid for three days, once in 180 days, as one static code."""
    defaults: dict[str, Any] = {
        "name": "Ten percent",
        "value": Decimal(10),
        "currency": store.currency,
        "audience": "all",
        "source": "static",
        "static_code": "BACK10",
    }
    return Offer.objects.create(store=store, **(defaults | fields))


def person(n: int = 1, *, consents: Sequence[str] = ("email",), **fields: Any) -> Person:
    """Somebody who said yes to e-mail."""
    granted = tuple(Consent(channel, True) for channel in consents)
    return Person(**({"email": f"anna{n}@mail.example", "first_name": "Anna", "consents": granted} | fields))


def checkout(token: str = "C1", at: datetime = NOW, **fields: Any) -> CartSnapshot:
    """A checkout with a mug and a lamp in it, by Anna."""
    defaults: dict[str, Any] = {
        "kind": "checkout",
        "tokens": (f"checkout:{token}",),
        "updated_at": at,
        "created_at": at,
        "person": person(),
        "lines": (MUG, LAMP),
        "currency": "EUR",
        "total": Decimal("91.00"),
        "stage": Stage.CONTACT,
        "restore_url": "https://shop.example/checkout/C1",
    }
    return CartSnapshot(**(defaults | fields))


def order(external_id: str = "O1", at: datetime = NOW, token: str = "C1", **fields: Any) -> OrderSnapshot:
    """The order of `checkout(token)`."""
    defaults: dict[str, Any] = {
        "external_id": external_id,
        "tokens": (f"checkout:{token}",) if token else (),
        "placed_at": at,
        "updated_at": at,
        "person": person(),
        "lines": (MUG, LAMP),
        "currency": "EUR",
        "total": Decimal("96.00"),
        "shipping": Decimal("5.00"),
    }
    return OrderSnapshot(**(defaults | fields))


def put(store: Store, *snapshots: Snapshot, at: datetime = NOW) -> None:
    """Apply snapshots as if their deliveries had come in at `at`."""
    with transaction.atomic():
        apply(store, [Fact(snapshot, at) for snapshot in snapshots], now=at)


def abandoned_cart(store: Store, token: str = "C1", at: datetime = NOW, **fields: Any) -> Cart:
    """A cart that fell silent at `at`."""
    from carts.abandonment import sweep

    put(store, checkout(token, at, **fields), at=at)
    while sweep(at + store.abandon_after):
        pass
    return Cart.objects.get(store=store, tokens__token=f"checkout:{token}")
