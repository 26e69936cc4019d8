"""When to try again: a list, a little chance, and the provider's own wish within bounds (as the Svix schedule does)."""

from __future__ import annotations

import random
from datetime import timedelta as td

#: Waits after the first, second … failed try.
SCHEDULE = [td(seconds=30), td(minutes=2), td(minutes=10), td(minutes=30), td(hours=2)]
_JITTER = 0.2


def delay(attempt: int, asked: float | None = None, *, chance: float | None = None) -> td | None:
    """How long to wait after try number `attempt` (from 1); None when it was the last.

    `asked` is the provider's Retry-After in seconds: never shorter than that, never longer than an hour for it.
    `chance` in [0, 1) stands in for the dice.
    """
    if attempt > len(SCHEDULE):
        return None
    spread = 1 + _JITTER * (2 * (random.random() if chance is None else chance) - 1)
    wait = SCHEDULE[attempt - 1] * spread
    return max(wait, td(seconds=min(asked, 3600))) if asked else wait
