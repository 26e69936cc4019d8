"""The sums of one arm: all that the estimators need, and all that the database has to add up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sums:
    """Of one arm: `n` units, each with an outcome y and, where there is one, a number x.

    x is the denominator of a ratio (carts per customer), or what was known before the start (a covariate).
    """

    n: int
    y: float = 0.0
    yy: float = 0.0
    x: float = 0.0
    xx: float = 0.0
    xy: float = 0.0

    @classmethod
    def of(cls, ys: Iterable[float], xs: Iterable[float] | None = None) -> Sums:
        """From the values themselves. `ys` and `xs` are of one length."""
        outcomes = [float(y) for y in ys]
        others = [float(x) for x in xs] if xs is not None else [0.0] * len(outcomes)
        pairs = list(zip(outcomes, others, strict=True))
        return cls(
            len(outcomes),
            sum(outcomes),
            sum(y * y for y in outcomes),
            sum(others),
            sum(x * x for x in others),
            sum(y * x for y, x in pairs),
        )

    @classmethod
    def of_share(cls, hits: int, n: int) -> Sums:
        """Of a yes or no: y is 1 for `hits` of the `n` units."""
        return cls(n, hits, hits)

    def __add__(self, other: Sums) -> Sums:
        return Sums(
            self.n + other.n,
            self.y + other.y,
            self.yy + other.yy,
            self.x + other.x,
            self.xx + other.xx,
            self.xy + other.xy,
        )

    @property
    def mean(self) -> float:
        return self.y / self.n

    @property
    def mean_x(self) -> float:
        return self.x / self.n

    @property
    def variance(self) -> float:
        """Of y, with n - 1; 0 for a single unit."""
        return _spread(self.n, self.y, self.y, self.yy)

    @property
    def variance_x(self) -> float:
        return _spread(self.n, self.x, self.x, self.xx)

    @property
    def covariance(self) -> float:
        return _spread(self.n, self.x, self.y, self.xy)


def _spread(n: int, a: float, b: float, ab: float) -> float:
    # Rounding may leave a hair below zero where all values are the same.
    found = (ab - a * b / n) / (n - 1) if n > 1 else 0.0
    return 0.0 if abs(found) < 1e-12 * max(1.0, abs(ab)) / max(1, n - 1) else found
