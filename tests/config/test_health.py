from __future__ import annotations

from datetime import timedelta as td
from typing import Any

import pytest
from django.db import connections
from django.test import Client
from django.utils import timezone

from carts.models import Delivery
from config import health
from tests import factories


@pytest.fixture
def no_database(monkeypatch: pytest.MonkeyPatch, db: None) -> None:
    """The same database at an address where nobody listens."""
    database = connections["default"]
    absent = type(database)(database.settings_dict | {"HOST": "/nowhere"})
    monkeypatch.setattr(health, "connection", absent)


def deliver(**fields: object) -> Delivery:
    """A delivery that came in a minute before now."""
    store = factories.make_store()
    received = timezone.now() - td(seconds=60)
    return Delivery.objects.create(store=store, received_at=received, **fields)


@pytest.mark.django_db
def test_it_is_well_and_nothing_waits(client: Client) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer["Cache-Control"].split(",")[0]) == (200, "max-age=0")
    facts = answer.json()
    assert (facts["ok"], facts["database"], facts["broker"]) == (True, "ok", "ok")
    assert facts["hand_overs"]["drain"] == {"due": 0, "seconds_late": 0.0}
    assert list(facts["hand_overs"]) == [hand_over.name for hand_over in health.HAND_OVERS]


@pytest.mark.django_db
def test_it_tells_what_waits_and_for_how_long(client: Client) -> None:
    deliver()
    drain = client.get("/healthz").json()["hand_overs"]["drain"]
    assert drain["due"] == 1
    assert 60.0 <= drain["seconds_late"] < 70.0


def test_it_says_when_the_database_is_down(client: Client, no_database: None) -> None:
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert (answer.json()["database"], answer.json()["broker"], answer.json()["hand_overs"]) == ("down", "ok", {})


@pytest.mark.django_db
def test_it_says_when_the_broker_is_down(client: Client, settings: Any) -> None:
    settings.REDIS_URL = "unix:///nowhere/valkey.sock?db=0"
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert (answer.json()["database"], answer.json()["broker"]) == ("ok", "down")


@pytest.mark.django_db
def test_metrics_count_what_waits(client: Client) -> None:
    deliver()
    text = client.get("/metrics").content.decode()
    assert 'cartback_due{hand_over="drain"} 1.0' in text
    assert 'cartback_up{server="broker"} 1.0' in text
    assert "cartback_dead_letters 0.0" in text


def test_metrics_say_when_the_database_is_down(client: Client, no_database: None) -> None:
    text = client.get("/metrics").content.decode()
    assert 'cartback_up{server="database"} 0.0' in text
    assert "cartback_due" not in text


@pytest.mark.django_db
def test_metrics_need_their_token_where_one_is_set(client: Client, settings: Any) -> None:
    settings.METRICS_TOKEN = "let-me-see"
    assert client.get("/metrics").status_code == 403
    assert client.get("/metrics", headers={"Authorization": "Bearer let-me-in"}).status_code == 403
    assert client.get("/metrics", headers={"Authorization": "Bearer let-me-see"}).status_code == 200


def test_metrics_without_a_token_are_for_this_machine_alone(client: Client) -> None:
    assert client.get("/metrics", REMOTE_ADDR="192.0.2.7").status_code == 403
    assert client.get("/metrics", headers={"X-Forwarded-For": "192.0.2.7"}).status_code == 403


def test_health_is_read_and_never_written(client: Client) -> None:
    assert client.post("/healthz").status_code == 405
