"""That a store's webhooks are turned away, so that whoever connects a shop sees it here and not only in the shop.

Anybody can post to the door, so next to nothing is kept, in Redis, and written once in ten seconds by a process however
many come: of each store the newest refusal with its moment and our own sentence, for a week; and of an unbroken row of
them when it began and how many there were. A day without one ends the row.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import redis
from django.conf import settings

log = logging.getLogger("cartback.inbox")

_KEPT_SECONDS = 7 * 86_400
_ROW_SECONDS = 86_400
_EVERY_SECONDS = 10.0
_noted: dict[int, float] = {}  # by store, of which there are few: the door is found before anything is refused
_unwritten: dict[int, int] = {}  # by store, how many came since the last writing


@dataclass(frozen=True, slots=True)
class Refusal:
    """A webhook whose signature did not fit. `why` is our sentence, and nothing of what was posted."""

    at: datetime
    why: str


@dataclass(frozen=True, slots=True)
class Row:
    """Refusals with less than a day between them: at least `count` since then."""

    since: datetime
    count: int
    newest: Refusal


def note(store_id: int, why: str, at: datetime) -> None:
    """Remember it. Redis may be away: the door answers as it would."""
    moment = time.monotonic()
    count = _unwritten[store_id] = _unwritten.get(store_id, 0) + 1
    if _noted.get(store_id, moment) > moment:
        return
    _noted[store_id], _unwritten[store_id] = moment + _EVERY_SECONDS, 0
    try:
        _write(store_id, why, at, count)
    except redis.exceptions.RedisError as error:
        log.warning("refusal not noted store=%s why=%s", store_id, type(error).__name__)


def _write(store_id: int, why: str, at: datetime, count: int) -> None:
    pipe = _redis(settings.REDIS_URL).pipeline()
    pipe.set(_key(store_id), json.dumps([at.isoformat(), why[:200]]), ex=_KEPT_SECONDS)
    pipe.hsetnx(_row_key(store_id), "since", at.isoformat())
    pipe.hincrby(_row_key(store_id), "count", count)
    pipe.expire(_row_key(store_id), _ROW_SECONDS)
    pipe.execute()


def newest(store_id: int) -> Refusal | None:
    """The last one of the week, or None."""
    try:
        kept: Any = _redis(settings.REDIS_URL).get(_key(store_id))
    except redis.exceptions.RedisError as error:
        log.warning("refusal not read store=%s why=%s", store_id, type(error).__name__)
        return None
    return _read(kept) if kept else None


def rows(store_ids: Sequence[int]) -> dict[int, Row]:
    """The rows that are not over, by store; asked for all of them at once."""
    pipe = _redis(settings.REDIS_URL).pipeline(transaction=False)
    for store_id in store_ids:
        pipe.hmget(_row_key(store_id), ["since", "count"])
        pipe.get(_key(store_id))
    try:
        answers: Any = pipe.execute()
    except redis.exceptions.RedisError as error:
        log.warning("refusals not read why=%s", type(error).__name__)
        return {}
    found = zip(store_ids, answers[::2], answers[1::2], strict=True)
    return {
        store_id: Row(datetime.fromisoformat(since.decode()), int(count), _read(kept))
        for store_id, (since, count), kept in found
        if since and count and kept
    }


def clear(store_id: int) -> None:
    """The store has a new secret: what was refused before says nothing any more, and the next is noted at once."""
    _noted.pop(store_id, None)
    _unwritten.pop(store_id, None)
    try:
        _redis(settings.REDIS_URL).delete(_key(store_id), _row_key(store_id))
    except redis.exceptions.RedisError as error:
        log.warning("refusals not cleared store=%s why=%s", store_id, type(error).__name__)


def forget() -> None:
    """Let this process note the next refusal at once, whatever it noted before."""
    _noted.clear()
    _unwritten.clear()


def _read(kept: bytes) -> Refusal:
    at, why = json.loads(kept)
    return Refusal(datetime.fromisoformat(at), why)


def _key(store_id: int) -> str:
    return f"refused:{store_id}"


def _row_key(store_id: int) -> str:
    return f"refused_row:{store_id}"


@lru_cache(maxsize=1)
def _redis(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, socket_timeout=1)
