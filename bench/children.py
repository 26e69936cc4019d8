"""Processes that a measurement starts, and ends again."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from config import env
from config.supervisor import read_procfile

_PATIENCE = 60


@contextmanager
def procfile(name: str, environment: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """The process of this name as the Procfile starts it."""
    command = next(child.command for child in read_procfile(env.ROOT / "Procfile") if child.name == name)
    path = f"{os.path.dirname(sys.executable)}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    child = subprocess.Popen(
        ["/bin/sh", "-c", f"exec {command}"],
        env=os.environ | {"PATH": path, **environment},
        cwd=env.ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=None if os.environ.get("BENCH_SHOW") else subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield child
    finally:
        end(child)


@contextmanager
def module(*words: str) -> Iterator[subprocess.Popen[str]]:
    """`python -m …` with pipes to it, for a process that answers line by line."""
    child = subprocess.Popen(
        [sys.executable, "-m", *words], cwd=env.ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        yield child
    finally:
        end(child)


def end(child: subprocess.Popen[bytes] | subprocess.Popen[str]) -> None:
    child.send_signal(signal.SIGTERM)
    try:
        child.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def say(child: subprocess.Popen[str], words: str) -> None:
    """A line to it."""
    assert child.stdin is not None
    child.stdin.write(f"{words}\n")
    child.stdin.flush()


def line(child: subprocess.Popen[str]) -> str:
    """The next line that it says."""
    assert child.stdout is not None
    said = child.stdout.readline()
    if not said:
        raise RuntimeError(f"{child.args!r} ended")
    return said.strip()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def wait_for(port: int) -> None:
    """Until something listens there."""
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"nothing listens on port {port}")
