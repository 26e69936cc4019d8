"""The demo shop's pages, and what they tell Cartback."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from carts.snapshots import CartSnapshot, OrderSnapshot, Snapshot, Stage
from carts.sources.base import Parcel, Shop
from carts.sources.generic.adapter import Generic
from config.demo import courier
from config.demo.catalogue import PRODUCTS, sums
from config.demo.memory import COOKIE
from config.env import ROOT
from tests.factories import make_offer, make_store

SCHEMA = Draft202012Validator(json.loads((ROOT / "docs" / "webhooks.schema.json").read_text()))
ANNA = {"email": "anna@mail.example", "first_name": "Anna", "last_name": "", "phone": "040 1234567"}
ANNA |= {"country": "FI", "locale": "fi", "reminders": "yes"}


@pytest.fixture
def browser() -> Client:
    return Client(enforce_csrf_checks=False)


def add(browser: Client, slug: str = "aamu", **quantity: int) -> Any:
    return browser.post(f"/demo/cart/{slug}/", quantity)


def told(browser: Client) -> list[dict[str, Any]]:
    """The bodies of the browser's webhooks, oldest first; each is one that docs/webhooks.schema.json allows."""
    bodies = [json.loads(one.body) for one in reversed(courier.sent_by(browser.cookies[COOKIE].value))]
    assert [error.message for body in bodies for error in SCHEMA.iter_errors(body)] == []
    return bodies


def read(body: dict[str, Any]) -> Snapshot:
    """As Cartback reads it."""
    shop = Shop("127.0.0.1:8000", "EUR", "Europe/Helsinki")
    (snapshot,) = Generic().read(Parcel({}, json.dumps(body).encode(), datetime(2026, 1, 1, tzinfo=UTC)), shop)
    return snapshot


def filled(browser: Client, **changed: str) -> list[dict[str, Any]]:
    """Through the checkout up to the payment; what Cartback was told by then."""
    add(browser)
    assert browser.post("/demo/checkout/", ANNA | changed).status_code == 302
    return told(browser)


def restore_path(body: dict[str, Any]) -> str:
    return str(body["data"]["restore_url"]).removeprefix("http://127.0.0.1:8000")


def test_every_product_has_a_page_and_a_picture(browser: Client):
    shelf = browser.get("/demo/").content.decode()
    for product in PRODUCTS:
        assert f"/static/demo/{product.slug}.svg" in shelf
        assert (ROOT / "templates" / "static" / "demo" / f"{product.slug}.svg").exists()
        assert browser.get(f"/demo/product/{product.slug}/").status_code == 200
    assert browser.get("/demo/product/sofa/").status_code == 404


@pytest.mark.parametrize("path", ["/demo/", "/demo/cart/", "/demo/product/aamu/", "/demo/restore/x/"])
def test_every_page_says_that_it_is_a_demo(browser: Client, path: str):
    assert b"<b>Demo shop:</b> synthetic data" in browser.get(path).content


def test_a_change_of_the_cart_is_told_whole(browser: Client):
    add(browser)
    add(browser, "kivi", quantity=2)
    first, second = (read(body) for body in told(browser))
    assert isinstance(first, CartSnapshot) and isinstance(second, CartSnapshot)
    assert first.tokens == second.tokens
    assert [(line.product_id, line.quantity) for line in second.lines or ()] == [("aamu", 1), ("kivi", 2)]
    assert (second.total, second.currency, second.stage) == (Decimal("152.00"), "EUR", Stage.CART)
    assert second.person.email == ""


def test_a_cart_can_be_emptied(browser: Client):
    add(browser)
    add(browser, quantity=0)
    last = read(told(browser)[-1])
    assert isinstance(last, CartSnapshot) and last.lines == ()
    assert b"Nothing in it yet" in browser.get("/demo/cart/").content


@pytest.mark.parametrize("quantity", ["-1", "x", "1e3", "99999"])
def test_odd_quantities_only_add_one(browser: Client, quantity: str):
    browser.post("/demo/cart/aamu/", {"quantity": quantity})
    assert told(browser)[-1]["data"]["items"][0]["quantity"] == 1
    assert browser.post("/demo/cart/sofa/").status_code == 404


def test_the_checkout_tells_who_it_is_and_what_they_allowed(browser: Client):
    body = filled(browser, yes_sms="on")[-1]
    snapshot = read(body)
    assert isinstance(snapshot, CartSnapshot)
    assert (body["type"], snapshot.stage) == ("checkout.updated", Stage.CONTACT)
    assert (snapshot.person.email, snapshot.person.locale, snapshot.person.country) == ("anna@mail.example", "fi", "FI")
    said = {entry.channel: entry for entry in snapshot.person.consents}
    assert (said["email"].granted, said["sms"].granted) == (True, True)
    assert said["email"].words == (
        "May we remind you by e-mail if you do not finish your order? Yes, remind me. I can stop that with one click."
    )
    assert len(snapshot.tokens) == 2


def test_a_no_is_told_as_a_no(browser: Client):
    snapshot = read(filled(browser, reminders="no")[-1])
    assert isinstance(snapshot, CartSnapshot)
    assert [(entry.channel, entry.granted) for entry in snapshot.person.consents] == [("email", False)]
    assert b"You said no to reminders" in browser.get("/demo/happened/").content


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"email": ""}, b"We need an e-mail address"),
        ({"email": "anna"}, b"Enter a valid email address"),
        ({"reminders": ""}, b"Choose one."),
        ({"yes_sms": "on", "phone": ""}, b"We need a phone number"),
    ],
)
def test_the_checkout_says_what_is_missing_and_tells_nobody(browser: Client, changed: dict, sentence: bytes):
    add(browser)
    answer = browser.post("/demo/checkout/", ANNA | changed)
    assert (answer.status_code, sentence in answer.content) == (400, True)
    assert [body["type"] for body in told(browser)] == ["cart.updated"]


def test_a_refused_card_is_told(browser: Client):
    filled(browser)
    assert browser.post("/demo/checkout/pay/", {"outcome": "failed"}).headers["Location"].endswith("?failed")
    snapshot = read(told(browser)[-1])
    assert isinstance(snapshot, CartSnapshot)
    assert (snapshot.payment_failed, snapshot.stage) == (True, Stage.PAYMENT)


def test_buying_tells_the_order_by_the_carts_own_names(browser: Client):
    checkout = read(filled(browser)[-1])
    browser.post("/demo/checkout/pay/", {"outcome": "paid"})
    order = read(told(browser)[-1])
    assert isinstance(checkout, CartSnapshot) and isinstance(order, OrderSnapshot)
    assert set(order.tokens) == set(checkout.tokens)
    assert (order.total, order.shipping, order.tax) == (Decimal("30.90"), Decimal("6.90"), Decimal("6.28"))
    assert order.person.email == "anna@mail.example"
    assert b"Thank you, Anna" in browser.get("/demo/thanks/").content
    assert b"Nothing in it yet" in browser.get("/demo/cart/").content


def test_the_next_cart_is_another_one(browser: Client):
    first = filled(browser)[-1]
    browser.post("/demo/checkout/pay/", {"outcome": "paid"})
    add(browser)
    assert told(browser)[-1]["data"]["id"] not in (first["data"]["id"], first["data"]["cart_id"])


def test_a_restore_link_brings_the_cart_to_another_browser_and_nobody_with_it(browser: Client):
    body = filled(browser)[-1]
    other = Client()
    assert other.get(restore_path(body)).headers["Location"] == "/demo/cart/"
    cart = other.get("/demo/cart/").content
    assert b"Aamu mug" in cart and b"Welcome back" in cart
    for path in ("/demo/cart/", "/demo/checkout/"):
        assert b"anna" not in other.get(path).content.lower()
    assert other.get("/demo/checkout/payment/").headers["Location"] == "/demo/checkout/"


def test_coming_back_is_no_change_of_the_cart(browser: Client):
    body = filled(browser)[-1]
    other = Client()
    other.get(restore_path(body))
    assert told(other) == []


@pytest.mark.django_db
def test_a_discount_code_in_the_link_is_applied_and_told(browser: Client):
    make_offer(make_store(slug="demo", is_demo=True))
    body = filled(browser)[-1]
    other = Client()
    other.get(f"{restore_path(body)}?discount=BACK10")
    assert b"BACK10" in other.get("/demo/cart/").content
    other.post("/demo/checkout/", ANNA)
    other.post("/demo/checkout/pay/", {"outcome": "paid"})
    order = read(told(other)[-1])
    assert isinstance(order, OrderSnapshot)
    assert (order.discount_codes, order.discount, order.total) == (("BACK10",), Decimal("2.40"), Decimal("28.50"))


@pytest.mark.django_db
def test_a_code_is_shown_as_text(browser: Client):
    body = filled(browser)[-1]
    browser.get(f"{restore_path(body)}?discount=%3Cb%3Ex")
    assert b"The code &lt;b&gt;x is not known here." in browser.get("/demo/cart/").content


@pytest.mark.django_db
def test_a_code_that_is_refused_takes_nothing_off_and_is_not_told(browser: Client):
    make_offer(make_store(slug="demo", is_demo=True), minimum=Decimal(25))
    filled(browser)
    browser.post("/demo/cart-code/", {"code": " back10 "})
    assert "The code back10 needs goods for 25.00 EUR or more." in browser.get("/demo/cart/").content.decode()
    assert (told(browser)[-1]["data"]["total"], told(browser)[-1]["data"]["discount_codes"]) == ("24.00", [])
    browser.post("/demo/cart/aamu/", {"quantity": "2"})
    assert told(browser)[-1]["data"]["total"] == "43.20"
    browser.post("/demo/cart-code/", {"code": ""})
    assert told(browser)[-1]["data"]["total"] == "48.00"


@pytest.mark.django_db
def test_what_was_bought_keeps_what_its_code_took_off(browser: Client):
    offer = make_offer(make_store(slug="demo", is_demo=True), kind="free_shipping", value=Decimal(7))
    filled(browser)
    browser.post("/demo/cart-code/", {"code": "BACK10"})
    browser.post("/demo/checkout/pay/", {"outcome": "paid"})
    type(offer).objects.update(is_active=False)
    assert "Delivery, code BACK10" in browser.get("/demo/thanks/").content.decode()
    order = read(told(browser)[-1])
    assert isinstance(order, OrderSnapshot)
    assert (order.discount_codes, order.shipping, order.total) == (("BACK10",), Decimal("0.00"), Decimal("24.00"))


def test_a_bought_cart_and_an_unknown_link_are_told_apart(browser: Client):
    body = filled(browser)[-1]
    browser.post("/demo/checkout/pay/", {"outcome": "paid"})
    bought = Client().get(restore_path(body))
    assert (bought.status_code, b"Already yours" in bought.content) == (200, True)
    assert Client().get("/demo/restore/nobody-knows/").status_code == 404


def test_starting_over_forgets_the_browser(browser: Client):
    filled(browser)
    browser.post("/demo/start-over/")
    assert b"Nothing in it yet" in browser.get("/demo/cart/").content


def test_a_form_from_elsewhere_is_refused():
    assert Client(enforce_csrf_checks=True).post("/demo/cart/aamu/").status_code == 403


def test_the_panel_names_the_next_step(browser: Client):
    assert b"Put something in the cart" in browser.get("/demo/happened/").content
    add(browser)
    assert b"nobody to write to" in browser.get("/demo/happened/").content
    filled(browser)
    panel = browser.get("/demo/happened/").content
    assert b"Leave now." in panel and b"on its way" in panel


@pytest.mark.parametrize(
    ("quantities", "off", "total"),
    [
        ({}, "0", "0"),
        ({"aamu": 1}, "0", "30.90"),
        ({"aamu": 1}, "30", "6.90"),
        ({"kaamos": 1}, "0", "129.00"),
        ({"kivi": 1, "lahde": 1}, "11", "105.90"),
    ],
)
def test_sums(quantities: dict[str, int], off: str, total: str):
    assert sums(quantities, Decimal(off)).total == Decimal(total)
