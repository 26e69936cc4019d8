"""Numbers with their uncertainty: a share of counts, a share of amounts, and a mean."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from math import sqrt

from recovery.reports.definitions import TOO_FEW
from recovery.statistics.wilson import Z95, wilson


@dataclass(frozen=True, slots=True)
class Rate:
    """A share of counts with its 95 % interval (Wilson)."""

    hits: int
    n: int
    low: float
    high: float

    @property
    def value(self) -> float:
        return self.hits / self.n

    @property
    def too_few(self) -> bool:
        return self.n < TOO_FEW

    @classmethod
    def of(cls, hits: int, n: int) -> Rate | None:
        """None where there is nothing to divide by."""
        return cls(hits, n, *wilson(hits, n)) if n else None


@dataclass(frozen=True, slots=True)
class Share:
    """A share of amounts in one currency, with its 95 % interval. `n` is the number of carts behind it."""

    part: Decimal
    whole: Decimal
    n: int
    low: float
    high: float

    @property
    def value(self) -> float:
        return float(self.part / self.whole)

    @property
    def too_few(self) -> bool:
        return self.n < TOO_FEW

    @classmethod
    def of(cls, part: Decimal, whole: Decimal, part_squares: Decimal, squares: Decimal, n: int) -> Share | None:
        """A ratio of sums, by the delta method: Σ v²(y − R)² / (Σ v)². None where there is nothing to divide by."""
        if whole <= 0:
            return None
        ratio = float(part / whole)
        variance = float(part_squares) * (1 - 2 * ratio) + float(squares) * ratio**2
        half = Z95 * sqrt(max(0.0, variance)) / float(whole)
        return cls(part, whole, n, max(0.0, ratio - half), min(1.0, ratio + half))


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean amount with its 95 % interval; for one value alone there is none, and the ends are None."""

    total: Decimal
    n: int
    low: float | None
    high: float | None

    @property
    def value(self) -> Decimal:
        return self.total / self.n

    @property
    def too_few(self) -> bool:
        return self.n < TOO_FEW

    @classmethod
    def of(cls, total: Decimal, squares: Decimal, n: int) -> Mean | None:
        """From the sums of the values and of their squares. None for no value."""
        if not n:
            return None
        if n == 1:
            return cls(total, n, None, None)
        mean = float(total) / n
        spread = sqrt(max(0.0, float(squares - total * total / n)) / (n - 1))
        half = Z95 * spread / sqrt(n)
        return cls(total, n, mean - half, mean + half)
