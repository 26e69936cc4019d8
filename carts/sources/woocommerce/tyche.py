"""wcap_cart.cutoff and wcap_cart.recovered, which Tyche's Abandoned Cart plugin sends through core's webhooks.

A cutoff is the plugin's own word that a cart went silent; here it is one more look at the cart, and our own clock goes
on from its last change. It carries no currency.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from carts.snapshots import CartSnapshot, Line, Person, Stage
from carts.sources import parts
from carts.sources.event import Event
from config.lib.wild import Wild, WildError

_FIRST_GUEST = 63_000_000  # the plugin numbers guests from here on; they are nobody's customer id


def cutoff(event: Event) -> CartSnapshot:
    """wcap_cart.cutoff: the contents and the address that was typed in."""
    body, currency = event.body, event.shop.currency
    return CartSnapshot(
        kind="cart",
        tokens=_tokens(body),
        updated_at=_unix(body.get("timestamp"), event.told_at),
        person=_person(body),
        lines=parts.lines_of(body.get("product_details"), lambda box: _line(box, currency)),
        currency=currency,
        total=parts.amount(body.get("total"), currency),
        stage=Stage.CONTACT,
        discount_codes=_codes(body),
    )


def recovered(event: Event) -> CartSnapshot:
    """wcap_cart.recovered: the cart became an order, whose number ties the two together."""
    body = event.body
    at = _unix(body.get("timestamp"), event.told_at)
    names = _tokens(body) + parts.tokens(("order", body.get("order_id")))
    return CartSnapshot("cart", names, at, completed_at=at, person=_person(body), currency=event.shop.currency)


def _tokens(body: Wild) -> tuple[str, ...]:
    names = parts.tokens(("cart", body["id"]))
    if not names:
        raise WildError("id is missing")
    return names


def _person(body: Wild) -> Person:
    number = parts.external_id(body.get("user_id"))
    guest = body.get("user_type").text(20).upper() == "GUEST" or (number.isdecimal() and int(number) >= _FIRST_GUEST)
    return Person(
        external_id="" if guest else number,
        email=parts.email(body.get("email_id")),
        phone=parts.phone(body.get("phone")),
        first_name=parts.name(body.get("billing_first_name")),
        last_name=parts.name(body.get("billing_last_name")),
        country=parts.country(body.get("billing_country")),
    )


def _line(box: Wild, currency: str) -> Line:
    quantity = parts.quantity(box.get("quantity"))
    worth = box.get("line_subtotal").money() or Decimal(0)
    return Line(
        product_id=parts.external_id(box.get("product_id")),
        variant_id=parts.external_id(box.get("variation_id")),
        title=box.get("product_name").text(300),
        quantity=quantity,
        price=parts.total([worth / (quantity or 1)], currency),
    )


def _codes(body: Wild) -> tuple[str, ...]:
    found = [code.strip()[:100] for code in body.get("coupon_code").text().split(",")]
    return tuple(code for code in found if code)[:20]


def _unix(box: Wild, otherwise: datetime) -> datetime:
    """Seconds since 1970; a time that cannot be is left aside."""
    try:
        seconds = box.integer(0, low=631_152_000, high=7_258_118_400) if not box.missing else 0  # 1990 to 2200
    except WildError:
        return otherwise
    return datetime.fromtimestamp(seconds, UTC) if seconds else otherwise
