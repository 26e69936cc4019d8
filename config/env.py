"""The environment, read and checked in one place: nonsense is refused at start, with a sentence on how to mend it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

ROOT = Path(__file__).resolve().parent.parent


class EnvError(ImproperlyConfigured):
    """A variable of the environment makes no sense; the message names it and says how to mend it."""


def text(name: str, default: str = "") -> str:
    """The variable without surrounding blanks; an empty one counts as unset."""
    return os.environ.get(name, "").strip() or default


def flag(name: str, default: bool = False) -> bool:
    value = text(name, str(default)).lower()
    if value in ("1", "true", "yes", "on"):
        return True
    if value in ("0", "false", "no", "off"):
        return False
    raise EnvError(f"{name} is {value!r}, but it answers a yes-or-no question: set it to 1 or 0, or unset it.")


def number(name: str, default: int, low: int = 0, high: int = 2**31 - 1) -> int:
    value = text(name, str(default))
    if not (value.isascii() and value.isdigit() and low <= int(value) <= high):
        raise EnvError(f"{name} is {value!r}, but it must be a whole number from {low} to {high}.")
    return int(value)


def names(name: str, default: str = "") -> list[str]:
    """A list separated by commas."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def url(name: str, schemes: tuple[str, ...], example: str) -> str:
    """An address with one of the schemes, or "" when unset. The value itself may hold a password and is never shown."""
    value = text(name)
    if not value:
        return ""
    try:
        scheme = urlsplit(value).scheme
        urlsplit(value).port  # noqa: B018  (reading the port is what checks it)
    except ValueError as error:
        raise EnvError(f"{name} is not an address ({error}). It looks like {example}") from error
    if scheme not in schemes:
        raise EnvError(
            f"{name} must begin with {' or '.join(f'{known}:' for known in schemes)}. It looks like {example}"
        )
    return value


def origin(name: str, default: str) -> str:
    """Scheme and host of a web address, without a slash at the end: https://recover.shop.example"""
    value = text(name, default).rstrip("/")
    try:
        parts = urlsplit(value)
        whole = parts.scheme in ("http", "https") and parts.hostname and (parts.port or True)
    except ValueError:
        whole = False
    if not whole or parts.path or parts.query or parts.fragment or parts.username:
        raise EnvError(
            f"{name} is {value!r}, but it must be an origin only: https://recover.shop.example, without a path."
        )
    return value


def data_dir() -> Path:
    """Where the embedded servers, secrets and schedules live. A relative DATA_DIR is taken from the checkout."""
    path = ROOT / Path(text("DATA_DIR", ".data")).expanduser()
    if path.exists() and not path.is_dir():
        raise EnvError(f"DATA_DIR is {str(path)!r}, which is a file: set it to a directory.")
    return path


def host() -> str:
    value = text("HOST", "127.0.0.1")
    if any(mark in value for mark in "/ @") or "://" in value:
        raise EnvError(f"HOST is {value!r}, but it must be one address to listen at, such as 127.0.0.1 or 0.0.0.0.")
    return value


def port() -> int:
    return number("PORT", 8000, 1, 65535)


def public_url() -> str:
    """The origin in links and signature checks; where it is unset, the address that the web process listens at."""
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host(), host())
    return origin("PUBLIC_URL", f"http://{shown}:{port()}")


def given_database_url() -> str:
    """DATABASE_URL, checked; "" when the embedded PostgreSQL is meant."""
    return url("DATABASE_URL", ("postgres", "postgresql"), "postgres://user:password@host:5432/name")


def given_redis_url() -> str:
    """REDIS_URL, checked; "" when the embedded Valkey is meant."""
    return url("REDIS_URL", ("redis", "rediss", "unix"), "redis://:password@host:6379/0")


def embedded_wanted() -> dict[str, bool]:
    """Which of the embedded servers are needed: those whose address was not given."""
    return {"postgres": not given_database_url(), "valkey": not given_redis_url()}


def database_url() -> str:
    """DATABASE_URL, else the embedded PostgreSQL's. Where neither is there, an address that says so when it is used."""
    from config import embedded

    return given_database_url() or embedded.postgres_url(data_dir()) or f"postgresql:///cartback?host={_missing()}"


def redis_url() -> str:
    """REDIS_URL, else the embedded Valkey's. Where neither is there, an address that says so when it is used."""
    from config import embedded

    return given_redis_url() or embedded.redis_url(data_dir()) or f"unix://{_missing()}/valkey?db=0"


def broker_url() -> str:
    """`redis_url()` as Celery spells it: a unix socket is redis+socket:///path?virtual_host=0 there."""
    address = redis_url()
    if not address.startswith("unix:"):
        return address
    return address.replace("unix:", "redis+socket:", 1).replace("?db=", "?virtual_host=")


def database() -> dict[str, Any]:
    """The database as an entry of Django's DATABASES. Whatever libpq understands in a URL is kept, sslmode for one."""
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    try:
        parts = {name: str(value) for name, value in conninfo_to_dict(database_url()).items()}
    except ProgrammingError as error:
        raise EnvError(f"DATABASE_URL cannot be read ({str(error).strip()}).") from error
    if not parts.get("dbname"):
        raise EnvError("DATABASE_URL names no database: postgres://user:password@host:5432/name")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.pop("dbname"),
        "USER": parts.pop("user", ""),
        "PASSWORD": parts.pop("password", ""),
        "HOST": parts.pop("host", ""),
        "PORT": parts.pop("port", ""),
        "OPTIONS": {"connect_timeout": "5"} | parts,
    }


def _missing() -> str:
    return "/no-embedded-server-runs:start-one-with-make-run"


def prefixed(prefix: str) -> dict[str, str]:
    """Every variable that begins with the prefix, by the rest of its name in lower case."""
    return {name[len(prefix) :].lower(): value for name, value in os.environ.items() if name.startswith(prefix)}
