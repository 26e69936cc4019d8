"""The door and what stands behind it."""

from __future__ import annotations

import json

import pytest
from django.test import Client
from django.utils import timezone

from carts.inbox import doors, refusals
from carts.inbox.process import drain
from carts.models import Cart, Delivery, DeliveryState, Order
from customers.models import StoreSecret
from tests.carts.sources.signing import generic_headers, load, shopify_headers, woo_headers
from tests.factories import NOW, SECRET, after, make_store
from tests.servers import empty_redis

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _fresh_doors():
    doors.forget()


def post(slug: str, body: bytes, headers: dict[str, str]):
    kind = headers.pop("Content-Type", "application/json")
    return Client().post(f"/webhooks/{slug}/", body, content_type=kind, headers=headers)


def cart_updated(webhook_id: str = "w1") -> tuple[bytes, dict[str, str]]:
    body = load("generic", "cart_updated")
    return body, generic_headers(body, SECRET, webhook_id=webhook_id, at=timezone.now())


def test_a_signed_delivery_is_kept_to_the_byte_and_nothing_else_happens():
    store = make_store()
    body, headers = cart_updated()
    assert post(store.slug, body, headers).status_code == 200
    kept = Delivery.objects.get()
    assert (bytes(kept.body), kept.topic, kept.state) == (body, "cart.updated", "pending")
    assert not Cart.objects.exists()


def test_a_duplicate_is_answered_200_and_kept_once():
    store = make_store()
    for _ in range(3):
        body, headers = cart_updated()
        assert post(store.slug, body, headers).status_code == 200
    assert Delivery.objects.count() == 1


@pytest.mark.parametrize(
    ("_case", "change"),
    [
        ("no signature", {"webhook-signature": ""}),
        ("garbage", {"webhook-signature": "v1"}),
        ("two commas", {"webhook-signature": "v1,a,b"}),
        ("another's", {"webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="}),
        ("not a time", {"webhook-timestamp": "yesterday"}),
        ("not ascii", {"webhook-signature": "v1,ä"}),
        ("too old", {"webhook-timestamp": "1"}),
    ],
)
def test_a_bad_signature_is_401_and_nothing_is_kept(_case, change):
    store = make_store()
    body, headers = cart_updated()
    assert post(store.slug, body, headers | change).status_code == 401
    assert not Delivery.objects.exists()


def test_the_newest_refusal_is_noted_without_anything_that_was_posted():
    store = make_store()
    body, headers = cart_updated()
    refusals.forget()
    for name in ("webhook-timestamp", "webhook-signature"):  # of two in a moment the first is enough
        post(store.slug, body, headers | {name: "0"})
    noted = refusals.newest(store.pk)
    assert noted and noted.why == "webhook-timestamp is more than five minutes off"
    assert refusals.newest(store.pk + 1) is None


def test_a_row_of_refusals_says_since_when_and_how_many():
    store, begun = make_store(), after(minutes=0)
    empty_redis()
    for minute in range(3):
        refusals.forget()  # as if ten seconds had passed, or in another process
        refusals.note(store.pk, "made with another secret", after(minutes=minute))
    newest = refusals.Refusal(after(minutes=2), "made with another secret")
    assert refusals.rows([store.pk, store.pk + 1]) == {store.pk: refusals.Row(begun, 3, newest)}
    refusals.clear(store.pk)
    assert (refusals.rows([store.pk]), refusals.newest(store.pk)) == ({}, None)


def test_of_a_flood_of_refusals_little_is_written():
    store = make_store()
    empty_redis()
    refusals.forget()
    for _ in range(50):
        refusals.note(store.pk, "made with another secret", NOW)
    assert refusals.rows([store.pk])[store.pk].count == 1
    refusals._noted.clear()  # ten seconds later the next tells of all
    refusals.note(store.pk, "made with another secret", NOW)
    assert refusals.rows([store.pk])[store.pk].count == 51


def test_unknown_store_wrong_method_and_large_body_are_told_apart(settings):
    store = make_store()
    assert Client().get(f"/webhooks/{store.slug}/").status_code == 405
    assert post("nobody", b"{}", {}).status_code == 404
    settings.WEBHOOK_BODY_LIMIT = 100
    assert post(store.slug, b"x" * 101, {}).status_code == 413
    assert not Delivery.objects.exists()


def test_a_store_that_is_off_has_no_door():
    store = make_store(is_active=False)
    assert post(store.slug, b"{}", {}).status_code == 404


def test_old_and_new_secret_are_valid_together_until_the_old_one_expires():
    store = make_store()
    StoreSecret.rotate(store, "whsec_" + "bmV3" * 11, now=timezone.now())
    body, headers = cart_updated()
    assert post(store.slug, body, headers).status_code == 200
    StoreSecret.objects.filter(expires_at__isnull=False).update(expires_at=NOW)
    doors.forget()
    body, headers = cart_updated("w2")
    assert post(store.slug, body, headers).status_code == 401


def test_woocommerce_pings_unsigned_and_is_answered_200_without_a_trace():
    store = make_store(platform="woocommerce")
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert post(store.slug, b"webhook_id=7", form).status_code == 200
    assert not Delivery.objects.exists()


def test_shopify_and_woocommerce_deliveries_become_carts_and_orders():
    shop, woo = make_store(platform="shopify"), make_store(platform="woocommerce")
    checkout = load("shopify", "checkouts_update")
    assert post(shop.slug, checkout, shopify_headers("checkouts/update", checkout, SECRET)).status_code == 200
    bought = load("shopify", "orders_create")
    assert post(shop.slug, bought, shopify_headers("orders/create", bought, SECRET, webhook_id="w2")).status_code == 200
    draft = load("woocommerce", "order_updated__draft_with_email")
    assert post(woo.slug, draft, woo_headers("order.updated", draft, SECRET)).status_code == 200
    assert drain(NOW) == 3
    assert set(Delivery.objects.values_list("state", flat=True)) == {"done"}
    assert Order.objects.get(store=shop).cart == Cart.objects.get(store=shop)
    assert Cart.objects.get(store=woo).stage != "cart"


def deliver(store, body: bytes, topic: str = "cart.updated", key: str = "k") -> Delivery:
    return Delivery.objects.create(store=store, topic=topic, dedupe_key=key, body=body, received_at=NOW)


def test_what_cannot_be_read_is_a_dead_letter_with_its_reason_and_spoils_nothing_else():
    store = make_store()
    bad = deliver(store, b"not json", key="1")
    good = deliver(store, load("generic", "cart_updated"), key="2")
    assert drain(NOW) == 2
    bad.refresh_from_db()
    good.refresh_from_db()
    assert (bad.state, good.state) == ("dead", "done")
    assert "JSON" in bad.reason


def test_a_dead_letter_can_be_mended_and_replayed():
    store = make_store()
    bad = deliver(store, b"not json")
    drain(NOW)
    Delivery.objects.filter(pk=bad.pk).update(body=load("generic", "cart_updated"))
    assert Delivery.objects.replay() == 1
    drain(NOW)
    assert Delivery.objects.get().state == DeliveryState.DONE
    assert Cart.objects.count() == 1


def test_a_topic_nobody_handles_is_kept_and_marked_ignored():
    deliver(make_store(), json.dumps({"type": "weather.changed", "data": {}}).encode(), "weather.changed")
    drain(NOW)
    assert Delivery.objects.get().state == "ignored"
    assert "weather.changed" in Delivery.objects.get().reason


def test_one_poisonous_delivery_does_not_hold_up_the_batch():
    """A fact that the database refuses fails the batch; taken one by one, only that one is set aside."""
    store = make_store()
    deliver(store, load("generic", "cart_updated"), key="1")
    too_much = json.loads(load("generic", "cart_updated"))
    too_much["data"]["items"][0]["quantity"] = 3_000_000_000
    too_much["data"]["id"] = "other"
    deliver(store, json.dumps(too_much).encode(), key="2")
    drain(NOW)
    states = list(Delivery.objects.order_by("dedupe_key").values_list("state", flat=True))
    assert states == ["done", "dead"]
    assert Cart.objects.count() == 1
