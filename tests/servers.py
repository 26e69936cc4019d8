"""The servers of a test run: a PostgreSQL and a Valkey of its own, started once and shared by the xdist workers."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import redis

from config import embedded, env

_WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
# Settings of the developer that must not colour the tests.
_FOREIGN = ("EMAIL_URL", "PUBLIC_URL", "HOST", "PORT", "SECRET_KEY", "METRICS_TOKEN")
_FOREIGN_FAMILIES = ("TWILIO_", "ANYMAIL_")


def start() -> None:
    """Point the environment at servers for the tests; the settings are read afterwards.

    DATABASE_URL and REDIS_URL are used where they are given: Django makes databases of its own beside the one named,
    and of Redis the databases after the one named are used, which must be empty and are emptied again.
    """
    if not _WORKER:
        _clean_environment()
        data_dir = Path(tempfile.mkdtemp(prefix="cartback-tests-", dir="/tmp" if os.access("/tmp", os.W_OK) else None))
        (data_dir / "static").mkdir()
        atexit.register(shutil.rmtree, data_dir, ignore_errors=True)
        wanted = env.embedded_wanted()
        embedded.own(embedded.start(data_dir, durable=False, **wanted))
        os.environ["DATA_DIR"] = str(data_dir)
        os.environ["DATABASE_URL"] = env.database_url()
        os.environ["REDIS_URL"] = env.redis_url()
    os.environ["REDIS_URL"] = _own_redis(os.environ["REDIS_URL"])


def _clean_environment() -> None:
    for name in list(os.environ):
        if name in _FOREIGN or name.startswith(_FOREIGN_FAMILIES):
            del os.environ[name]
    os.environ["SECRET_KEY"] = "a-key-that-only-the-tests-have-seen-0123456789"


def empty_redis() -> None:
    """Leave the Redis database of this process as it was found."""
    _client(os.environ["REDIS_URL"]).flushdb()


def drop_keys(pattern: str) -> None:
    """Out of the Redis database of this process."""
    client = _client(os.environ["REDIS_URL"])
    if keys := list(client.scan_iter(pattern)):
        client.delete(*keys)


@cache
def _client(url: str) -> redis.Redis:
    return redis.Redis.from_url(url)


def _own_redis(url: str) -> str:
    """The URL with a database number of this process alone; refuses one with something in it."""
    parts = urlsplit(url)
    unix = parts.scheme == "unix"
    given = parse_qs(parts.query).get("db", ["0"])[0] if unix else parts.path.strip("/") or "0"
    number = int(given) + 1 + int(_WORKER.removeprefix("gw") or 0)
    # put together by hand: geturl() drops the slashes of an empty host
    own = f"{parts.scheme}://{parts.netloc}" + (f"{parts.path}?db={number}" if unix else f"/{number}?{parts.query}")
    if redis.Redis.from_url(own).dbsize():
        pytest.exit(f"Database {number} at REDIS_URL is not empty. The tests use it: empty it, or unset REDIS_URL.", 2)
    return own
