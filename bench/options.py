"""What the caller chose."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Options:
    """`repeats` of each measurement, `seconds` for each that runs by the clock, `profile` to see where time goes.

    `keep`: a directory for the large databases, to be found there again by the next run."""

    repeats: int = 3
    seconds: float = 4.0
    profile: bool = False
    size: int = 1_000_000  # of the larger table of carts
    keep: Path | None = None
