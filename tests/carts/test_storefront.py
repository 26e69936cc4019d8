"""Where the shop may send a shopper, and where nobody may be sent."""

from __future__ import annotations

import pytest

from carts.models import Cart
from carts.storefront import front_page, is_of_store, restore_address
from customers.models import Store

SHOP = Store(platform="generic", domain="shop.example", redirect_hosts=["pay.shop.example", "shop.example:8443"])

TAKEN = [
    "https://shop.example",
    "https://shop.example/",
    "https://shop.example/checkout/C1?key=a%20b&x=1#top",
    "https://SHOP.example/checkout",
    "https://pay.shop.example/c/1",
    "https://shop.example:8443/c/1",
    "https://shop.example?cart=1",
    "https://shop.example/go?to=https://evil.example/",  # the shop's own page; its own matter
]
REFUSED = [
    "",
    "/checkout",
    "//shop.example/checkout",
    "//evil.example",
    "https:/shop.example/",
    "https:shop.example",
    "https://evil.example/",
    "https://shop.example.evil.example/",
    "https://evilshop.example/",
    "https://evil.example/shop.example",
    "https://evil.example?shop.example",
    "https://evil.example#shop.example",
    "https://shop.example@evil.example/",
    "https://shop.example:x@evil.example/",
    "https://user@shop.example/",
    "https://user:secret@shop.example/",
    "https://shop.example\\@evil.example/",
    "https://evil.example\\.shop.example/",
    "https://shop.example\\.evil.example/",
    "https:\\\\shop.example/",
    "https://shop.example/\\evil",
    "https://shop.example:443/",
    "https://shop.example:99999999/",
    "https://shop.example:/",
    "https://shop.example./",
    "https://shop.example%2eevil.example/",
    "https://shop.example%00.evil.example/",
    "https://shop.example\x00/",
    "https://shop.example\t.evil.example/",
    "https://shop.example/a\r\nSet-Cookie: a=1",
    "https://shop.example/ ",
    " https://shop.example/",
    "https://shop.example/ä",
    "https://ѕhop.example/",
    "https://shop。example/",
    "https://[::1]/",
    "https://shop.example;evil.example/",
    "javascript:alert(1)//shop.example",
    "javascript://shop.example/%0aalert(1)",
    "data:text/html,https://shop.example/",
    "ftp://shop.example/",
    "https://shop.example/" + "a" * 8_000,
]


@pytest.mark.parametrize("address", TAKEN)
def test_it_leads_to_the_stores_own_hosts(address):
    assert is_of_store(address, SHOP)


@pytest.mark.parametrize("address", REFUSED)
def test_it_leads_nowhere_else(address):
    assert not is_of_store(address, SHOP)


@pytest.mark.parametrize("address", REFUSED)
def test_no_cart_takes_a_shopper_there(address):
    cart = Cart(store=SHOP, restore_url=address, currency="EUR")
    found = restore_address(cart)
    assert found == "" or found.startswith("https://shop.example/")


@pytest.mark.parametrize(
    ("host", "development", "taken"),
    [("shop.example", False, False), ("shop.example", True, True), ("127.0.0.1:8000", False, True),
     ("localhost:8000", False, True), ("127.0.0.1.shop.example", False, False)],
)  # fmt: skip
def test_plain_http_is_for_development_and_for_this_machine(settings, host, development, taken):
    settings.DEVELOPMENT = development
    assert is_of_store(f"http://{host}/c", Store(domain=host)) is taken


def lines(*variants: str) -> list[dict[str, object]]:
    return [{"product_id": "1", "variant_id": v, "title": "Mug", "quantity": 2, "price": "20.00"} for v in variants]


@pytest.mark.parametrize(
    ("platform", "restore_url", "code", "address"),
    [
        ("generic", "https://shop.example/c/1?k=a", "TEN", "https://shop.example/c/1?k=a&discount=TEN"),
        ("generic", "https://shop.example/c/1", "", "https://shop.example/c/1"),
        ("shopify", "https://shop.example/recover?key=9", "TEN", "https://shop.example/recover?key=9&discount=TEN"),
        ("shopify", "", "TEN", "https://shop.example/cart/41:2,42:2?discount=TEN"),
        ("shopify", "https://evil.example/recover", "", "https://shop.example/cart/41:2,42:2"),
        ("woocommerce", "", "TEN", "https://shop.example/checkout-link/?products=41:2,42:2&coupon=TEN"),
        ("generic", "", "", ""),
    ],
)
def test_each_shop_has_its_own_way_back(platform, restore_url, code, address):
    store = Store(platform=platform, domain="shop.example")
    cart = Cart(store=store, restore_url=restore_url, lines=lines("41", "42"), currency="EUR")
    assert restore_address(cart, code) == address


@pytest.mark.parametrize(
    ("domain", "page"), [("shop.example", "https://shop.example/"), ("127.0.0.1:8000", "http://127.0.0.1:8000/")]
)
def test_the_front_page_is_the_stores_own(domain, page):
    assert front_page(Store(domain=domain)) == page
