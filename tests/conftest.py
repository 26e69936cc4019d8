"""Set-up of every test run: own servers, no network, and word of what was left out."""

from __future__ import annotations

import ipaddress
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests import servers

servers.start()  # before anything reads the settings
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"

import django  # noqa: E402

import config.celery  # noqa: E402, F401  (bells are rung through it)

django.setup()

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_left_out = 0


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    """A worker that finds the variable set reads the settings before it has a Redis database of its own."""
    del os.environ["DJANGO_SETTINGS_MODULE"]


def pytest_unconfigure() -> None:
    servers.empty_redis()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without a browser its tests are skipped, and `pytest_terminal_summary` says so."""
    if find_chromium():
        return
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.skip(reason="no Chromium found"))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    left_out = [
        report for report in terminalreporter.stats.get("skipped", []) if "no Chromium found" in str(report.longrepr)
    ]
    if left_out:
        terminalreporter.write_line(
            f"{len(left_out)} browser tests were left out: no Chromium was found. Install the package chromium, "
            "or name one: CHROMIUM=/path/to/chrome make test",
            yellow=True,
        )


def find_chromium() -> str | None:
    """CHROMIUM, or a Chromium on the PATH."""
    candidates = [os.environ.get("CHROMIUM") or "", *_BROWSERS]
    return next((path for name in candidates if name and (path := shutil.which(name))), None)


@pytest.fixture(autouse=True)
def _room_to_send() -> None:
    """No test waits for what an earlier one has sent within the second by the same number."""
    servers.drop_keys("twilio:*")


@pytest.fixture(scope="session", autouse=True)
def _no_network() -> Iterator[None]:
    """Whoever reaches for the network in a test fails at once. Loopback and unix sockets are free."""
    connect, look_up = socket.socket.connect, socket.getaddrinfo

    def guarded_connect(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and not _is_local(address[0]):
            raise AssertionError(f"a test reached for the network: {address}")
        connect(self, address)

    def guarded_look_up(host: Any, *rest: Any, **named: Any) -> Any:
        if host and not _is_local(host) and not _is_number(host):
            raise AssertionError(f"a test looked up a name in the network: {host!r}")
        return look_up(host, *rest, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded_connect)
        patch.setattr(socket, "getaddrinfo", guarded_look_up)
        yield


def _is_local(host: str | bytes) -> bool:
    name = host.decode() if isinstance(host, bytes) else host
    return name in ("localhost", "::1", "0.0.0.0", "::") or name.startswith("127.")


def _is_number(host: str | bytes) -> bool:
    """An address needs no look-up in the network."""
    try:
        return bool(ipaddress.ip_address(host.decode() if isinstance(host, bytes) else host))
    except ValueError:
        return False


@pytest.fixture
def celery_worker_process(transactional_db: None, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A real Celery worker (prefork, every queue) on the test database and this process's own Redis database."""
    with running_worker(tmp_path / "worker.log") as worker:
        yield worker


@contextmanager
def running_worker(log: Path, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """The worker in a process group of its own, so that a test can kill it with its children."""
    from config import env

    command = [sys.executable, "-m", "celery", "-A", "config", "worker", "--loglevel", "info", "--concurrency", "2"]
    command += ["--queues", "inbox,flows,send,upkeep", "--without-gossip", "--without-mingle"]
    surroundings = os.environ | {"DATABASE_URL": worker_database_url()} | environment
    with open(log, "wb") as lines:
        worker = subprocess.Popen(
            command, env=surroundings, cwd=env.ROOT, stdout=lines, stderr=lines, start_new_session=True
        )
    try:
        _wait_for(log, " ready.", worker)
        yield worker
    finally:
        _end(worker, log)


def worker_database_url() -> str:
    """DATABASE_URL with the name of the database that pytest-django made."""
    from django.db import connection

    parts = urlsplit(os.environ["DATABASE_URL"])
    # not geturl(): it would drop the empty host of postgresql://user@/name
    return f"{parts.scheme}://{parts.netloc}/{connection.settings_dict['NAME']}{parts.query and '?' + parts.query}"


def _end(worker: subprocess.Popen[bytes], log: Path) -> None:
    """Warm, as in production; a worker that does not go is a finding, not a wait for ever."""
    worker.terminate()
    try:
        worker.wait(30)
    except subprocess.TimeoutExpired:
        worker.kill()
        worker.wait()
        pytest.fail(f"the worker did not stop:\n{log.read_text()}")


def _wait_for(log: Path, word: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 120  # bounds a hang; a busy machine takes its time to start a worker
    while word not in log.read_text():
        assert process.poll() is None and time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)
