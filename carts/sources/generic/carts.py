"""Carts and checkouts in the generic format: always whole, never a difference."""

from __future__ import annotations

from decimal import Decimal

from carts.snapshots import CartSnapshot, Line, Person, Stage
from carts.sources import parts
from carts.sources.event import Event
from carts.sources.generic.people import person
from config.lib.wild import Wild, WildError


def cart(event: Event) -> CartSnapshot:
    """cart.updated."""
    names = parts.tokens(("cart", _id(event.body)), ("checkout", event.body.get("checkout_id")))
    return _snapshot(event, "cart", names)


def checkout(event: Event) -> CartSnapshot:
    """checkout.updated."""
    names = parts.tokens(("checkout", _id(event.body)), ("cart", event.body.get("cart_id")))
    return _snapshot(event, "checkout", names)


def cart_deleted(event: Event) -> CartSnapshot:
    """cart.deleted."""
    return _gone(event, "cart")


def checkout_deleted(event: Event) -> CartSnapshot:
    """checkout.deleted."""
    return _gone(event, "checkout")


def _gone(event: Event, kind: str) -> CartSnapshot:
    names = parts.tokens((kind, _id(event.body)))
    stage = Stage.CART if kind == "cart" else Stage.CHECKOUT
    return CartSnapshot(kind, names, event.told_at, currency=event.shop.currency, stage=stage, deleted=True)


def _id(body: Wild) -> Wild:
    if body["id"].identifier() in ("", "0"):
        raise WildError(f"{body['id'].path} is empty")
    return body["id"]


def _snapshot(event: Event, kind: str, names: tuple[str, ...]) -> CartSnapshot:
    body = event.body
    currency = parts.currency_of(body.get("currency"), event.shop.currency)
    updated_at = event.first_moment(body.get("updated_at"))
    shopper = person(body.get("customer"))
    failed = bool(body.get("payment_failed").flag())
    return CartSnapshot(
        kind=kind,
        tokens=names,
        updated_at=updated_at,
        created_at=body.get("created_at").moment_or_none(),
        completed_at=event.moment_if_told(body.get("completed_at"), updated_at),
        person=shopper,
        lines=lines(body, currency),
        currency=currency,
        total=_total(body, currency),
        stage=_stage(body.get("stage"), kind, shopper, failed),
        restore_url=body.get("restore_url").url(),
        discount_codes=parts.codes(body.get("discount_codes")),
        user_agent=body.get("user_agent").text(400),
        device=parts.device(body.get("device")),
        referrer=body.get("referrer").text(),
        landing_page=body.get("landing_page").text(),
        payment_failed=failed,
        is_test=bool(body.get("test").flag()),
    )


def lines(body: Wild, currency: str) -> tuple[Line, ...] | None:
    """The `items`; None where they are left out."""
    return parts.lines_of(body.get("items"), lambda box: _line(box, currency))


def _line(box: Wild, currency: str) -> Line:
    return Line(
        product_id=box["product_id"].identifier(),
        variant_id=box.get("variant_id").identifier(),
        title=box["title"].text(300),
        quantity=parts.quantity(box.get("quantity")),
        price=parts.amount_or_zero(box["price"], currency),
        sku=box.get("sku").text(100),
        variant_title=box.get("variant_title").text(200),
        image_url=box.get("image_url").url(),
        url=box.get("url").url(),
        category=box.get("category").text(200),
    )


def _total(body: Wild, currency: str) -> Decimal | None:
    """What the store says, else what the items cost together."""
    told = parts.amount(body.get("total"), currency)
    return parts.total_of(body.get("items"), _worth, currency) if told is None else told


def _worth(box: Wild) -> Decimal:
    return (box["price"].money() or Decimal(0)) * parts.quantity(box.get("quantity"))


def _stage(box: Wild, kind: str, shopper: Person, payment_failed: bool) -> Stage:
    """What the store says, else what the rest shows."""
    if not box.is_empty:
        try:
            return Stage(box.text(20))
        except ValueError as error:
            raise WildError(f"{box.path} should be one of {', '.join(Stage)}") from error
    if payment_failed:
        return Stage.PAYMENT
    if kind == "cart":
        return Stage.CART
    return Stage.CONTACT if shopper.email or shopper.phone else Stage.CHECKOUT
