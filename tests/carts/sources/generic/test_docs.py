"""What docs/webhooks.md and the schema promise is what the adapter does."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from carts.snapshots import CartSnapshot
from carts.sources.base import Unreadable
from carts.sources.generic.adapter import EVENTS, Generic
from carts.sources.shopify import adapter as shopify
from carts.sources.woocommerce import adapter as woocommerce
from tests.carts.sources.signing import SHOP, load, names, parcel

DOCS = Path(__file__).parents[4] / "docs"
PAGE = (DOCS / "webhooks.md").read_text()
SCHEMA = orjson.loads((DOCS / "webhooks.schema.json").read_bytes())
VALIDATOR = Draft202012Validator(SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER)
FIXTURES = {name: orjson.loads(load("generic", name)) for name in names("generic")}
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def readable(document: Any) -> bool:
    try:
        Generic().read(parcel({"webhook-id": "m"}, orjson.dumps(document)), SHOP)
    except Unreadable:
        return False
    return True


def fields(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every named field of a document."""
    if isinstance(value, dict):
        for key, member in value.items():
            yield (*path, key)
            yield from fields(member, (*path, key))
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from fields(member, (*path, index))


def without(document: Any, path: tuple[Any, ...]) -> Any:
    copied = orjson.loads(orjson.dumps(document))
    place = copied
    for key in path[:-1]:
        place = place[key]
    del place[path[-1]]
    return copied


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("name", FIXTURES)
def test_every_fixture_keeps_to_the_schema(name: str) -> None:
    assert [error.message for error in VALIDATOR.iter_errors(FIXTURES[name])] == []


@pytest.mark.parametrize("name", FIXTURES)
def test_schema_and_adapter_agree_on_what_may_be_left_out(name: str) -> None:
    document = FIXTURES[name]
    ways = list(fields(document))
    disagreed = [way for way in ways if VALIDATOR.is_valid(without(document, way)) != readable(without(document, way))]
    assert disagreed == []


def test_schema_and_adapter_know_the_same_events() -> None:
    assert set(SCHEMA["properties"]["type"]["enum"]) == set(EVENTS)


def test_the_page_names_every_event_and_every_field() -> None:
    told = set(re.findall(r"`([a-z_.]+)`", PAGE))
    known = {key for part in SCHEMA["$defs"].values() for key in part.get("properties", {})}
    assert (set(EVENTS) | known) - told == set()


@pytest.mark.parametrize("topic", sorted(set(shopify.EVENTS) - {"orders/edited"}))
def test_the_page_says_which_topics_to_subscribe_to_at_shopify(topic: str) -> None:
    assert f'"{topic}"' in PAGE


@pytest.mark.parametrize("topic", woocommerce.EVENTS)
def test_the_page_says_which_topics_to_subscribe_to_at_woocommerce(topic: str) -> None:
    resource, _, event = topic.partition(".")
    assert f"`{topic}`" in PAGE or f"{resource.capitalize()} {event}" in PAGE


@pytest.mark.skipif(not (shutil.which("bash") and shutil.which("openssl")), reason="needs bash and openssl")
def test_the_shell_example_signs_what_it_sends() -> None:
    [script] = re.findall(r"```bash\n(.*?)```", PAGE, re.DOTALL)
    pretend = 'curl() { printf "%s\\0" "$@"; }\n'  # stands in for the one command that would leave this machine
    ran = subprocess.run(["bash", "-euc", pretend + script], capture_output=True, check=True, timeout=30)
    words = ran.stdout.decode().split("\0")[:-1]
    headers = dict(word.split(": ", 1) for before, word in zip(words, words[1:], strict=False) if before == "-H")
    body = words[words.index("--data-binary") + 1].encode()
    sent_at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
    delivery = parcel(headers, body, sent_at)
    Generic().verify(delivery, [SECRET])
    [found] = Generic().read(delivery, SHOP)
    assert isinstance(found, CartSnapshot)
    assert (found.tokens, str(found.total), found.person.consents[0].granted) == (("cart:c-1001",), "79.80", True)
    assert VALIDATOR.is_valid(orjson.loads(body))
