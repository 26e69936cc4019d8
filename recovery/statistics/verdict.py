"""A verdict in words. Never a winner on a point estimate."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from recovery.statistics.checks import MISMATCH
from recovery.statistics.estimates import Estimate

GAIN, LOSS, OPEN, BLOCKED, EARLY = "proven gain", "proven loss", "not proven yet", "no verdict", "too early"


@dataclass(frozen=True, slots=True)
class Verdict:
    """`word` is one of the five above, `more` about how many units are still needed, where that can be said."""

    word: str
    more: int | None = None
    why: str = ""

    @property
    def about(self) -> str:
        """How many more, as it is told: 2,400."""
        return f"{_rough(self.more):,}" if self.more else ""

    def __str__(self) -> str:
        more = f" (about {self.about} more)" if self.more else ""
        return f"{self.word}{more}{': ' + self.why if self.why else ''}"


def verdict(estimate: Estimate | None, n: int, mismatch: float | None = None) -> Verdict:
    """From an interval, the number of units behind it, and the sample-ratio check's p.

    `estimate` is None while there are too few units for an interval.
    """
    if mismatch is not None and mismatch < MISMATCH:
        why = "the arms were not filled in the planned shares, so they cannot be compared"
        return Verdict(BLOCKED, why=why)
    if estimate is None:
        return Verdict(EARLY, why="an arm has too few customers or orders to tell anything")
    if estimate.low > 0:
        return Verdict(GAIN)
    if estimate.high < 0:
        return Verdict(LOSS)
    return Verdict(OPEN, more_needed(estimate, n))


def more_needed(estimate: Estimate, n: int) -> int | None:
    """About how many more units would lift the interval off zero, if the difference stays what it is.

    The width shrinks with the square root of n. None where there is no difference to speak of (it would take more
    than a hundred times what there is).
    """
    half = (estimate.high - estimate.low) / 2
    if not half or abs(estimate.value) * 10 < half:
        return None
    return max(1, ceil(n * ((half / abs(estimate.value)) ** 2 - 1)))


def _rough(count: int) -> int:
    """Two digits: more would promise what nobody knows."""
    return round(count, 2 - len(str(count)))
