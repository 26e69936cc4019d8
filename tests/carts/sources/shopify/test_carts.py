"""Shopify's carts and checkouts as facts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from types import MappingProxyType

import pytest

from carts.snapshots import CartSnapshot, Consent, Line, Person, Stage
from carts.sources.base import Shop, Unreadable
from tests.carts.sources.reading import cart, changed, read_body
from tests.carts.sources.signing import NOW, SHOP


def at(day: int, hour: int, minute: int, second: int = 0, micro: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute, second, micro, tzinfo=UTC)


def of(name: str, shop: Shop = SHOP, headers: Mapping[str, str] = MappingProxyType({})) -> CartSnapshot:
    return cart("shopify", name, shop, **headers)


def reread(name: str, topic: str = "checkouts/update", **fields: object) -> CartSnapshot:
    found = read_body("shopify", topic, changed("shopify", name, **fields))
    assert isinstance(found, CartSnapshot)
    return found


def test_a_cart_has_contents_and_nobody() -> None:
    found = of("carts_update")
    assert (found.kind, found.tokens, found.stage) == ("cart", ("cart:hWN7aXq0synthetic0001",), Stage.CART)
    assert (found.updated_at, found.created_at) == (at(2, 10, 15, 30, 512_000), at(2, 10, 1))
    assert (found.person, found.restore_url) == (Person(), "")
    assert (found.currency, found.total) == ("EUR", Decimal("92.30"))
    assert found.lines == (
        Line("7100001", "47110001", "Linen shirt", 2, Decimal("39.90"), sku="LS-M"),
        Line("7100002", "47110002", "Wool socks", 1, Decimal("12.50")),
    )


def test_an_emptied_cart_has_no_lines() -> None:
    found = of("carts_update__empty")
    assert (found.lines, found.total) == ((), Decimal(0))


def test_broken_money_sets_fall_back_to_the_plain_price() -> None:
    found = of("carts_update__broken_sets", Shop("shop.example", "SEK", "UTC"))
    assert (found.currency, found.total) == ("SEK", Decimal("92.30"))


def test_amounts_are_the_shops_own_and_not_the_buyers() -> None:
    found = of("carts_update__buyer_sees_dollars")
    assert found.lines is not None
    assert (found.currency, found.lines[0].price, found.total) == ("EUR", Decimal("39.90"), Decimal("79.80"))


def test_a_checkout_tells_who_where_and_what() -> None:
    found = of("checkouts_update")
    assert found.tokens == (
        "checkout:c0ffee00synthetic0002",
        "checkout-id:37012345678901234",
        "cart:hWN7aXq0synthetic0001",
    )
    assert found.person.email == "aino@shopper.example"
    assert (found.person.external_id, found.person.phone) == ("6300000000001", "+358401234567")
    assert (found.person.first_name, found.person.last_name) == ("Aino", "Virtanen")
    assert (found.person.locale, found.person.country) == ("fi-FI", "FI")
    assert (found.total, found.discount_codes, found.stage) == (Decimal("93.20"), ("SPRING",), Stage.SHIPPING)
    assert found.restore_url.endswith("/recover?key=0a1b2c3d&locale=fi-FI")
    assert (found.referrer, found.landing_page[:9]) == ("https://search.example/", "/products")


def test_offsets_of_one_object_may_differ() -> None:
    found = of("checkouts_update")
    assert (found.created_at, found.updated_at) == (at(2, 10, 16), at(2, 10, 20))


def test_a_guest_who_typed_nothing_is_nobody() -> None:
    found = of("checkouts_create")
    assert (found.person.email, found.person.external_id, found.stage) == ("", "", Stage.CHECKOUT)


def test_an_address_may_be_an_empty_list() -> None:
    found = of("checkouts_update__no_address")
    assert (found.person.country, found.stage) == ("", Stage.CONTACT)


def test_a_completed_checkout_says_when() -> None:
    found = of("checkouts_update__completed")
    assert (found.completed_at, found.stage) == (at(2, 10, 31), Stage.PAYMENT)


def test_a_completion_at_a_broken_time_is_still_one() -> None:
    found = reread("checkouts_update", completed_at="2024-09-16T03:50:1500:00")
    assert found.completed_at == found.updated_at == at(2, 10, 20)


def test_a_checkout_made_by_staff_has_no_cart() -> None:
    found = of("checkouts_update__made_by_staff")
    assert found.tokens == ("checkout:c0ffee00synthetic0002", "checkout-id:37012345678901234")


def test_a_ticked_box_is_a_yes_dated_to_the_checkouts_beginning() -> None:
    assert of("checkouts_update").person.consents == (
        Consent("email", True, at(2, 10, 16), "checkout"),
        Consent("sms", False, at(2, 10, 16), "checkout"),
    )


def test_an_unticked_box_is_no_yes() -> None:
    said = of("checkouts_update__no_address").person.consents
    assert [(one.channel, one.granted, one.source) for one in said] == [
        ("email", False, "checkout"),
        ("sms", False, "checkout"),
    ]


def test_a_box_that_is_not_shown_says_nothing() -> None:
    found = reread("checkouts_update", buyer_accepts_marketing=None, buyer_accepts_sms_marketing=None)
    assert found.person.consents == ()


def test_sms_consent_names_its_own_number() -> None:
    found = of("checkouts_update__sms").person
    assert (found.email, found.phone) == ("", "+358407654321")
    assert found.consents[1] == Consent("sms", True, at(2, 10, 16), "checkout", address="+358407654321")


def test_the_customers_standing_counts_where_no_box_was_ticked() -> None:
    assert of("checkouts_update__consent_on_record").person.consents == (
        Consent("email", True, datetime(2025, 11, 1, 7, 5, tzinfo=UTC), "customer"),
        Consent("sms", False, datetime(2025, 12, 24, 8, 0, tzinfo=UTC), "customer"),
    )


def test_yen_have_no_decimals() -> None:
    found = of("checkouts_update__yen")
    assert found.lines is not None
    assert (found.currency, str(found.total), str(found.lines[0].price)) == ("JPY", "4590", "4590")


def test_a_broken_time_costs_the_field_and_the_trigger_time_orders_the_event() -> None:
    found = of("checkouts_update__bad_times", headers={"X-Shopify-Triggered-At": "2026-03-02T10:20:01.5Z"})
    assert (found.updated_at, found.created_at) == (at(2, 10, 20, 1, 500_000), None)


def test_without_any_time_the_arrival_orders_the_event() -> None:
    assert of("checkouts_update__bad_times", headers={"X-Shopify-Triggered-At": "soon"}).updated_at == NOW


def test_ids_come_as_text_too() -> None:
    found = of("checkouts_update__string_ids")
    assert found.tokens[1] == "checkout-id:37012345678901234"
    assert found.lines == (Line("7100001", "47110001", "Linen shirt", 1, Decimal("39.90")),)


@pytest.mark.parametrize("name", ["carts_update__sample", "checkouts_update__sample"])
def test_shopifys_samples_are_tests(name: str) -> None:
    assert of(name).is_test is True


def test_a_test_notification_is_a_test() -> None:
    assert of("checkouts_update", headers={"X-Shopify-Test": "true"}).is_test is True
    assert of("checkouts_update").is_test is False


def test_a_deleted_checkout_is_named_by_its_id_alone() -> None:
    found = of("checkouts_delete", headers={"X-Shopify-Triggered-At": "2026-03-09T10:00:00Z"})
    assert (found.tokens, found.deleted, found.lines) == (("checkout-id:37012345678901234",), True, None)
    assert found.updated_at == at(9, 10, 0)


def test_only_the_first_500_lines_are_kept_but_all_are_counted() -> None:
    line = {"product_id": 1, "variant_id": 2, "title": "Pin", "quantity": 1, "price": "1.00"}
    found = reread("carts_update", "carts/update", line_items=[line] * 600)
    assert found.lines is not None
    assert (len(found.lines), found.total) == (500, Decimal("600.00"))


def test_lines_that_are_left_out_are_not_an_empty_cart() -> None:
    assert reread("checkouts_update", line_items=None).lines is None


def test_a_line_of_which_none_is_left_is_no_line() -> None:
    found = reread("checkouts_update", line_items=[{"title": "Gone", "quantity": 0, "price": "1.00"}])
    assert found.lines == ()


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"token": None, "id": None}, "^token is missing$"),
        ({"id": 2.0**60, "token": None}, "^id is too large to be exact"),
        ({"total_price": "much"}, "^total_price should be an amount$"),
        ({"line_items": [{"quantity": -1}]}, r"^line_items\[0\]\.quantity should be a whole number from 0"),
        ({"line_items": {"0": {}}}, "^line_items should be a list$"),
        ({"token": "x" * 500}, "^token is too long for an id$"),
    ],
)
def test_what_cannot_be_read_is_named(fields: dict[str, object], complaint: str) -> None:
    with pytest.raises(Unreadable, match=complaint):
        read_body("shopify", "checkouts/update", changed("shopify", "checkouts_update", **fields))
