"""Who may speak for a WooCommerce store, and which delivery is the same as another."""

from __future__ import annotations

import pytest

from carts.sources.base import BadSignature, Label
from carts.sources.woocommerce.adapter import WooCommerce
from tests.carts.sources.signing import parcel, woo_headers

BODY = b'{"id":1,"token":"abc"}'
WOO = WooCommerce()


def test_the_worked_out_vector_is_accepted() -> None:
    WOO.verify(parcel({"X-WC-Webhook-Signature": "iIn4aUtu+Ngy8gtxaH8EdWTKPIPRUDoAy8PrOGrPeEU="}, BODY), ["hush"])


def test_a_secret_may_be_copied_as_wordpress_stores_it() -> None:
    signed = parcel(woo_headers("order.updated", BODY, "a&b<c>\"d'"), BODY)
    WOO.verify(signed, ["a&amp;b&lt;c&gt;&quot;d&#039;"])
    WOO.verify(signed, ["a&b<c>\"d'"])


def test_a_secret_that_only_looks_encoded_is_taken_as_it_is_too() -> None:
    WOO.verify(parcel(woo_headers("order.updated", BODY, "a&amp;b"), BODY), ["a&amp;b"])


@pytest.mark.parametrize("headers", [{}, {"X-WC-Webhook-Signature": ""}, {"X-WC-Webhook-Signature": "\ud800é"}])
def test_anything_else_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(BadSignature, match="X-WC-Webhook-Signature"):
        WOO.verify(parcel(headers, BODY), ["hush"])


def test_another_stores_secret_is_refused() -> None:
    with pytest.raises(BadSignature, match="another secret"):
        WOO.verify(parcel(woo_headers("order.updated", BODY, "theirs"), BODY), ["ours", ""])


def test_the_ping_of_a_new_webhook_is_known_by_its_body() -> None:
    label = WOO.label(parcel({"Content-Type": "application/x-www-form-urlencoded"}, b"webhook_id=17"))
    assert (label.topic, label.is_ping) == ("", True)


@pytest.mark.parametrize("body", [b"webhook_id=17&x=1", b"webhook_id=", b"{}", b"webhook_id=17" + b" " * 50 + b"x"])
def test_nothing_else_is_a_ping(body: bytes) -> None:
    assert WOO.label(parcel({}, body)).is_ping is False


def test_a_signed_event_is_never_a_ping() -> None:
    assert WOO.label(parcel(woo_headers("order.updated", b"webhook_id=17", "hush"), b"webhook_id=17")).is_ping is False


def label(topic: str, body: bytes = BODY, delivery_id: str = "d-1") -> Label:
    return WOO.label(parcel(woo_headers(topic, body, "hush", delivery_id=delivery_id), body))


def test_two_events_of_one_second_share_their_delivery_id_and_are_told_apart() -> None:
    assert label("order.updated", b'{"id":1}') != label("order.updated", b'{"id":2}')


def test_the_same_state_twice_is_one_event_whatever_the_delivery_id() -> None:
    assert label("order.updated", delivery_id="d-1") == label("order.updated", delivery_id="d-2")


def test_created_and_updated_with_one_body_are_two_events() -> None:
    assert label("order.created").dedupe_key != label("order.updated").dedupe_key


def test_what_was_deleted_restored_and_deleted_again_was_deleted_twice() -> None:
    assert label("order.deleted", b'{"id":1}', "d-1") != label("order.deleted", b'{"id":1}', "d-2")
