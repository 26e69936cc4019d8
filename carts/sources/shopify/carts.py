"""Shopify's carts and checkouts.

Amounts are those in the shop's own currency (`shop_money`, `currency`); what the buyer saw (`presentment_*`) is left
aside, so that nothing is ever summed across currencies.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from carts.snapshots import CartSnapshot, Line, Stage
from carts.sources import parts
from carts.sources.event import Event
from carts.sources.shopify.people import buyer
from carts.sources.shopify.samples import is_sample
from config.lib.wild import Wild, WildError


def shop_money(holder: Wild, field: str) -> Decimal | None:
    """`<field>_set.shop_money.amount`, else `<field>`. Saved captures hold `price_set: [null]` too."""
    amount = holder.get(f"{field}_set").get("shop_money").get("amount").money()
    return holder.get(field).money() if amount is None else amount


def line(box: Wild, currency: str) -> Line:
    """One line item of a cart, checkout or order. Shopify sends neither image nor address with it."""
    variant = parts.name(box.get("presentment_variant_title"), box.get("variant_title"))
    return Line(
        product_id=parts.external_id(box.get("product_id")),
        variant_id=parts.external_id(box.get("variant_id")),
        title=box.get("presentment_title").text(300) or box.get("title").text(300),
        quantity=parts.quantity(box.get("quantity")),
        price=parts.total([shop_money(box, "price") or Decimal(0)], currency),
        sku=box.get("sku").text(100),
        variant_title="" if variant == "Default Title" else variant,
    )


def cart(event: Event) -> CartSnapshot:
    """carts/create, carts/update: contents only, neither person nor address."""
    body = event.body
    lines = body.get("line_items")
    currency = _cart_currency(lines, event.shop.currency)
    names = parts.tokens(("cart", body.get("token")), ("cart", body.get("id")))
    return CartSnapshot(
        kind="cart",
        tokens=_at_least_one(names),
        updated_at=event.first_moment(body.get("updated_at")),
        created_at=body.get("created_at").moment_or_none(),
        lines=parts.lines_of(lines, lambda box: line(box, currency)),
        currency=currency,
        total=parts.total_of(lines, _worth, currency),
        stage=Stage.CART,
        is_test=is_sample(event),
    )


def _cart_currency(lines: Wild, otherwise: str) -> str:
    """A cart names its currency only inside its lines."""
    for box in lines.items(1):
        return parts.currency_of(box.get("price_set").get("shop_money").get("currency_code"), otherwise)
    return otherwise


def _worth(box: Wild) -> Decimal:
    """What a line costs after its discounts."""
    worth = shop_money(box, "line_price")
    return (shop_money(box, "price") or Decimal(0)) * parts.quantity(box.get("quantity")) if worth is None else worth


def checkout(event: Event) -> CartSnapshot:
    """checkouts/create, checkouts/update, which also come for checkouts that were completed."""
    body = event.body
    lines = body.get("line_items")
    currency = parts.currency_of(body.get("currency"), event.shop.currency)
    updated_at = event.first_moment(body.get("updated_at"))
    total = body.get("total_price")
    return CartSnapshot(
        kind="checkout",
        tokens=_checkout_tokens(body),
        updated_at=updated_at,
        created_at=body.get("created_at").moment_or_none(),
        completed_at=_completed_at(event, updated_at),
        person=buyer(body),
        lines=parts.lines_of(lines, lambda box: line(box, currency)),
        currency=currency,
        total=parts.total_of(lines, _worth, currency) if total.missing else parts.amount(total, currency),
        stage=_stage(body),
        restore_url=body.get("abandoned_checkout_url").url(),
        discount_codes=parts.codes(body.get("discount_codes")),
        referrer=body.get("referring_site").text(),
        landing_page=body.get("landing_site").text(),
        is_test=is_sample(event),
    )


def _completed_at(event: Event, otherwise: datetime) -> datetime | None:
    return event.moment_if_told(event.body.get("completed_at"), otherwise)


def _checkout_tokens(body: Wild) -> tuple[str, ...]:
    """`token` names the checkout, `id` too; `cart_token` is null for checkouts that the shop's staff made."""
    own = parts.tokens(("checkout", body.get("token")), ("checkout-id", body.get("id")))
    return _at_least_one(own) + parts.tokens(("cart", body.get("cart_token")))


def _at_least_one(names: tuple[str, ...]) -> tuple[str, ...]:
    if not names:
        raise WildError("token is missing")
    return names


def _stage(body: Wild) -> Stage:
    """Read off what was filled in: the event does not say how far the shopper got."""
    if _filled(body.get("billing_address")) or body.get("gateway").text(100):
        return Stage.PAYMENT
    if _filled(body.get("shipping_address")) or not body.get("shipping_lines").is_empty:
        return Stage.SHIPPING
    customer = body.get("customer")
    if parts.email(body.get("email"), customer.get("email")) or parts.phone(body.get("phone"), customer.get("phone")):
        return Stage.CONTACT
    return Stage.CHECKOUT


def _filled(address: Wild) -> bool:
    """An address that leads somewhere; until one is given it is absent, null or even a list."""
    return any(address.get(key).text(200) for key in ("address1", "city", "zip"))


def checkout_deleted(event: Event) -> CartSnapshot:
    """checkouts/delete knows little more than the id."""
    return CartSnapshot(
        kind="checkout",
        tokens=_checkout_tokens(event.body),
        updated_at=event.told_at,
        stage=Stage.CHECKOUT,
        currency=event.shop.currency,
        is_test=is_sample(event),
        deleted=True,
    )
