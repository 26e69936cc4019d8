"""Shopify's customers, their consents and their rights."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from carts.snapshots import Consent, CustomerMerged, CustomerSnapshot, Ignored, Person, PrivacyRequest, Uninstalled
from carts.sources.base import Unreadable
from tests.carts.sources.reading import changed, customer, ignored, read, read_body
from tests.carts.sources.signing import NOW

AINO = "6300000000001"
SAID_AT = datetime(2026, 3, 6, 7, 59, tzinfo=UTC)
WHO = Person(AINO, "aino@shopper.example", "+358401234567")


def test_a_customer_record_tells_the_person() -> None:
    found = customer("shopify", "customers_create")
    assert found.updated_at == datetime(2026, 3, 2, 10, 20, tzinfo=UTC)
    assert found.person == Person(AINO, "aino@shopper.example", "+358401234567", "Aino", "Virtanen", country="FI")


def test_up_to_2024_10_a_customer_record_tells_consents() -> None:
    said = customer("shopify", "customers_update").person.consents
    assert said == (Consent("email", True, datetime(2026, 3, 6, 5, 59, tzinfo=UTC), "customer"),)


def test_consent_to_mail() -> None:
    said = Consent("email", True, SAID_AT, "customer", address="aino@shopper.example")
    assert read("shopify", "customers_email_marketing_consent_update") == CustomerSnapshot(
        Person(AINO, "aino@shopper.example", consents=(said,)), SAID_AT
    )


def test_withdrawn_consent_to_mail_counts_from_the_event() -> None:
    found = customer("shopify", "customers_email_marketing_consent_update__unsubscribed")
    assert (found.person.consents[0].granted, found.person.consents[0].at, found.updated_at) == (False, None, NOW)


def test_a_double_opt_in_that_waits_is_no_consent() -> None:
    reason = ignored("shopify", "customers_email_marketing_consent_update__pending")
    assert reason == "the customer said neither yes nor no"


def test_consent_to_sms() -> None:
    said = Consent("sms", True, SAID_AT, "customer", address="+358401234567")
    found = customer("shopify", "customers_marketing_consent_update")
    assert found.person == Person(AINO, phone="+358401234567", consents=(said,))


def test_a_deleted_customer_is_forgotten() -> None:
    assert read("shopify", "customers_delete") == PrivacyRequest("erase", NOW, Person(AINO))


def test_a_completed_merge_makes_two_records_one() -> None:
    assert read("shopify", "customers_merge") == CustomerMerged(AINO, "6300000000002", NOW)


def test_a_failed_merge_changes_nothing() -> None:
    assert ignored("shopify", "customers_merge__failed") == "the merge is failed, not completed"


def test_a_shopper_may_ask_what_is_known() -> None:
    orders = ("5900000000000000011", "5900000000000000012")
    assert read("shopify", "customers_data_request") == PrivacyRequest("access", NOW, WHO, orders, "9001")


def test_a_shopper_may_be_forgotten() -> None:
    orders = ("5900000000000000011",)
    assert read("shopify", "customers_redact") == PrivacyRequest("erase", NOW, WHO, orders)
    assert read("shopify", "customers_redact__no_orders") == PrivacyRequest("erase", NOW, Person(AINO))


def test_a_whole_shop_may_be_forgotten() -> None:
    assert read("shopify", "shop_redact") == PrivacyRequest("erase_shop", NOW)


@pytest.mark.parametrize("name", ["customers_redact", "checkouts_update", "orders_create"])
def test_another_topics_body_never_erases_a_shop(name: str) -> None:
    with pytest.raises(Unreadable):
        read_body("shopify", "shop/redact", changed("shopify", name))


def test_an_uninstalled_app_stops() -> None:
    assert read("shopify", "app_uninstalled") == Uninstalled(NOW)


@pytest.mark.parametrize("name", ["app_uninstalled__sample", "customers_update__sample"])
def test_samples_leave_nothing_behind(name: str) -> None:
    assert ignored("shopify", name) == "Shopify's own sample data"


def test_a_topic_nobody_handles_is_left_aside_unread() -> None:
    assert read_body("shopify", "products/update", b"not json") == Ignored("products/update is not used")
    assert read_body("shopify", "", b"{}") == Ignored("an event without a topic is not used")
