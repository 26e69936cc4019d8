"""Open connections that threads lend each other, so that short-lived threads still find a warm one."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar


class Keepable(Protocol):
    """What a pool can hold."""

    @property
    def is_fresh(self) -> bool:
        """Whether it may be used again, as far as this side can tell."""

    def close(self) -> None:
        """Let go of it. Never raises."""


K = TypeVar("K", bound=Keepable)


class Pool(Generic[K]):
    """The last one given back is the first one lent, so the surplus of a rush grows old and is let go."""

    def __init__(self, opened: Callable[[], K]) -> None:
        self._opened = opened
        self._idle: deque[K] = deque()  # append and pop are atomic
        self._process = os.getpid()

    def kept(self) -> K | None:
        """An idle one that looks alive, taken out of the pool, or None."""
        if self._process != os.getpid():  # after a fork the sockets are the parent's
            self._idle, self._process = deque(), os.getpid()
        while self._idle:
            try:
                found = self._idle.pop()
            except IndexError:  # another thread was quicker
                return None
            if found.is_fresh:
                return found
            found.close()
        return None

    def new(self) -> K:
        """A newly opened one. Raises what opening raises."""
        return self._opened()

    def keep(self, used: K) -> None:
        """Put it back for the next sender, and let go of the eldest if it is stale."""
        self._idle.append(used)
        try:
            eldest = self._idle.popleft()
        except IndexError:
            return
        if eldest.is_fresh:
            self._idle.appendleft(eldest)
        else:
            eldest.close()

    def close(self) -> None:
        """Let go of everything idle."""
        while self._idle:
            self._idle.pop().close()
