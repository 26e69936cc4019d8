"""Webhooks that come in at once share a commit, and none of them a neighbour's trouble."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import DataError, connection, connections
from django.test import Client

from carts.inbox.keeping import Keeper, Row
from carts.models import Delivery
from tests.factories import NOW, make_store

pytestmark = pytest.mark.django_db(transaction=True)


def row(store_id: int, key: str, topic: str = "cart.updated") -> Row:
    return Row(store_id, topic, key, "{}", b"{}", NOW)


def keep_at_once(keeper: Keeper, rows: list[Row]) -> list[Exception | None]:
    """Each row by a thread of its own, all let loose together; gives what each was told."""
    barrier = Barrier(len(rows))

    def one(row: Row) -> Exception | None:
        barrier.wait()
        try:
            keeper.keep(row)
        except DataError as error:
            return error
        finally:
            connection.close()
        return None

    with ThreadPoolExecutor(len(rows)) as pool:
        return list(pool.map(one, rows))


def test_every_one_of_many_at_once_is_kept():
    store = make_store()
    assert keep_at_once(Keeper(), [row(store.pk, f"k{n}") for n in range(24)]) == [None] * 24
    assert Delivery.objects.count() == 24


def test_the_same_one_many_times_at_once_is_kept_once():
    store = make_store()
    assert keep_at_once(Keeper(), [row(store.pk, "k")] * 12) == [None] * 12
    assert Delivery.objects.count() == 1


def test_a_row_that_cannot_be_kept_fails_alone():
    store = make_store()
    rows = [row(store.pk, f"k{n}", topic="x" * 101 if n == 5 else "cart.updated") for n in range(16)]
    told = keep_at_once(Keeper(), rows)
    assert [type(error) for error in told if error] == [DataError]
    assert told[5] is not None
    assert Delivery.objects.count() == 15


def test_after_a_failure_the_next_is_kept_as_ever():
    store, keeper = make_store(), Keeper()
    with pytest.raises(DataError):
        keeper.keep(row(store.pk, "k1", topic="x" * 101))
    keeper.keep(row(store.pk, "k2"))
    assert Delivery.objects.get().dedupe_key == "k2"


def test_nothing_is_answered_as_kept_when_the_writer_is_broken_off(monkeypatch):
    store, keeper = make_store(), Keeper()
    with monkeypatch.context() as patch:
        patch.setattr("carts.inbox.keeping._insert", lambda rows: (_ for _ in ()).throw(SystemExit))
        with pytest.raises(SystemExit):
            keeper.keep(row(store.pk, "k1"))
    keeper.keep(row(store.pk, "k2"))
    assert Delivery.objects.count() == 1


def test_a_webhook_takes_the_short_way_and_other_pages_do_not():
    answer = Client().post("/webhooks/nobody/", b"{}", content_type="application/json")
    assert (answer.status_code, answer.headers["Content-Length"]) == (404, str(len(answer.content)))
    assert "X-Frame-Options" not in answer.headers
    assert "X-Frame-Options" in Client().get("/webhooks/").headers
    connections.close_all()
