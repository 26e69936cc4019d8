"""Shopify's orders and refunds as facts."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from carts.snapshots import OrderDeleted, OrderSnapshot, RefundSnapshot
from carts.sources.base import Unreadable
from tests.carts.sources.reading import changed, ignored, read, read_body
from tests.carts.sources.reading import order as read_order
from tests.carts.sources.signing import NOW

ORDER = "5900000000000000011"
REFUNDED_AT = datetime(2026, 3, 5, 7, 0, tzinfo=UTC)


def of(name: str) -> OrderSnapshot:
    return read_order("shopify", name)


def test_an_order_carries_every_token_of_its_cart() -> None:
    found = of("orders_create")
    assert (found.external_id, found.number) == (ORDER, "#1042")
    assert found.tokens == (
        "checkout:c0ffee00synthetic0002",
        "checkout-id:37012345678901234",
        "cart:hWN7aXq0synthetic0001",
    )


def test_an_order_says_what_was_paid_and_when() -> None:
    found = of("orders_create")
    assert (found.currency, found.total, found.tax) == ("EUR", Decimal("93.20"), Decimal("18.04"))
    assert (found.shipping, found.discount, found.discount_codes) == (Decimal("5.90"), Decimal("5.00"), ("SPRING",))
    assert found.placed_at == datetime(2026, 3, 2, 10, 31, tzinfo=UTC)
    assert found.updated_at == datetime(2026, 3, 2, 10, 31, 6, tzinfo=UTC)
    assert (found.paid, found.cancelled_at, found.channel, found.is_test) == (True, None, "web", False)
    assert found.user_agent.startswith("Mozilla/5.0 (Linux")


def test_a_draft_has_neither_buyer_nor_token() -> None:
    found = of("orders_create__draft")
    assert (found.tokens, found.paid, found.channel) == ((), False, "shopify_draft_order")
    assert (found.person.email, found.person.external_id, found.person.country) == ("", "", "")
    assert found.user_agent == ""


def test_an_order_from_the_till_has_no_token() -> None:
    found = of("orders_create__till")
    assert (found.tokens, found.paid, found.channel) == ((), True, "pos")


def test_protected_fields_may_be_absent() -> None:
    found = of("orders_create__protected_fields_absent")
    assert (found.person.email, found.person.first_name) == ("aino@shopper.example", "Aino")


def test_amounts_are_the_shops_own_and_not_the_buyers() -> None:
    found = of("orders_create__buyer_paid_dollars")
    assert found.lines is not None
    assert (found.currency, found.total, found.shipping) == ("EUR", Decimal("93.20"), Decimal("5.90"))
    assert found.lines[0].price == Decimal("39.90")


@pytest.mark.parametrize("name", ["orders_create__bogus_gateway", "orders_create__sample"])
def test_test_orders_are_tests(name: str) -> None:
    assert of(name).is_test is True


def test_a_shopper_may_be_called_like_shopifys_sample() -> None:
    body = changed("shopify", "orders_create", email="jon@example.com")
    found = read_body("shopify", "orders/create", body)
    assert isinstance(found, OrderSnapshot)
    assert (found.is_test, found.person.email) == (False, "jon@example.com")


def test_money_that_is_only_promised_is_not_paid() -> None:
    assert of("orders_updated__authorized").paid is False
    assert of("orders_paid").paid is True


def test_a_cancelled_order_says_when() -> None:
    assert of("orders_cancelled").cancelled_at == datetime(2026, 3, 3, 6, 0, tzinfo=UTC)


def test_an_imported_order_was_placed_when_it_was_processed() -> None:
    body = changed("shopify", "orders_create", processed_at="2019-05-05T10:00:00Z")
    found = read_body("shopify", "orders/create", body)
    assert isinstance(found, OrderSnapshot)
    assert found.placed_at == datetime(2019, 5, 5, 10, 0, tzinfo=UTC)


def test_refunds_inside_an_order_count_only_money_that_went_back() -> None:
    assert of("orders_updated__with_refunds").refunds == (
        RefundSnapshot("93000001", ORDER, Decimal("39.90"), REFUNDED_AT, "EUR"),
    )


def test_a_refund_counts_only_transactions_that_succeeded() -> None:
    assert read("shopify", "refunds_create") == RefundSnapshot("93000001", ORDER, Decimal("39.90"), REFUNDED_AT, "EUR")


def test_a_refund_in_the_buyers_currency_counts_in_the_shops() -> None:
    found = read("shopify", "refunds_create__buyer_paid_dollars")
    assert isinstance(found, RefundSnapshot)
    assert (found.amount, found.currency) == (Decimal("39.90"), "EUR")


def test_returns_without_money_and_samples_are_left_aside() -> None:
    assert ignored("shopify", "refunds_create__goods_only") == "goods were taken back, no money was given"
    assert ignored("shopify", "refunds_create__sample") == "Shopify's own sample data"


def test_an_edit_is_left_to_the_update_that_comes_with_it() -> None:
    assert "orders/updated" in ignored("shopify", "orders_edited")


def test_a_deleted_order_is_named_by_its_id() -> None:
    assert read("shopify", "orders_delete") == OrderDeleted(ORDER, NOW)


def test_an_order_without_an_id_is_unreadable() -> None:
    with pytest.raises(Unreadable, match="^id is missing$"):
        read_body("shopify", "orders/create", changed("shopify", "orders_create", id=None))
