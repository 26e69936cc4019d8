"""The demo shop's webhooks, as Cartback's own door sees them."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from carts.inbox.doors import forget
from carts.models import Delivery
from carts.sources.base import BadSignature, Parcel
from carts.sources.generic.adapter import Generic
from config.demo import courier
from config.demo.courier import Webhook
from config.demo.memory import store
from tests.config.demo.conftest import connect
from tests.factories import SECRET, make_store

AT = 1_800_000_000.0


def webhook(body: str = '{"type":"cart.updated","data":{"id":"c-ä"}}') -> Webhook:
    return Webhook("msg_1", "cart.updated", body, "2027-01-15T08:00:00+00:00")


def parcel(headers: dict[str, str], body: str, at: float = AT) -> Parcel:
    lower = {name.lower(): value for name, value in headers.items()}
    return Parcel(lower, body.encode(), datetime.fromtimestamp(at, UTC))


@pytest.fixture
def open_door(live_server: Any, tmp_path: Path) -> None:
    """A store called demo behind a real server."""
    make_store(slug="demo")
    forget()
    connect(tmp_path, f"{live_server.url}/webhooks/demo/")


def test_the_signature_is_one_that_the_adapter_accepts():
    one = webhook()
    Generic().verify(parcel(courier.signed(one, SECRET, AT), one.body), [SECRET])


def test_it_signs_the_body_and_the_moment():
    one = webhook()
    headers = courier.signed(one, SECRET, AT)
    with pytest.raises(BadSignature):
        Generic().verify(parcel(headers, one.body.replace("ä", "a")), [SECRET])
    with pytest.raises(BadSignature, match="five minutes"):
        Generic().verify(parcel(headers, one.body, AT + 301), [SECRET])


def test_a_second_try_keeps_the_id_and_signs_anew():
    one = webhook()
    first, second = courier.signed(one, SECRET, AT), courier.signed(one, SECRET, AT + 60)
    assert first["webhook-id"] == second["webhook-id"] == "msg_1"
    assert (second["webhook-timestamp"], first["webhook-timestamp"]) == ("1800000060", "1800000000")
    assert first["webhook-signature"] != second["webhook-signature"]


@pytest.mark.django_db(transaction=True)
def test_a_webhook_arrives_and_is_answered(open_door: None):
    courier.post("s1", "cart.updated", {"id": "c-1", "items": []})
    assert [one.waiting for one in courier.sent_by("s1")] == [True]
    assert courier.deliver_due() == 1
    (one,) = courier.sent_by("s1")
    assert (one.status, one.tries, one.waiting) == (200, 1, False)
    assert Delivery.objects.get().topic == "cart.updated"
    assert courier.deliver_due() == 0


@pytest.mark.django_db(transaction=True)
def test_a_refusal_is_shown_and_tried_again(open_door: None, live_server: Any, tmp_path: Path):
    connect(tmp_path, f"{live_server.url}/webhooks/demo/", "whsec_" + "A" * 32)
    courier.post("s1", "cart.updated", {"id": "c-1"})
    courier.deliver_due()
    (one,) = courier.sent_by("s1")
    assert (one.status, one.waiting) == (401, True)
    assert one.answer.startswith("The signature does not fit")
    connect(tmp_path, f"{live_server.url}/webhooks/demo/")
    store().zadd("demo:due", {one.id: time.time() - 1})
    courier.deliver_due()
    assert [(one.status, one.tries) for one in courier.sent_by("s1")] == [(200, 2)]
    assert Delivery.objects.count() == 1


def test_while_nobody_answers_it_waits_and_says_so():
    courier.post("s1", "cart.updated", {"id": "c-1"})
    assert courier.deliver_due() == 1
    (one,) = courier.sent_by("s1")
    assert (one.status, one.waiting) == (0, True)
    assert one.answer
    due = store().zscore("demo:due", one.id)
    assert due is not None and 0 < float(due) - time.time() <= 2


def test_it_gives_up_after_the_last_try():
    one = webhook()
    for _ in range(7):
        assert not one.given_up
        courier.carry(one, AT)
    assert (one.tries, one.given_up, one.waiting) == (7, True, False)


def test_a_shop_that_is_not_connected_says_how_to_mend_it(tmp_path: Path):
    (tmp_path / "demo-store.json").unlink()
    assert courier.carry(webhook(), AT).answer == "The demo shop is not connected: run manage.py first_run."


@pytest.mark.django_db(transaction=True)
def test_its_thread_carries_without_being_asked(open_door: None, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.undo()  # the courier that stands still
    try:
        courier.start()
        courier.post("s1", "cart.updated", {"id": "c-1"})
        deadline = time.monotonic() + 10
        while courier.sent_by("s1")[0].waiting and time.monotonic() < deadline:
            time.sleep(0.05)
        assert courier.sent_by("s1")[0].status == 200
    finally:
        courier.stop()
