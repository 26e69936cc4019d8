"""What a measurement says, as a line of the table and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any


@dataclass(frozen=True)
class Result:
    """One line of the table. `met` is None where there is no target; `notes` are printed below the line."""

    what: str
    ours: str
    bare: str = ""
    ratio: str = ""
    target: str = ""
    met: bool | None = None
    notes: Sequence[str] = ()
    raw: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Spread:
    """The median of repeated measurements, with the lowest and the highest."""

    values: Sequence[float]

    @property
    def middle(self) -> float:
        return median(self.values)

    def text(self, form: str = ".2f") -> str:
        low, high = min(self.values), max(self.values)
        return f"{self.middle:{form}} ({low:{form}}-{high:{form}})"


def ratios(ours: Sequence[float], bare: Sequence[float]) -> Spread:
    """Ours over bare, pair by pair: the two of a pair were measured right after one another."""
    return Spread([one / other for one, other in zip(ours, bare, strict=True)])


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of them lie; nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


_HEAD = ("what", "ours", "bare", "ratio", "target", "met")


def table(results: Sequence[Result]) -> str:
    """The lines under one another, with the notes below."""
    lines = [_HEAD, *(_cells(result) for result in results)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEAD))]
    rows = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    rule = "-" * max(len(row) for row in rows)
    notes = [f"  {result.what}: {note}" for result in results for note in result.notes]
    return "\n".join([rows[0], rule, *rows[1:], *(["", *notes] if notes else [])])


def _cells(result: Result) -> tuple[str, ...]:
    met = {True: "yes", False: "NO", None: ""}[result.met]
    return result.what, result.ours, result.bare, result.ratio, result.target, met
