"""Who may speak for a Shopify store, and which delivery is the same as another."""

from __future__ import annotations

import pytest

from carts.sources.base import BadSignature, Parcel
from carts.sources.shopify.adapter import Shopify
from tests.carts.sources.signing import NOW, parcel, shopify_headers

BODY = b'{"id":1,"token":"abc"}'
SHOPIFY = Shopify()


def signed(signature: str) -> Parcel:
    return parcel({"X-Shopify-Hmac-Sha256": signature}, BODY)


def test_the_worked_out_vector_is_accepted() -> None:
    SHOPIFY.verify(signed("iIn4aUtu+Ngy8gtxaH8EdWTKPIPRUDoAy8PrOGrPeEU="), ["hush"])


def test_the_old_secret_is_good_while_it_is_valid() -> None:
    SHOPIFY.verify(parcel(shopify_headers("carts/update", BODY, "old"), BODY), ["new", "old"])


@pytest.mark.parametrize("signature", ["", " ", "x", "é\ud800", "iIn4aUtu+Ngy8gtxaH8EdWTKPIPRUDoAy8PrOGrPeEU"])
def test_anything_else_is_refused(signature: str) -> None:
    with pytest.raises(BadSignature, match="X-Shopify-Hmac-Sha256"):
        SHOPIFY.verify(signed(signature), ["hush"])


def test_a_changed_body_is_refused() -> None:
    headers = shopify_headers("carts/update", BODY, "hush")
    with pytest.raises(BadSignature):
        SHOPIFY.verify(parcel(headers, BODY + b" "), ["hush"])


@pytest.mark.parametrize("secrets", [[], [""]])
def test_a_store_without_a_secret_accepts_nothing(secrets: list[str]) -> None:
    with pytest.raises(BadSignature):
        SHOPIFY.verify(parcel(shopify_headers("carts/update", BODY, ""), BODY), secrets)


def key(topic: str, body: bytes = BODY, name: str = "w-1") -> str:
    return SHOPIFY.label(parcel(shopify_headers(topic, body, "hush", webhook_id=name), body)).dedupe_key


def test_a_retry_is_the_same_delivery() -> None:
    assert key("orders/create") == key("orders/create", b"{}") == "orders/create:w-1"


def test_topics_of_one_event_are_told_apart() -> None:
    assert key("orders/create") != key("orders/updated")


def test_without_a_webhook_id_topic_and_body_decide() -> None:
    assert key("orders/create", name="") == key("orders/create", name="")
    assert key("orders/create", name="") != key("orders/updated", name="")
    assert key("orders/create", name="") != key("orders/create", b"{}", name="")


@pytest.mark.parametrize("name", ["x" * 5_000, "é", "\ud800", "a\x00b"])
def test_strange_webhook_ids_make_short_plain_keys(name: str) -> None:
    made = key("orders/create", name=name)
    assert made.isascii() and made.isprintable() and len(made) <= 200


@pytest.mark.parametrize("topic", ["", "orders create", "é", "x" * 101, "a\x00"])
def test_a_strange_topic_is_none(topic: str) -> None:
    assert SHOPIFY.label(Parcel({"x-shopify-topic": topic}, BODY, NOW)).topic == ""
