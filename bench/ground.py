"""Where the measurements run: an embedded PostgreSQL and Valkey of their own, durable, in a directory thrown away.

DATABASE_URL and REDIS_URL are left aside: what is measured must not touch, and not be coloured by, a server in use.
"""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

SECRET_KEY = "a-key-that-only-the-measurements-have-seen-0123456789"
_FOREIGN = ("EMAIL_URL", "PUBLIC_URL", "HOST", "PORT", "METRICS_TOKEN", "DATABASE_URL", "REDIS_URL", "SENDING_THREADS")
_FOREIGN_FAMILIES = ("TWILIO_", "ANYMAIL_", "POSTMARK_")
_TEMPLATE = "cartback"


@dataclass(frozen=True)
class Ground:
    """The running servers."""

    data_dir: Path
    database_url: str
    postgres_pid: int
    keeps: bool = False

    @property
    def socket_dir(self) -> str:
        return parse_qs(urlsplit(self.database_url).query)["host"][0]

    @contextmanager
    def database(self, name: str) -> Iterator[str]:
        """A fresh database with our tables; Django's connection leads to it meanwhile. Gives its URL."""
        self.make(name)
        self.turn_to(name)
        try:
            yield self.url(name)
        finally:
            self.turn_to(_TEMPLATE)
            self.drop(name)

    @contextmanager
    def planted(self, name: str, plant: Callable[[], object]) -> Iterator[str]:
        """The same with rows that take long to make. Kept, it is found again, with migrations that came since."""
        if not self.keeps:
            with self.database(name) as url:
                plant()
                yield url
            return
        if not self._has(name):
            self.make(f"{name}_draft")
            self.turn_to(f"{name}_draft")
            plant()
            self.turn_to("postgres")
            self.run(f'ALTER DATABASE "{name}_draft" RENAME TO "{name}"')
        self.turn_to(name)
        _migrate()
        yield self.url(name)
        self.turn_to(_TEMPLATE)

    def _has(self, name: str) -> bool:
        from django.db import connection

        self.turn_to("postgres")
        with connection.cursor() as cursor:
            cursor.execute("DROP DATABASE IF EXISTS " + connection.ops.quote_name(f"{name}_draft"))
            cursor.execute("SELECT FROM pg_database WHERE datname = %s", [name])
            return cursor.fetchone() is not None

    def make(self, name: str) -> None:
        self.turn_to("postgres")
        self.run(f'CREATE DATABASE "{name}" TEMPLATE {_TEMPLATE}')

    def drop(self, name: str) -> None:
        self.turn_to("postgres")
        self.run(f'DROP DATABASE "{name}" WITH (FORCE)')

    def url(self, name: str) -> str:
        return self.database_url.replace(f"/{_TEMPLATE}?", f"/{name}?")

    @staticmethod
    def turn_to(name: str) -> None:
        """Let Django's connection lead to another database."""
        from django.db import connection

        connection.close()
        connection.settings_dict["NAME"] = name

    @staticmethod
    def run(sql: str) -> None:
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute(sql)


@contextmanager
def ground(keep: Path | None = None) -> Iterator[Ground]:
    """Start the servers, set Django up on them, and take everything away in the end, unless it is to be kept."""
    from config import embedded, env
    from config.embedded.postgres import Postgres

    made = (
        None if keep else tempfile.mkdtemp(prefix="cartback-bench-", dir="/tmp" if os.access("/tmp", os.W_OK) else None)
    )
    data_dir = Path(made or keep or "").resolve()
    _clean_environment(data_dir)
    servers = embedded.start(data_dir)
    try:
        os.environ |= {"DATABASE_URL": env.database_url(), "REDIS_URL": env.redis_url()}
        _set_up_django()
        yield Ground(data_dir, os.environ["DATABASE_URL"], Postgres(data_dir).pid(), keep is not None)
    finally:
        servers.stop()
        if made:
            shutil.rmtree(data_dir, ignore_errors=True)


def _clean_environment(data_dir: Path) -> None:
    for name in list(os.environ):
        if name in _FOREIGN or name.startswith(_FOREIGN_FAMILIES):
            del os.environ[name]
    os.environ |= {"DATA_DIR": str(data_dir), "SECRET_KEY": SECRET_KEY, "DJANGO_SETTINGS_MODULE": "config.settings"}


def _set_up_django() -> None:
    import django

    from config.lib.garbage import set_aside

    django.setup()
    logging.getLogger("cartback").setLevel(logging.ERROR)  # a line for each batch is for production
    _migrate()
    set_aside()  # as our processes do


def _migrate() -> None:
    from django.core.management import call_command

    call_command("migrate", interactive=False, verbosity=0)
