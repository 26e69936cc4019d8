"""That a store's webhooks are turned away, so that whoever connects a shop sees it here and not only in the shop.

Anybody can post to the door, so next to nothing is kept: of each store the newest refusal, its moment and our own
sentence, in Redis, for a week, and written once in ten seconds by a process however many come.
"""

from __future__ import annotations

import json
import logging
import time
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import redis
from django.conf import settings

log = logging.getLogger("cartback.inbox")

_KEPT_SECONDS = 7 * 86_400
_EVERY_SECONDS = 10.0
_noted: dict[int, float] = {}  # by store, of which there are few: the door is found before anything is refused


@dataclass(frozen=True, slots=True)
class Refusal:
    """A webhook whose signature did not fit. `why` is our sentence, and nothing of what was posted."""

    at: datetime
    why: str


def note(store_id: int, why: str, at: datetime) -> None:
    """Remember it. Redis may be away: the door answers as it would."""
    moment = time.monotonic()
    if _noted.get(store_id, moment) > moment:
        return
    _noted[store_id] = moment + _EVERY_SECONDS
    try:
        _redis(settings.REDIS_URL).set(_key(store_id), json.dumps([at.isoformat(), why[:200]]), ex=_KEPT_SECONDS)
    except redis.exceptions.RedisError as error:
        log.warning("refusal not noted store=%s why=%s", store_id, type(error).__name__)


def newest(store_id: int) -> Refusal | None:
    """The last one of the week, or None."""
    try:
        kept: Any = _redis(settings.REDIS_URL).get(_key(store_id))
    except redis.exceptions.RedisError as error:
        log.warning("refusal not read store=%s why=%s", store_id, type(error).__name__)
        return None
    if kept is None:
        return None
    at, why = json.loads(kept)
    return Refusal(datetime.fromisoformat(at), why)


def forget() -> None:
    """Let this process note the next refusal at once, for those who have just changed a store's secret."""
    _noted.clear()


def _key(store_id: int) -> str:
    return f"refused:{store_id}"


@lru_cache(maxsize=1)
def _redis(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, socket_timeout=1)
