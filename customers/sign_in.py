"""How often somebody may try to sign in. The buckets are in Redis, so that every process and machine counts together.

Decision: the house's own buckets, which sending has already. A try costs its token before the password is looked at, so
that tries side by side do not slip through; signing in well gives the name's tokens back.
"""

from __future__ import annotations

import hashlib
import logging
from functools import lru_cache

import redis
from django.conf import settings
from django.http import HttpRequest

from config.lib.throttle import Limit, take_all

log = logging.getLogger("cartback.sign_in")

#: What is counted → how many tries at once, and seconds until the next one.
_NAME_HERE = (5, 60.0)
_NAME_ANYWHERE = (50, 60.0)
_PLACE = (30, 20.0)


def wait(request: HttpRequest, name: str) -> float:
    """Take one try for this name from this place. 0 when it may be made, else the seconds to wait.

    By name and place few, so that guessing is hopeless; by name from anywhere more, so that nobody can easily lock
    somebody else out; by place many, since an office shares one.
    """
    where = place(request)
    limits = [
        _limit("here", f"{name.casefold()} {where}", _NAME_HERE),
        _limit("name", name.casefold(), _NAME_ANYWHERE),
        _limit("place", where, _PLACE),
    ]
    try:
        return take_all(_redis(), limits)
    except redis.exceptions.RedisError as error:
        log.warning("not counted why=%s", type(error).__name__)  # who runs the house must get in to mend it
        return 0.0


def forgive(request: HttpRequest, name: str) -> None:
    """The name's tries are forgotten: its owner came in."""
    try:
        _redis().delete(_limit("here", f"{name.casefold()} {place(request)}", _NAME_HERE).key)
    except redis.exceptions.RedisError as error:
        log.warning("not forgiven why=%s", type(error).__name__)


def place(request: HttpRequest) -> str:
    """The address that asks. Behind our own proxy it is the last that the proxy wrote; anything before is hearsay."""
    if settings.BEHIND_PROXY:
        last = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
        if last:
            return last
    return str(request.META.get("REMOTE_ADDR", ""))


def _limit(kind: str, what: str, size: tuple[int, float]) -> Limit:
    burst, seconds = size
    hashed = hashlib.sha256(what.encode()).hexdigest()[:32]
    return Limit(f"cartback:sign-in:{kind}:{hashed}", 1, 1 / seconds, burst)


@lru_cache(maxsize=1)
def _redis() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2)
