"""Contexts as the outbox gives them: plain dicts."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from recovery.channels.email import Sender

SENDER = Sender("hello@shop.example", "Nordic & Co", "help@shop.example")


def item(title: str = "Wool sweater", **changes: Any) -> dict[str, Any]:
    usual = {"variant": "Green / M", "quantity": 1, "price": Decimal("89.90"), "line_total": Decimal("89.90")}
    usual |= {"image": "https://shop.example/1.jpg", "url": "https://shop.example/p/1"}
    return {"title": title, **usual, **changes}


def context(**changes: Any) -> dict[str, Any]:
    return {
        "store": store(),
        "customer": {"first_name": "Anna", "last_name": "Virtanen", "email": "anna@shopper.example"},
        "cart": cart(item()),
        "recovery_url": "https://go.shop.example/r/abc",
        "unsubscribe_url": "https://go.shop.example/u/abc",
        "preferences_url": "https://go.shop.example/preferences/abc",
        "discount": None,
        **changes,
    }


def store(**changes: Any) -> dict[str, Any]:
    usual = {"name": "Nordic & Co", "url": "https://shop.example", "support": "help@shop.example"}
    usual |= {"postal_address": "Katu 1\n00100 Helsinki", "currency": "EUR", "locale": "en"}
    return {**usual, **changes}


def cart(*items: dict[str, Any], **changes: Any) -> dict[str, Any]:
    total = sum((each["line_total"] or Decimal(0) for each in items), Decimal(0))
    return {"items": list(items), "total": total, "currency": "EUR", "count": len(items), **changes}
