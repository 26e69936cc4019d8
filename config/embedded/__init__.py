"""A private PostgreSQL and Valkey out of PyPI wheels, for whoever has no servers of their own.

Both keep their data in the data directory and listen on a unix socket only. Every process that uses them holds a
share of a lock; the last one out turns them off. The kernel drops the share of a process that was killed, so nothing
has to be counted and nothing can be miscounted.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from config.embedded.postgres import Postgres
from config.embedded.server import EmbeddedError, Server
from config.embedded.valkey import Valkey

__all__ = ["EmbeddedError", "Servers", "addresses", "ensure", "own", "postgres_url", "redis_url", "start"]


def addresses(data_dir: Path) -> tuple[str, str] | None:
    """(database URL, Redis URL) of the embedded servers of this data directory, or None unless both run now."""
    database, broker = postgres_url(data_dir), redis_url(data_dir)
    return (database, broker) if database and broker else None


def postgres_url(data_dir: Path) -> str | None:
    """The URL of the embedded PostgreSQL of this data directory if it runs now."""
    server = Postgres(data_dir)
    return server.url() if server.running() else None


def redis_url(data_dir: Path) -> str | None:
    """The URL of the embedded Valkey of this data directory if it runs now."""
    server = Valkey(data_dir)
    return server.url() if server.running() else None


class Servers:
    """A share in the running servers. `stop()` gives it back; the last share stops the servers."""

    def __init__(self, data_dir: Path, servers: list[Server], share: int) -> None:
        self._data_dir = data_dir
        self._servers = servers
        self._share: int | None = share

    def revive(self) -> list[str]:
        """Start again what has died, at the same address. Returns the names of what had to be started.

        Silence is no death: a busy machine answers late, and a second server beside the first would write to the same
        files, and take the socket while the workers still hang on the first.
        """
        with _mutex(self._data_dir):
            dead = [server for server in self._servers if not server.alive() and not server.running()]
            for server in dead:
                server.start()
        return [server.name for server in dead]

    def stop(self) -> None:
        """Give the share back. A second call does nothing."""
        if self._share is None:
            return
        with _mutex(self._data_dir):
            if _is_last(self._share):
                _stop_all(self._data_dir)
            os.close(self._share)
        self._share = None


def start(data_dir: Path, *, postgres: bool = True, valkey: bool = True, durable: bool = True) -> Servers:
    """Start what does not run yet and take a share. `durable=False` trades crash safety for speed (tests only)."""
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    servers: list[Server] = []
    if postgres:
        servers.append(Postgres(data_dir, durable))
    if valkey:
        servers.append(Valkey(data_dir))
    with _mutex(data_dir):
        share = os.open(data_dir / "embedded.users", os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(share, fcntl.LOCK_SH)
        try:
            for server in servers:
                if not server.running():
                    server.start()
        except BaseException:
            if _is_last(share):
                _stop_all(data_dir)
            os.close(share)
            raise
    return Servers(data_dir, servers, share)


def ensure(data_dir: Path, *, postgres: bool = True, valkey: bool = True) -> Servers:
    """Find or start the servers for the life of this process: they are given back at its exit, also on SIGTERM."""
    servers = start(data_dir, postgres=postgres, valkey=valkey)
    own(servers)
    return servers


def own(servers: Servers) -> None:
    """Give the servers back when this process ends, but not when a fork of it does."""
    pid = os.getpid()
    atexit.register(lambda: servers.stop() if os.getpid() == pid else None)
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _leave)


def _leave(signum: int, frame: FrameType | None) -> None:
    sys.exit(128 + signum)


def _is_last(share: int) -> bool:
    try:
        fcntl.flock(share, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _stop_all(data_dir: Path) -> None:
    """Valkey first: a worker that outlives us must not find a broker whose database is gone."""
    Valkey(data_dir).stop()
    Postgres(data_dir).stop()


@contextmanager
def _mutex(data_dir: Path) -> Iterator[None]:
    """One process at a time starts or stops servers."""
    with open(data_dir / "embedded.lock", "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
