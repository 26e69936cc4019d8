"""Where a recovery link leads."""

from __future__ import annotations

from decimal import Decimal

import pytest

from carts.snapshots import Line
from carts.sources.base import RestoreFacts
from carts.sources.links import with_parameter
from carts.sources.registry import SOURCES, source_for
from tests.carts.sources.signing import SHOP

RECOVERY = "https://puro.myshopify.com/55501/checkouts/ac/hWN/recover?key=0a1b%2F2c&locale=fi-FI"
LINES = (
    Line("71", "711", "Shirt", 2, Decimal(1)),
    Line("72", "", "Socks", 1, Decimal(1)),
    Line("71", "711", "Shirt, engraved", 1, Decimal(1)),
)


def address(platform: str, url: str = "", lines: tuple[Line, ...] = LINES, code: str = "") -> str:
    return source_for(platform).restore_address(RestoreFacts(url, lines, code), SHOP)


def test_shopify_goes_back_to_the_checkout_with_the_discount() -> None:
    assert address("shopify", RECOVERY) == RECOVERY
    assert address("shopify", RECOVERY, code="BACK10") == f"{RECOVERY}&discount=BACK10"


def test_an_older_discount_is_replaced() -> None:
    url = "https://a.example/recover?discount=OLD&key=1&disc%6Funt=ALSO"
    assert address("shopify", url, code="NEW") == "https://a.example/recover?key=1&discount=NEW"


def test_a_code_is_percent_encoded() -> None:
    assert address("generic", "https://a.example/c", code="10 % & more#é/?") == (
        "https://a.example/c?discount=10%20%25%20%26%20more%23%C3%A9%2F%3F"
    )


def test_shopify_makes_a_permalink_of_a_cart_without_a_checkout() -> None:
    assert address("shopify") == "https://shop.example/cart/711:3"
    assert address("shopify", code="BACK10") == "https://shop.example/cart/711:3?discount=BACK10"


def test_woocommerce_makes_a_checkout_link() -> None:
    assert address("woocommerce") == "https://shop.example/checkout-link/?products=711:3,72:1"
    assert address("woocommerce", code="a&b") == (
        "https://shop.example/checkout-link/?products=711:3,72:1&coupon=a%26b"
    )


def test_woocommerce_follows_no_address_that_came_with_the_cart() -> None:
    assert address("woocommerce", "https://shop.example/?wcal_action=track_links", ()) == ""


@pytest.mark.parametrize("platform", SOURCES)
def test_without_lines_and_address_there_is_no_way_back(platform: str) -> None:
    odd = (Line("", "abc", "Shirt", 1, Decimal(1)), Line("", "٣", "Shirt", 1, Decimal(1)))
    assert address(platform, "", ()) == ""
    assert address(platform, "", odd, "CODE") == ""


@pytest.mark.parametrize(
    "url",
    [
        "",
        "javascript:alert(1)",
        "//a.example",
        "https://",
        "https://[bad",
        "https://a.example:port/",
        "ftp://a.example",
    ],
)
def test_what_is_no_web_address_leads_nowhere(url: str) -> None:
    assert with_parameter(url, "discount", "X") == ""


def test_a_login_in_an_address_leads_nowhere() -> None:
    assert with_parameter("https://shop.example@evil.example/", "discount", "") == ""


def test_the_rest_of_an_address_is_encoded_but_never_twice() -> None:
    assert with_parameter("https://a.example/kärry/%20?x=å&y=%C3%A5#ö", "", "") == (
        "https://a.example/k%C3%A4rry/%20?x=%C3%A5&y=%C3%A5#%C3%B6"
    )


def test_a_platform_without_a_source_is_named() -> None:
    with pytest.raises(LookupError, match="no source for the platform 'magento'; there are generic, shopify"):
        source_for("magento")
    assert {name: source.platform for name, source in SOURCES.items()} == {name: name for name in SOURCES}
