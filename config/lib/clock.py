"""A clock for work that takes a while: it starts at a given moment and goes on by itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from datetime import timedelta as td
from time import monotonic


def ticking(now: datetime) -> Callable[[], datetime]:
    """A function that gives `now` plus the time that passed since this call. `now` may be any moment, for a replay."""
    began = monotonic()
    return lambda: now + td(seconds=monotonic() - began)
