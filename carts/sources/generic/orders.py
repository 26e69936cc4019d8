"""Orders and refunds in the generic format: always the whole order."""

from __future__ import annotations

from datetime import datetime

from carts.snapshots import OrderDeleted, OrderSnapshot, RefundSnapshot
from carts.sources import parts
from carts.sources.event import Event
from carts.sources.generic.carts import lines
from carts.sources.generic.people import person
from config.lib.wild import Wild, WildError


def order(event: Event) -> OrderSnapshot:
    """order.created, order.updated."""
    return _order(event, None)


def order_cancelled(event: Event) -> OrderSnapshot:
    """order.cancelled: cancelled now, where `cancelled_at` does not say when."""
    return _order(event, event.told_at)


def _order(event: Event, cancelled_at: datetime | None) -> OrderSnapshot:
    body = event.body
    currency = parts.currency_of(body.get("currency"), event.shop.currency)
    updated_at = event.first_moment(body.get("updated_at"))
    number = _name(body["id"])
    paid = body.get("paid").flag()
    return OrderSnapshot(
        external_id=number,
        tokens=parts.tokens(("checkout", body.get("checkout_id")), ("cart", body.get("cart_id"))),
        placed_at=event.first_moment(body.get("placed_at")),
        updated_at=updated_at,
        person=person(body.get("customer")),
        number=body.get("number").text(60),
        cancelled_at=event.moment_if_told(body.get("cancelled_at"), updated_at) or cancelled_at,
        paid=paid is not False,
        lines=lines(body, currency),
        currency=currency,
        total=parts.amount_or_zero(body["total"], currency),
        tax=parts.amount_or_zero(body.get("tax"), currency),
        shipping=parts.amount_or_zero(body.get("shipping"), currency),
        discount=parts.amount_or_zero(body.get("discount"), currency),
        discount_codes=parts.codes(body.get("discount_codes")),
        channel=body.get("channel").text(40),
        user_agent=body.get("user_agent").text(400),
        refunds=tuple(_refund(event, box, number, currency) for box in body.get("refunds").items()),
        is_test=bool(body.get("test").flag()),
    )


def _name(box: Wild) -> str:
    name = box.identifier()
    if not name:
        raise WildError(f"{box.path} is empty")
    return name


def _refund(event: Event, box: Wild, order_id: str, currency: str) -> RefundSnapshot:
    own = parts.currency_of(box.get("currency"), currency)
    amount = abs(parts.amount_or_zero(box["amount"], own))
    return RefundSnapshot(_name(box["id"]), order_id, amount, event.first_moment(box.get("at")), own)


def refund(event: Event) -> RefundSnapshot:
    """refund.created."""
    return _refund(event, event.body, _name(event.body["order_id"]), event.shop.currency)


def order_deleted(event: Event) -> OrderDeleted:
    """order.deleted."""
    return OrderDeleted(_name(event.body["id"]), event.told_at)
