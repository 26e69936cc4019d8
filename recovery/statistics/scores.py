"""Scores of surveys with their uncertainty: a mean of a scale, and the net promoter score."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt

_Z95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Score:
    """A score with its standard error and 95 % interval, in the scale's own points. Of one answer alone there is no
    interval: `se`, `low` and `high` are None."""

    value: float
    n: int
    se: float | None
    low: float | None
    high: float | None


def mean_score(counts: Mapping[int, int]) -> Score | None:
    """The mean of the scores, each given so many times, with Student's t. None for no answer."""
    n = sum(counts.values())
    if not n:
        return None
    mean = sum(score * count for score, count in counts.items()) / n
    if n == 1:
        return Score(mean, n, None, None, None)
    variance = sum(count * (score - mean) ** 2 for score, count in counts.items()) / (n - 1)
    se = sqrt(variance / n)
    half = _t95(n - 1) * se
    return Score(mean, n, se, mean - half, mean + half)


def net_promoters(counts: Mapping[int, int]) -> Score | None:
    """Per cent of 9 and 10 less per cent of 0 to 6, by the scores 0 to 10. None for no answer.

    The standard error is that of a difference of two shares of one sample: √((p₊ + p₋ − (p₊ − p₋)²) ÷ n).
    """
    n = sum(counts.values())
    if not n:
        return None
    up = sum(count for score, count in counts.items() if score >= 9) / n
    down = sum(count for score, count in counts.items() if score <= 6) / n
    if n == 1:
        return Score(100 * (up - down), n, None, None, None)
    net, se = up - down, sqrt(max(0.0, up + down - (up - down) ** 2) / n)
    low, high = max(-1.0, net - _Z95 * se), min(1.0, net + _Z95 * se)
    return Score(100 * net, n, 100 * se, 100 * low, 100 * high)


def _t95(freedom: int) -> float:
    from scipy.stats import t  # heavy: only where somebody looks

    return float(t.ppf(0.975, freedom))
