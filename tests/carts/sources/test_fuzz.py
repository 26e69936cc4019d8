"""Whatever a body or header holds: snapshots, Unreadable or BadSignature, and never another exception."""

from __future__ import annotations

import copy
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from carts.sources.base import BadSignature, Parcel, Unreadable
from carts.sources.registry import SOURCES
from tests.carts.sources.reading import packed, topic_of
from tests.carts.sources.signing import NOW, SHOP, load, names
from tests.carts.sources.test_fixtures import problems

BOUNDED = settings(
    max_examples=150, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    st.sampled_from(
        ["", "0", "NaN", "-1", "1e400", "2024-09-16T03:50:1500:00", "0001-01-01T00:00:00+23:59", "\x00", "x" * 5_000]
    ),
    st.sampled_from([[], {}, [None], [[]], [{}], {"amount": None}, [{"id": []}], [1] * 600]),
)


def paths(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every place in a document."""
    found = [path] if path else []
    members: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        members = list(value.items())
    elif isinstance(value, list):
        members = list(enumerate(value))
    return found + [deeper for key, member in members for deeper in paths(member, (*path, key))]


def put(document: Any, path: tuple[str | int, ...], value: Any) -> None:
    """Replace what stands at the path; where an earlier change took the place away, leave it."""
    for key in path[:-1]:
        try:
            document = document[key]
        except (KeyError, IndexError, TypeError):
            return
    last = path[-1]
    if isinstance(document, dict) or (isinstance(document, list) and isinstance(last, int) and last < len(document)):
        document[last] = value  # type: ignore[index]


def sound(platform: str, delivery: Parcel) -> None:
    label = SOURCES[platform].label(delivery)
    assert len(label.topic) <= 100 and 0 < len(label.dedupe_key) <= 200 and label.dedupe_key.isascii()
    try:
        found = SOURCES[platform].read(delivery, SHOP)
    except Unreadable as error:
        assert str(error)
        return
    assert found and [problem for snapshot in found for problem in problems(snapshot)] == []


@pytest.mark.parametrize("platform", SOURCES)
def test_any_change_of_a_fixture_is_read_or_refused_by_name(platform: str) -> None:
    documents = {name: orjson.loads(load(platform, name)) for name in names(platform)}
    places = {name: paths(document) for name, document in documents.items()}

    @BOUNDED
    @given(st.data())
    def fuzz(data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(documents)))
        document = copy.deepcopy(documents[name])
        for path in data.draw(st.lists(st.sampled_from(places[name] or [("id",)]), min_size=1, max_size=4)):
            put(document, path, copy.deepcopy(data.draw(ODD)))
        sound(platform, packed(platform, topic_of(platform, name), orjson.dumps(document)))

    fuzz()


@pytest.mark.parametrize("platform", SOURCES)
def test_any_bytes_under_any_topic_are_read_or_refused_by_name(platform: str) -> None:
    topics = st.sampled_from([topic_of(platform, name) for name in names(platform)]) | st.text(max_size=30)

    @BOUNDED
    @given(topics, st.binary(max_size=60) | st.from_regex(rb'\A[\[{"][\w":,\[\]{}\\ud ]{0,40}\Z'))
    def fuzz(topic: str, body: bytes) -> None:
        sound(platform, packed(platform, topic, body))

    fuzz()


@pytest.mark.parametrize("platform", SOURCES)
def test_any_headers_are_labelled_and_refused(platform: str) -> None:
    words = st.text(max_size=40) | st.sampled_from(["v1,", "v1,a v1,b", "1773144000", "é\ud800", ","])
    known = packed(platform, "order.updated", b"{}").headers

    @BOUNDED
    @given(st.dictionaries(st.sampled_from(sorted(known)), words), st.binary(max_size=40))
    def fuzz(headers: dict[str, str], body: bytes) -> None:
        delivery = Parcel(headers, body, NOW)
        label = SOURCES[platform].label(delivery)
        assert label.dedupe_key.isascii() and label.topic.isascii()
        with pytest.raises(BadSignature):
            SOURCES[platform].verify(delivery, ["hush", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "å&amp;"])

    fuzz()
