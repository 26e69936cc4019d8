"""The generic format as facts."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson
import pytest

from carts.snapshots import (
    CartSnapshot,
    Consent,
    CustomerMerged,
    CustomerSnapshot,
    Ignored,
    Line,
    OrderDeleted,
    Person,
    PrivacyRequest,
    RefundSnapshot,
    Stage,
    Uninstalled,
)
from carts.sources.base import Unreadable
from tests.carts.sources.reading import cart, customer, order, read, read_body
from tests.carts.sources.signing import NOW

SIXTH = datetime(2026, 3, 6, 8, 0, tzinfo=UTC)
SHIRT = Line(
    "p-1",
    "v-11",
    "Linen shirt",
    2,
    Decimal("39.90"),
    sku="LS-M",
    variant_title="M",
    image_url="https://shop.example/i/shirt.jpg",
    url="https://shop.example/p/shirt",
    category="Shirts",
)


def event(kind: str, data: Any, **rest: Any) -> bytes:
    return orjson.dumps({"type": kind, "data": data} | rest)


def test_a_cart_is_read_as_it_was_written() -> None:
    found = cart("generic", "cart_updated")
    assert (found.kind, found.tokens, found.stage) == ("cart", ("cart:c-1001",), Stage.CART)
    assert found.updated_at == datetime(2026, 3, 2, 10, 15, 30, tzinfo=UTC)
    assert found.lines == (SHIRT, Line("2", "", "Wool socks", 1, Decimal("12.50")))
    assert (found.total, found.discount_codes, found.device) == (Decimal("92.30"), ("SPRING",), "mobile")
    assert found.restore_url == "https://shop.example/cart/c-1001?key=s3cret"


def test_a_person_is_read_with_their_consents() -> None:
    person = cart("generic", "cart_updated").person
    assert (person.external_id, person.email, person.phone) == ("u-77", "carl@shopper.example", "+46701234567")
    assert (person.locale, person.country) == ("sv-SE", "SE")
    said_at = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
    assert person.consents == (Consent("email", True, said_at, "newsletter form", "Yes, write to me."),)


def test_an_id_is_enough() -> None:
    found = cart("generic", "cart_updated__least")
    assert (found.tokens, found.lines, found.total, found.currency) == (("cart:c-1002",), None, None, "EUR")
    assert found.updated_at == datetime(2026, 3, 2, 10, 15, 31, tzinfo=UTC)


def test_an_emptied_cart_has_no_lines() -> None:
    assert cart("generic", "cart_updated__empty").lines == ()


def test_a_missing_total_is_added_up_in_the_currencys_decimals() -> None:
    found = cart("generic", "cart_updated__yen")
    assert (found.currency, str(found.total), found.tokens) == ("JPY", "1350", ("cart:1003",))


def test_a_checkout_names_its_cart_and_how_far_it_got() -> None:
    found = cart("generic", "checkout_updated")
    assert (found.kind, found.tokens) == ("checkout", ("checkout:k-9", "cart:c-1001"))
    assert (found.stage, found.payment_failed) == (Stage.SHIPPING, False)


def test_a_failed_payment_is_the_furthest_stage() -> None:
    found = cart("generic", "checkout_updated__payment_failed")
    assert (found.stage, found.payment_failed) == (Stage.PAYMENT, True)


def test_a_completed_checkout_says_when() -> None:
    found = cart("generic", "checkout_updated__completed")
    assert found.completed_at == datetime(2026, 3, 2, 10, 31, tzinfo=UTC)


def test_what_was_deleted_is_named() -> None:
    assert cart("generic", "cart_deleted").tokens == ("cart:c-1001",)
    assert cart("generic", "checkout_deleted").deleted is True
    at = datetime(2026, 3, 6, 6, 0, tzinfo=UTC)
    assert read("generic", "order_deleted") == OrderDeleted("o-500", at)


def test_a_test_is_a_test() -> None:
    assert cart("generic", "cart_updated__test").is_test is True


def test_an_order_is_read_as_it_was_written() -> None:
    found = order("generic", "order_created")
    assert (found.external_id, found.tokens) == ("o-500", ("checkout:k-9", "cart:c-1001"))
    assert (found.total, found.tax, found.shipping) == (Decimal("98.20"), Decimal("18.04"), Decimal("5.90"))
    assert found.placed_at == datetime(2026, 3, 2, 10, 31, tzinfo=UTC)
    assert (found.paid, found.cancelled_at, found.channel) == (True, None, "web")


def test_an_order_needs_little() -> None:
    found = order("generic", "order_created__least")
    assert (found.external_id, found.tokens, found.total, found.paid) == ("501", (), Decimal("10.00"), True)
    assert found.placed_at == found.updated_at == datetime(2026, 3, 2, 10, 31, 4, tzinfo=UTC)


def test_refunds_come_inside_an_order_or_alone() -> None:
    refund = RefundSnapshot("r-1", "o-500", Decimal("39.90"), datetime(2026, 3, 5, 7, 0, tzinfo=UTC), "EUR")
    assert order("generic", "order_updated").refunds == (refund,)
    assert order("generic", "order_updated").paid is False
    assert read("generic", "refund_created") == refund


def test_a_cancelled_order_was_cancelled_at_the_event_unless_it_says_when() -> None:
    assert order("generic", "order_cancelled").cancelled_at == datetime(2026, 3, 3, 6, 0, tzinfo=UTC)


def test_customers_are_updated_deleted_and_merged() -> None:
    assert customer("generic", "customer_updated__only_email").person == Person(email="dora@shopper.example")
    assert read("generic", "customer_deleted") == PrivacyRequest("erase", SIXTH, Person("u-77"))
    assert read("generic", "customer_merged") == CustomerMerged("u-77", "u-78", SIXTH)


def test_a_consent_counts_from_when_it_was_given() -> None:
    at = datetime(2026, 3, 6, 7, 59, tzinfo=UTC)
    said = Consent("sms", True, at, "checkout", "Text me.", "+46701234567")
    assert read("generic", "consent_updated") == CustomerSnapshot(
        Person(email="carl@shopper.example", consents=(said,)), at
    )


def test_a_withdrawn_consent_counts_from_the_event() -> None:
    found = customer("generic", "consent_updated__withdrawn")
    assert (found.person.consents, found.updated_at) == ((Consent("email", False, None, "store"),), SIXTH)


def test_privacy_requests_and_the_end() -> None:
    carl = Person(email="carl@shopper.example")
    assert read("generic", "privacy_access") == PrivacyRequest("access", SIXTH, carl, reference="ticket-5")
    erased = Person("u-77", "carl@shopper.example")
    assert read("generic", "privacy_erase") == PrivacyRequest("erase", SIXTH, erased, ("o-500", "501"))
    assert read("generic", "privacy_erase_shop") == PrivacyRequest("erase_shop", SIXTH)
    assert read("generic", "store_uninstalled") == Uninstalled(SIXTH)


@pytest.mark.parametrize("timestamp", [None, "yesterday", 1772446330, "2024-09-16T03:50:1500:00"])
def test_without_a_readable_timestamp_the_arrival_counts(timestamp: object) -> None:
    found = read_body("generic", "", event("cart.updated", {"id": 1}, timestamp=timestamp))
    assert isinstance(found, CartSnapshot)
    assert found.updated_at == NOW


def test_a_type_nobody_knows_is_left_aside() -> None:
    assert read_body("generic", "", event("cart.painted", None)) == Ignored("cart.painted is not used")


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (b"", "^the body is not JSON"),
        (b"[]", "^type is missing$"),
        (b'{"type": "cart.updated"}', "^data is missing$"),
        (event("cart.updated", [1]), "^data should be an object$"),
        (event("cart.updated", {"id": ""}), r"^data\.id is empty$"),
        (event("cart.updated", {"id": 1, "items": [{}]}), r"^data\.items\[0\]\.product_id is missing$"),
        (event("cart.updated", {"id": 1, "stage": "window"}), r"^data\.stage should be one of cart, checkout"),
        (event("order.created", {"id": 1}), r"^data\.total is missing$"),
        (event("customer.updated", {"first_name": "X"}), "^data should have an id, email or phone$"),
        (event("privacy.erase", {"customer": {}}), r"^data\.customer should have an id, email or phone$"),
        (
            event("consent.updated", {"customer": {"id": 1}, "channel": "fax", "granted": True}),
            r"^data\.channel should be email, sms or whatsapp$",
        ),
    ],
)
def test_what_cannot_be_read_is_named(body: bytes, complaint: str) -> None:
    with pytest.raises(Unreadable, match=complaint):
        read_body("generic", "", body)
