"""What the demo shop tells Cartback: its cart, checkout and order in the generic format (docs/webhooks.md)."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from config.demo.catalogue import CURRENCY, Product
from config.demo.memory import Cart, Shopper


def cart_event(cart: Cart, shopper: Shopper, user_agent: str, *, payment_failed: bool = False) -> tuple[str, Any]:
    """Type and data of the cart's news: a checkout's once the shopper said who they are, else the cart's own."""
    data: dict[str, Any] = {
        "id": cart.id,
        "created_at": cart.created_at,
        "updated_at": cart.updated_at,
        "currency": CURRENCY,
        "total": str(cart.sums.goods - cart.sums.discount),
        "items": _items(cart),
        "restore_url": f"{settings.PUBLIC_URL}/demo/restore/{cart.restore}/",
        "discount_codes": [cart.applied] if cart.applied else [],
        "user_agent": user_agent,
        "device": _device(user_agent),
        "landing_page": "/demo/",
    }
    if not (shopper.contact and cart.checkout_id):
        return "cart.updated", data
    data |= {"id": cart.checkout_id, "cart_id": cart.id, "customer": _customer(shopper)}
    data |= {"stage": "payment", "payment_failed": True} if payment_failed else {"stage": "contact"}
    return "checkout.updated", data


def order_event(cart: Cart, shopper: Shopper, user_agent: str) -> tuple[str, Any]:
    """Type and data of the order that the cart became."""
    costs = cart.sums
    return "order.created", {
        "id": f"o-{cart.id}",
        "number": cart.order_number,
        "cart_id": cart.id,
        "checkout_id": cart.checkout_id,
        "placed_at": cart.updated_at,
        "updated_at": cart.updated_at,
        "paid": True,
        "customer": _customer(shopper),
        "items": _items(cart),
        "currency": CURRENCY,
        "total": str(costs.total),
        "tax": str(costs.tax),
        "shipping": str(costs.shipping),
        "discount": str(costs.discount),
        "discount_codes": [cart.applied] if cart.applied else [],
        "channel": "web",
        "user_agent": user_agent,
    }


def _items(cart: Cart) -> list[dict[str, Any]]:
    return [_item(product, count) for product, count, _ in cart.lines]


def _item(product: Product, count: int) -> dict[str, Any]:
    return {
        "product_id": product.slug,
        "sku": f"PURO-{product.slug.upper()}",
        "title": product.title,
        "variant_title": product.kind,
        "quantity": count,
        "price": str(product.price),
        "image_url": f"{settings.PUBLIC_URL}/static/demo/{product.slug}.svg",
        "url": f"{settings.PUBLIC_URL}/demo/product/{product.slug}/",
        "category": product.category,
    }


def _customer(shopper: Shopper) -> dict[str, Any]:
    """Who they said they are. An unticked box is left out: it says nothing."""
    contact = shopper.contact
    told = {name: contact[name] for name in ("email", "phone", "first_name", "last_name", "locale", "country")}
    return {name: value for name, value in told.items() if value} | {"consents": contact["consents"]}


def _device(user_agent: str) -> str:
    return "mobile" if "Mobi" in user_agent else "desktop"
