"""CPU time of processes and of those below them, as the system counts it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import psutil

from bench.ground import Ground


class Meter:
    """CPU seconds of a process and its children. Children that end between two readings are lost."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._before = _times(pid)

    def restart(self) -> None:
        self._before = _times(self._pid)

    def seconds(self) -> float:
        """CPU seconds since the start, of the processes that live now."""
        return sum(spent - self._before.get(pid, 0.0) for pid, spent in _times(self._pid).items())


@dataclass(frozen=True)
class Cost:
    """CPU microseconds for each of `count` things, by name of the side."""

    count: int
    seconds: dict[str, float]

    def text(self) -> str:
        shares = (f"{name} {spent / max(self.count, 1) * 1e6:.0f}" for name, spent in self.seconds.items())
        return f"CPU µs each: {', '.join(shares)}"


def measured(ground: Ground, work: Callable[[], int]) -> tuple[int, float, Cost]:
    """What the work returns, the seconds that it took, and the CPU of both sides."""
    server, spent, began = Meter(ground.postgres_pid), time.process_time(), time.perf_counter()
    count = work()
    seconds = time.perf_counter() - began
    sides = {"worker": time.process_time() - spent, "PostgreSQL": server.seconds()}
    return count, seconds, Cost(count, sides)


def _times(pid: int) -> dict[int, float]:
    family = psutil.Process(pid)
    found: dict[int, float] = {}
    for process in [family, *family.children(recursive=True)]:
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue  # ended meanwhile
        found[process.pid] = times.user + times.system
    return found
