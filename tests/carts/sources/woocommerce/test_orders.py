"""WooCommerce's orders: carts, orders and refunds by their status."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from carts.snapshots import CartSnapshot, Ignored, Line, OrderDeleted, OrderSnapshot, RefundSnapshot, Stage
from carts.sources.base import Shop, Unreadable
from tests.carts.sources.reading import cart, changed, ignored, read, read_body
from tests.carts.sources.reading import order as read_order
from tests.carts.sources.signing import NOW, SHOP

SHIRT = Line(
    "71",
    "711",
    "Linen shirt",
    2,
    Decimal("39.90"),
    sku="LS-M",
    variant_title="M",
    image_url="https://shop.example/wp-content/uploads/shirt.jpg",
)


def at(day: int, hour: int, minute: int, second: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute, second, tzinfo=UTC)


def draft(name: str) -> CartSnapshot:
    return cart("woocommerce", name)


def of(name: str, shop: Shop = SHOP) -> OrderSnapshot:
    return read_order("woocommerce", name, shop)


def test_a_draft_of_the_block_checkout_is_a_cart() -> None:
    found = draft("order_updated__draft")
    assert (found.kind, found.tokens, found.stage) == ("checkout", ("order:1207",), Stage.SHIPPING)
    assert (found.updated_at, found.created_at) == (at(2, 10, 25), at(2, 10, 31))
    assert found.lines == (SHIRT, Line("72", "", "Gift card", 1, Decimal("10.00")))
    assert (found.currency, found.total, found.discount_codes) == ("EUR", Decimal("86.82"), ("spring",))


def test_a_draft_tells_who_and_whence() -> None:
    found = draft("order_updated__draft")
    assert (found.person.email, found.person.external_id) == ("bea@shopper.example", "")
    assert (found.person.phone, found.person.country) == ("070-123 45 67", "SE")
    assert (found.device, found.referrer) == ("mobile", "https://search.example/")
    assert found.landing_page == "https://shop.example/?utm_source=news"
    assert found.user_agent == "Mozilla/5.0 (Macintosh) Safari"


def test_a_draft_without_anything_is_a_checkout_begun() -> None:
    found = draft("order_updated__draft_without_anything")
    assert (found.stage, found.lines, found.person.email, found.device) == (Stage.CHECKOUT, (), "", "")


def test_an_email_brings_a_draft_to_contact() -> None:
    assert draft("order_updated__draft_with_email").stage == Stage.CONTACT


@pytest.mark.parametrize(("name", "failed"), [("order_updated__pending", False), ("order_updated__failed", True)])
def test_an_order_that_waits_for_its_payment_is_a_cart_at_the_till(name: str, failed: bool) -> None:
    found = draft(name)
    assert (found.tokens, found.stage, found.payment_failed) == (("order:1207",), Stage.PAYMENT, failed)


@pytest.mark.parametrize(
    ("name", "maker"), [("order_updated__pending_by_staff", "admin"), ("order_updated__renewal_failed", "subscription")]
)
def test_unpaid_orders_that_no_shopper_made_are_left_aside(name: str, maker: str) -> None:
    assert ignored("woocommerce", name) == f"an unpaid order made by {maker} is no shopper's cart"


def test_a_paid_order_keeps_the_number_of_its_cart() -> None:
    found = of("order_created")
    assert (found.external_id, found.tokens, found.number) == ("1207", ("order:1207",), "1207")
    assert (found.placed_at, found.updated_at) == (at(2, 10, 31), at(2, 10, 32, 10))
    assert (found.total, found.tax, found.shipping) == (Decimal("86.82"), Decimal("15.36"), Decimal("5.00"))
    assert (found.discount, found.discount_codes) == (Decimal("7.98"), ("spring",))
    assert (found.paid, found.cancelled_at, found.channel) == (True, None, "store-api")
    assert (found.person.external_id, found.person.first_name) == ("33", "Bea")


def test_an_order_on_hold_waits_for_its_money() -> None:
    assert of("order_created__on_hold").paid is False


def test_an_own_status_is_an_order_and_paid_if_it_says_so() -> None:
    assert of("order_updated__own_status").paid is True


def test_a_cancelled_order_tells_whether_it_was_ever_paid() -> None:
    found, never_paid = of("order_updated__cancelled"), of("order_updated__unpaid_cancelled")
    assert (found.cancelled_at, found.paid) == (at(3, 6, 0), True)
    assert (never_paid.cancelled_at, never_paid.paid) == (at(2, 11, 31), False)


def test_refunds_are_positive_and_counted_once() -> None:
    when = at(5, 7, 0)
    assert of("order_updated__partly_refunded").refunds == (
        RefundSnapshot("1300", "1207", Decimal("39.90"), when, "EUR"),
    )
    assert of("order_updated__refunded").refunds == (RefundSnapshot("1302", "1207", Decimal("86.82"), when, "EUR"),)


def test_an_order_refunded_without_an_entry_is_refunded_as_a_whole() -> None:
    [refund] = of("order_updated__refunded_without_entry").refunds
    assert (refund.external_id, refund.amount) == ("1207:whole", Decimal("86.82"))


def test_times_without_gmt_are_the_shops_own() -> None:
    found = of("order_updated__local_time_only")
    assert found.updated_at == datetime(2026, 7, 2, 9, 32, 10, tzinfo=UTC)  # Helsinki in summer
    assert found.placed_at == at(2, 10, 31)  # and in winter


def test_an_unknown_time_zone_counts_as_utc() -> None:
    for zone in ("Mars/Olympus", "", "../etc", "Europe"):
        found = of("order_updated__local_time_only", Shop("shop.example", "EUR", zone))
        assert found.placed_at == at(2, 12, 31)


def test_odd_products_are_read_all_the_same() -> None:
    assert of("order_updated__odd_products").lines == (Line("73", "", "Mug", 3, Decimal("3.33"), sku="10045"),)


def test_prices_without_tax_stay_without_it() -> None:
    body = changed("woocommerce", "order_created", prices_include_tax=False)
    found = read_body("woocommerce", "order.created", body)
    assert isinstance(found, OrderSnapshot) and found.lines is not None
    assert found.lines[0].price == Decimal("31.92")


def test_the_bin_and_deletion_are_the_same() -> None:
    assert read("woocommerce", "order_updated__trash") == OrderDeleted("1207", at(6, 7, 0))
    assert read("woocommerce", "order_deleted") == OrderDeleted("1207", NOW)


def test_a_restored_order_is_what_its_status_says() -> None:
    assert of("order_restored").paid is False


def test_a_user_who_lost_the_right_to_see_orders_is_reported() -> None:
    complaint = r"^WordPress sent an error instead of the object: woocommerce_rest_cannot_view \(401\)$"
    with pytest.raises(Unreadable, match=complaint):
        read("woocommerce", "order_updated__rights_lost")


def test_an_order_gone_before_it_was_sent_is_left_aside() -> None:
    assert ignored("woocommerce", "order_updated__gone") == "the object was gone before the webhook was sent"


@pytest.mark.parametrize("status", ["draft", "auto-draft", "new"])
def test_an_order_that_is_not_written_yet_is_left_aside(status: str) -> None:
    found = read_body("woocommerce", "order.updated", changed("woocommerce", "order_created", status=status))
    assert found == Ignored(f"an order of status {status} is not written yet")


@pytest.mark.parametrize("topic", ["product.updated", "coupon.created", "action.woocommerce_add_to_cart"])
def test_other_topics_are_left_aside(topic: str) -> None:
    assert read_body("woocommerce", topic, b"{}") == Ignored(f"{topic} is not used")
