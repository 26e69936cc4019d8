"""Shopify's orders and refunds, in the shop's own currency."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from carts.snapshots import Ignored, OrderDeleted, OrderSnapshot, RefundSnapshot, Snapshot
from carts.sources import parts
from carts.sources.event import Event
from carts.sources.shopify.carts import line, shop_money
from carts.sources.shopify.people import buyer
from carts.sources.shopify.samples import is_sample
from config.lib.wild import Wild

#: financial_status of money that came in. "authorized" is promised only, "pending" and "voided" are not even that.
_PAID = {"paid", "partially_refunded", "refunded"}


def order(event: Event) -> OrderSnapshot:
    """orders/create, updated, paid, cancelled and fulfilled all carry the whole order, in no certain sequence.

    `processed_at` comes first as the time of the order: an imported one was placed long before it was created. Every
    token may be null, as for draft orders and the till.
    """
    body = event.body
    currency = parts.currency_of(body.get("currency"), event.shop.currency)
    updated_at = event.first_moment(body.get("updated_at"))
    number = body["id"].identifier()
    return OrderSnapshot(
        external_id=number,
        tokens=parts.tokens(
            ("checkout", body.get("checkout_token")),
            ("checkout-id", body.get("checkout_id")),
            ("cart", body.get("cart_token")),
        ),
        placed_at=event.first_moment(body.get("processed_at"), body.get("created_at"), body.get("updated_at")),
        updated_at=updated_at,
        person=buyer(body),
        number=body.get("name").text(60) or body.get("order_number").text(60),
        cancelled_at=event.moment_if_told(body.get("cancelled_at"), updated_at),
        paid=body.get("financial_status").missing or body.get("financial_status").text(40) in _PAID,
        lines=parts.lines_of(body.get("line_items"), lambda box: line(box, currency)),
        currency=currency,
        total=parts.amount_or_zero(body.get("total_price"), currency),
        tax=parts.amount_or_zero(body.get("total_tax"), currency),
        shipping=_shipping(body, currency),
        discount=parts.amount_or_zero(body.get("total_discounts"), currency),
        discount_codes=parts.codes(body.get("discount_codes")),
        channel=body.get("source_name").text(40),
        user_agent=body.get("client_details").get("user_agent").text(400),
        refunds=tuple(_refunds(event, number, currency)),
        is_test=is_sample(event),
    )


def _shipping(body: Wild, currency: str) -> Decimal:
    told = shop_money(body, "total_shipping_price")
    if told is not None:
        return parts.total([told], currency)
    costs = (shop_money(box, "price") or Decimal(0) for box in body.get("shipping_lines").items())
    return parts.total(costs, currency)


def _refunds(event: Event, order_id: str, currency: str) -> Iterator[RefundSnapshot]:
    """The refunds inside an order; those that gave no money back, only goods, are left out."""
    for box in event.body.get("refunds").items():
        refund = _refund(event, box, order_id, currency)
        if refund.amount:
            yield refund


def _refund(event: Event, box: Wild, order_id: str, currency: str) -> RefundSnapshot:
    return RefundSnapshot(
        external_id=box["id"].identifier(),
        order_external_id=order_id,
        amount=_paid_back(box, currency),
        at=event.first_moment(box.get("processed_at"), box.get("created_at")),
        currency=currency,
    )


def _paid_back(refund: Wild, currency: str) -> Decimal:
    """What went back to the buyer in the shop's currency.

    Transactions say what really moved. Where they are left out, or moved the buyer's currency, the refunded lines say
    what they were worth in the shop's.
    """
    moved = [box for box in refund.get("transactions").items() if _moved_back(box)]
    foreign = any(parts.currency_of(box.get("currency"), currency) != currency for box in moved)
    if refund.get("transactions").missing or foreign:
        return parts.total((_worth(box) for box in refund.get("refund_line_items").items()), currency)
    return abs(parts.total((box.get("amount").money() or Decimal(0) for box in moved), currency))


def _moved_back(transaction: Wild) -> bool:
    return transaction.get("kind").text(20) == "refund" and transaction.get("status").text(20) == "success"


def _worth(refunded_line: Wild) -> Decimal:
    return sum((shop_money(refunded_line, field) or Decimal(0) for field in ("subtotal", "total_tax")), Decimal(0))


def refund(event: Event) -> Snapshot:
    """refunds/create comes for every return, also where no money moved."""
    body = event.body
    currency = _refund_currency(body, event.shop.currency)
    found = _refund(event, body, body["order_id"].identifier(), currency)
    if is_sample(event):
        return Ignored("Shopify's own sample data")
    return found if found.amount else Ignored("goods were taken back, no money was given")


def _refund_currency(body: Wild, otherwise: str) -> str:
    """A refund names the shop's currency only inside its sets."""
    duties = body.get("total_duties_set").get("shop_money").get("currency_code")
    for box in body.get("refund_line_items").items(1):
        return parts.currency_of(box.get("subtotal_set").get("shop_money").get("currency_code"), otherwise)
    return parts.currency_of(duties, otherwise)


def order_edited(event: Event) -> Snapshot:
    """orders/edited carries only what was added and removed; the orders/updated beside it carries the whole order."""
    return Ignored("the edited order itself comes as orders/updated")


def order_deleted(event: Event) -> OrderDeleted:
    """orders/delete knows the id and nothing else."""
    return OrderDeleted(event.body["id"].identifier(), event.told_at)
