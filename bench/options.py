"""What the caller chose."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Options:
    """`repeats` of each measurement, `seconds` for each that runs by the clock, `profile` to see where time goes."""

    repeats: int = 3
    seconds: float = 4.0
    profile: bool = False
    size: int = 1_000_000  # of the larger table of carts
