"""Every fixture is read, every topic has one, and nothing that comes out would choke the database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from carts.snapshots import Ignored, Snapshot
from carts.sources.base import Unreadable
from carts.sources.registry import SOURCES
from tests.carts.sources.reading import EVENTS, packed, topic_of
from tests.carts.sources.signing import SHOP, load, names

ALL = [(platform, name) for platform in SOURCES for name in names(platform)]
UNREADABLE = {("woocommerce", "order_updated__rights_lost")}


@pytest.mark.parametrize(("platform", "name"), ALL)
def test_every_fixture_is_read_as_its_topic(platform: str, name: str) -> None:
    delivery = packed(platform, topic_of(platform, name), load(platform, name))
    assert SOURCES[platform].label(delivery).topic == topic_of(platform, name)
    if (platform, name) in UNREADABLE:
        with pytest.raises(Unreadable):
            SOURCES[platform].read(delivery, SHOP)
        return
    found = SOURCES[platform].read(delivery, SHOP)
    assert found
    assert [problem for snapshot in found for problem in problems(snapshot)] == []


@pytest.mark.parametrize("platform", SOURCES)
def test_every_topic_has_a_fixture(platform: str) -> None:
    told = {topic_of(platform, name) for name in names(platform)}
    assert told == set(EVENTS[platform])


@pytest.mark.parametrize("platform", SOURCES)
def test_the_plain_fixture_of_a_topic_is_never_left_aside(platform: str) -> None:
    plain = [name for name in names(platform) if "__" not in name and name != "orders_edited"]
    aside = [name for name in plain if isinstance(read_one(platform, name), Ignored)]
    assert aside == []


def read_one(platform: str, name: str) -> Snapshot:
    return SOURCES[platform].read(packed(platform, topic_of(platform, name), load(platform, name)), SHOP)[0]


def problems(value: object, path: str = "") -> Iterator[str]:
    """What no snapshot may hold: long or unprintable text, times that are not UTC, amounts that no column takes."""
    if is_dataclass(value):
        for field in fields(value):
            yield from problems(getattr(value, field.name), f"{path}.{field.name}")
    elif isinstance(value, tuple):
        assert len(value) <= 500, f"{path} is too long"
        for index, member in enumerate(value):
            yield from problems(member, f"{path}[{index}]")
    elif isinstance(value, str):
        value.encode()  # fails for half an emoji
        if len(value) > 2_000 or any(ord(character) < 32 for character in value):
            yield f"{path} is no line of text"
    elif isinstance(value, datetime):
        if value.utcoffset() != timedelta(0):
            yield f"{path} is not UTC"
    elif isinstance(value, Decimal) and not (value.is_finite() and abs(value) < 10**12):
        yield f"{path} is no amount"
