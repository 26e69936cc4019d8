"""WooCommerce's orders, which are carts until somebody means them.

The block checkout keeps its cart as an order of status `checkout-draft`; an order that waits for its payment
(`pending`) or whose payment failed is a cart to win back too. The number stays the same all the way, so every
snapshot goes by "order:<id>". A webhook carries the state at the time of sending, often newer than its topic: the
status decides, the topic never.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from carts.snapshots import CartSnapshot, Ignored, Line, OrderDeleted, OrderSnapshot, RefundSnapshot, Snapshot, Stage
from carts.sources import parts
from carts.sources.event import Event
from carts.sources.woocommerce.errors import rest_error
from carts.sources.woocommerce.people import buyer
from carts.sources.woocommerce.times import modified_at, moment
from config.lib.wild import Wild, WildError

_ATTRIBUTION = "_wc_order_attribution_"
#: made by the shop's staff or by a subscription's renewal: nobody left a cart behind
_NO_SHOPPER = {"admin", "subscription"}
_NO_ORDER = {"draft", "auto-draft", "new"}
_PAID = {"processing", "completed", "refunded"}


def order(event: Event) -> Snapshot:
    """order.created, order.updated, order.restored: read by its status."""
    gone = rest_error(event.body)
    if gone is not None:
        return gone
    status = event.body["status"].text(40).removeprefix("wc-")
    if status == "trash":
        return order_deleted(event)
    if status in _NO_ORDER:
        return Ignored(f"an order of status {status} is not written yet")
    if status in ("checkout-draft", "pending", "failed"):
        return _unpaid(event, status)
    return _order(event, status)


def _unpaid(event: Event, status: str) -> Snapshot:
    made_by = event.body.get("created_via").text(40)
    if made_by in _NO_SHOPPER:
        return Ignored(f"an unpaid order made by {made_by} is no shopper's cart")
    return _checkout(event, status)


def _checkout(event: Event, status: str) -> CartSnapshot:
    body = event.body
    facts = _attribution(body)
    currency = parts.currency_of(body.get("currency"), event.shop.currency)
    return CartSnapshot(
        kind="checkout",
        tokens=_tokens(body),
        updated_at=modified_at(event),
        created_at=moment(event, "created"),
        person=buyer(body),
        lines=_lines(body, currency),
        currency=currency,
        total=parts.amount(body.get("total"), currency),
        stage=_stage(body) if status == "checkout-draft" else Stage.PAYMENT,
        discount_codes=parts.codes(body.get("coupon_lines")),
        user_agent=body.get("customer_user_agent").text(400) or _told(facts, "user_agent", 400),
        device=parts.device(facts.get("device_type", _NOTHING)),
        referrer=_told(facts, "referrer"),
        landing_page=_told(facts, "session_entry"),
        payment_failed=status == "failed",
    )


def _tokens(body: Wild) -> tuple[str, ...]:
    names = parts.tokens(("order", body["id"]))
    if not names:
        raise WildError("id is missing")
    return names


def _stage(body: Wild) -> Stage:
    """How far a draft got. The payment method says nothing: the block checkout picks one at once."""
    billing, shipping = body.get("billing"), body.get("shipping")
    if any(address.get(key).text(200) for address in (shipping, billing) for key in ("address_1", "city")):
        return Stage.SHIPPING
    return Stage.CONTACT if parts.email(billing.get("email")) or parts.phone(billing.get("phone")) else Stage.CHECKOUT


_NOTHING = Wild(None)


def _attribution(body: Wild) -> dict[str, Wild]:
    """What WooCommerce's order attribution noted in the order's meta data."""
    found = {}
    for entry in body.get("meta_data").items():
        key = entry.get("key")
        name = key.text(100) if not key.is_list and not key.is_object else ""
        if name.startswith(_ATTRIBUTION):
            found[name.removeprefix(_ATTRIBUTION)] = entry.get("value")
    return found


def _told(facts: dict[str, Wild], name: str, limit: int = 2_000) -> str:
    return facts.get(name, _NOTHING).text(limit)


def _lines(body: Wild, currency: str) -> tuple[Line, ...] | None:
    taxed = bool(body.get("prices_include_tax").flag())
    return parts.lines_of(body.get("line_items"), lambda box: _line(box, currency, taxed))


def _line(box: Wild, currency: str, taxed: bool) -> Line:
    name, parent = box.get("name").text(300), box.get("parent_name").text(300)
    quantity = parts.quantity(box.get("quantity"))
    return Line(
        product_id=parts.external_id(box.get("product_id")),
        variant_id=parts.external_id(box.get("variation_id")),
        title=parent or name,
        quantity=quantity,
        price=_unit_price(box, quantity, currency, taxed),
        sku=box.get("sku").text(100),
        variant_title=name.removeprefix(f"{parent} - ") if parent and name.startswith(f"{parent} - ") else "",
        image_url=box.get("image").get("src").url() if box.get("image").is_object else "",
    )


def _unit_price(box: Wild, quantity: int, currency: str, taxed: bool) -> Decimal:
    """`subtotal` is the line before discounts and without tax; `price` is after discounts, and the last resort.

    Tax is added where the shop's own prices contain it, so that the price is the one that the shopper saw.
    """
    subtotal = box.get("subtotal").money()
    if subtotal is None or not quantity:
        return parts.amount_or_zero(box.get("price"), currency)
    tax = box.get("subtotal_tax").money() if taxed else None
    return parts.total([(subtotal + (tax or Decimal(0))) / quantity], currency)


def _order(event: Event, status: str) -> OrderSnapshot:
    body = event.body
    currency = parts.currency_of(body.get("currency"), event.shop.currency)
    at = modified_at(event)
    total = parts.amount_or_zero(body.get("total"), currency)
    cancelled = status == "cancelled"
    return OrderSnapshot(
        external_id=body["id"].identifier(),
        tokens=_tokens(body),
        placed_at=moment(event, "created") or at,
        updated_at=at,
        person=buyer(body),
        number=body.get("number").text(60),
        cancelled_at=at if cancelled else None,
        paid=status in _PAID or (status != "on-hold" and moment(event, "paid") is not None),
        lines=_lines(body, currency),
        currency=currency,
        total=total,
        tax=parts.amount_or_zero(body.get("total_tax"), currency),
        shipping=_with_tax(body, "shipping_total", "shipping_tax", currency),
        discount=_with_tax(body, "discount_total", "discount_tax", currency),
        discount_codes=parts.codes(body.get("coupon_lines")),
        channel=body.get("created_via").text(40),
        user_agent=body.get("customer_user_agent").text(400) or _told(_attribution(body), "user_agent", 400),
        refunds=tuple(_refunds(event, status, at, total, currency)),
    )


def _with_tax(body: Wild, amount: str, tax: str, currency: str) -> Decimal:
    return parts.total((body.get(key).money() or Decimal(0) for key in (amount, tax)), currency)


def _refunds(event: Event, status: str, at: datetime, total: Decimal, currency: str) -> Iterator[RefundSnapshot]:
    """`refunds` holds negative amounts without a date. An order refunded as a whole without any gets one of its own."""
    order_id = event.body["id"].identifier()
    entries = list(event.body.get("refunds").items())
    for entry in entries:
        amount = abs(parts.amount_or_zero(entry.get("total"), currency))
        if amount:
            yield RefundSnapshot(entry["id"].identifier(), order_id, amount, at, currency)
    if status == "refunded" and not entries and total > 0:
        yield RefundSnapshot(f"{order_id[:90]}:whole", order_id, total, at, currency)


def order_deleted(event: Event) -> Snapshot:
    """order.deleted carries the id alone, for what was put into the bin as for what was wiped out.

    Drafts are wiped out by WooCommerce after a day. That takes nothing from the shopper, whose cart can be restored
    from its lines, so no cart is called deleted here.
    """
    gone = rest_error(event.body)
    return gone if gone is not None else OrderDeleted(event.body["id"].identifier(), modified_at(event))
