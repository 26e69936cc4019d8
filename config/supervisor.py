"""Runs the processes of the Procfile: a name before their lines, a new start after a death, an orderly stop."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

# A worker finishes the message it is sending before it goes; a call to a provider may take this long.
_PATIENCE = 45
_DEATHS, _WITHIN = 5, 60.0
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass
class Child:
    name: str
    command: str
    process: subprocess.Popen[bytes] | None = None
    deaths: list[float] = field(default_factory=list)

    @property
    def dead(self) -> bool:
        return self.process is None or self.process.poll() is not None


def read_procfile(path: Path) -> list[Child]:
    """The `name: command` lines of a Procfile, in order."""
    lines = [line.partition(":") for line in path.read_text().splitlines() if ":" in line and not line.startswith("#")]
    return [Child(name.strip(), command.strip()) for name, _, command in lines]


class Supervisor:
    """Starts children in order and stops them in reverse, so that nobody works for a colleague who has left."""

    def __init__(self, children: list[Child], environment: dict[str, str], cwd: Path) -> None:
        self._children = children
        self._environment = environment
        self._cwd = cwd
        self._width = max(len(child.name) for child in children)
        self._signals = 0

    def run(self, each_second: Callable[[], None]) -> int:
        """Until a signal comes (0) or a child cannot be kept alive (1)."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        try:
            while not self._signals:
                if not all(self._keep_alive(child) for child in self._children):
                    return 1
                each_second()
                self._nap(1)
            return 0
        finally:
            for child in reversed(self._children):
                self._stop(child)

    def say(self, text: str, name: str = "system") -> None:
        for line in text.splitlines():
            # One write for a line: several threads speak, and print() writes the line's end apart.
            os.write(1, f"{name:<{max(self._width, 6)}} | {line}\n".encode("utf-8", "replace"))

    def _keep_alive(self, child: Child) -> bool:
        """Start a child that does not run. False when it died too often to go on."""
        if not child.dead:
            return True
        if child.process is not None:
            now = time.monotonic()
            child.deaths = [death for death in child.deaths if now - death < _WITHIN] + [now]
            self.say(f"{child.name} ended by itself ({child.process.returncode})")
            if len(child.deaths) >= _DEATHS:
                self.say(f"{child.name} ended {_DEATHS} times within a minute, so everything stops; its lines say why")
                return False
        self._start(child)
        return True

    def _start(self, child: Child) -> None:
        child.process = subprocess.Popen(
            ["/bin/sh", "-c", f"exec {child.command}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=self._environment,
            cwd=self._cwd,
            start_new_session=True,  # Ctrl-C is for us alone: we pass it on in order
            preexec_fn=end_with_parent,
        )
        assert child.process.stdout is not None
        threading.Thread(target=self._relay, args=(child.name, child.process.stdout), daemon=True).start()

    def _relay(self, name: str, lines: IO[bytes]) -> None:
        for line in lines:
            self.say(line.decode("utf-8", "replace").rstrip(), name)

    def _stop(self, child: Child) -> None:
        """Ask, wait, and only then kill. A second signal from outside shortens the wait."""
        if child.process is None:
            return
        self.say(f"stopping {child.name}")
        child.process.terminate()
        patience, asked = time.monotonic() + _PATIENCE, self._signals
        while child.process.poll() is None and time.monotonic() < patience and self._signals == asked:
            time.sleep(0.05)
        try:
            os.killpg(child.process.pid, signal.SIGKILL)  # what is left of its family, if anything
        except ProcessLookupError:
            pass
        child.process.wait()

    def _nap(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self._signals:
            time.sleep(0.05)

    def _on_signal(self, number: int, frame: object) -> None:
        self._signals += 1


def end_with_parent() -> None:
    """Ask Linux for a SIGTERM when our parent is killed: no orphan holds the port after a kill -9."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
