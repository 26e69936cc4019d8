"""WooCommerce's customers, and what Tyche's plugin tells."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from carts.snapshots import Line, Person, PrivacyRequest, Stage
from tests.carts.sources.reading import cart, customer, read
from tests.carts.sources.signing import NOW


def test_a_customer_record_tells_the_person() -> None:
    found = customer("woocommerce", "customer_updated")
    assert found.updated_at == datetime(2026, 3, 6, 8, 0, tzinfo=UTC)
    assert found.person == Person(
        "33", "bea@shopper.example", "070-123 45 67", "Bea", "Lindqvist", country="SE", postal_code="903 26"
    )


def test_a_new_customer_was_never_modified() -> None:
    found = customer("woocommerce", "customer_created")
    assert (found.updated_at, found.person.phone, found.person.country) == (NOW, "", "")


def test_a_deleted_customer_is_forgotten() -> None:
    assert read("woocommerce", "customer_deleted") == PrivacyRequest("erase", NOW, Person("33"))


def test_a_cutoff_is_a_look_at_the_cart() -> None:
    found = cart("woocommerce", "wcap_cart_cutoff")
    assert (found.kind, found.tokens, found.stage) == ("cart", ("cart:812",), Stage.CONTACT)
    assert found.updated_at == datetime(2026, 3, 2, 10, 12, 10, tzinfo=UTC)
    assert found.person == Person(
        "", "bea@shopper.example", "0701234567", first_name="Bea", last_name="Lindqvist", country="SE"
    )
    assert found.lines == (Line("71", "711", "Linen shirt", 2, Decimal("39.90")),)
    assert (found.total, found.discount_codes, found.restore_url) == (Decimal("79.80"), ("spring", "extra"), "")


def test_a_members_cutoff_names_the_customer() -> None:
    found = cart("woocommerce", "wcap_cart_cutoff__member")
    assert (found.person.external_id, found.updated_at) == ("33", NOW)


def test_a_recovered_cart_is_tied_to_its_order() -> None:
    found = cart("woocommerce", "wcap_cart_recovered")
    assert found.tokens == ("cart:812", "order:1207")
    assert found.completed_at == datetime(2026, 3, 2, 10, 32, 10, tzinfo=UTC)
