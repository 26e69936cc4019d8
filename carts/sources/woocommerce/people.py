"""Who a WooCommerce event is about. Core knows neither consent nor language."""

from __future__ import annotations

from carts.snapshots import CustomerSnapshot, Person, PrivacyRequest, Snapshot
from carts.sources import parts
from carts.sources.event import Event
from carts.sources.woocommerce.errors import rest_error
from carts.sources.woocommerce.times import modified_at
from config.lib.wild import Wild


def buyer(body: Wild) -> Person:
    """The buyer of an order; `customer_id` 0 is a guest."""
    return _person(body.get("customer_id"), body.get("billing"), body)


def _person(number: Wild, first: Wild, body: Wild) -> Person:
    """`first` is asked before the addresses: the billing address of an order, the record itself of a customer."""
    billing, shipping = body.get("billing"), body.get("shipping")
    return Person(
        external_id=parts.external_id(number),
        email=parts.email(first.get("email"), billing.get("email")),
        phone=parts.phone(billing.get("phone"), shipping.get("phone")),
        first_name=parts.name(first.get("first_name"), billing.get("first_name"), shipping.get("first_name")),
        last_name=parts.name(first.get("last_name"), billing.get("last_name"), shipping.get("last_name")),
        country=parts.country(shipping.get("country"), billing.get("country")),
        region=parts.first_short(60, shipping.get("state"), billing.get("state")),
        postal_code=parts.first_short(16, shipping.get("postcode"), billing.get("postcode")),
    )


def customer(event: Event) -> Snapshot:
    """customer.created, customer.updated."""
    gone = rest_error(event.body)
    if gone is not None:
        return gone
    return CustomerSnapshot(_person(event.body["id"], event.body, event.body), modified_at(event))


def customer_deleted(event: Event) -> Snapshot:
    """customer.deleted: what the store no longer holds about a person, nobody else should hold for it."""
    gone = rest_error(event.body)
    if gone is not None:
        return gone
    return PrivacyRequest("erase", event.told_at, Person(external_id=parts.external_id(event.body["id"])))
