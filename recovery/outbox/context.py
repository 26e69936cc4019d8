"""What a template may see of one message. Plain values only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from config.lib.money import rounded
from customers.models import Store
from recovery.discounts.words import discount_context
from recovery.links.mint import MessageLinks
from recovery.models import Message
from recovery.outbox.reach import place_of_shopper


def context_of(message: Message, urls: MessageLinks, locale: str) -> dict[str, Any]:
    """The whole context of a message in one language."""
    code = message.discount_code
    return {
        "store": store_context(message.store),
        "customer": {"first_name": message.customer.first_name, "last_name": message.customer.last_name},
        "cart": cart_context(message.cart.lines, message.cart.total, message.cart.quantity, message.cart.currency),
        "recovery_url": urls.recover,
        "unsubscribe_url": urls.unsubscribe,
        "preferences_url": urls.preferences,
        "discount": discount_context(code, locale, place_of_shopper(message).zones[0]) if code else None,
    }


def store_context(store: Store) -> dict[str, Any]:
    return {
        "name": store.name,
        "url": f"https://{store.domain}" if not store.is_demo else "",
        "postal_address": store.postal_address,
        "support": store.support_contact,
        "currency": store.currency,
        "locale": store.locale,
    }


def cart_context(lines: Sequence[Mapping[str, Any]], total: Decimal, count: int, currency: str) -> dict[str, Any]:
    return {
        "items": [_item(line, currency) for line in lines],
        "total": total,
        "currency": currency,
        "count": count,
    }


def _item(line: Mapping[str, Any], currency: str) -> dict[str, Any]:
    price = Decimal(str(line.get("price", "0")))
    return {
        "title": line.get("title", ""),
        "variant": line.get("variant_title", ""),
        "quantity": line.get("quantity", 0),
        "price": price,
        "line_total": rounded(price * int(line.get("quantity", 0)), currency),
        "image": line.get("image_url", ""),
        "url": line.get("url", ""),
    }
