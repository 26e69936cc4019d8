"""The natural-return curve: how many of those left alone have ordered by each hour after they went silent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, log, sqrt

#: The 97.5 % point of the normal distribution.
_Z95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Point:
    """By `hours`, `share` have ordered; `at_risk` were still watched and had not ordered just before."""

    hours: float
    share: float
    low: float
    high: float
    at_risk: int


def return_curve(watched: Mapping[tuple[float, bool], int], at: Sequence[float], *, z: float = _Z95) -> list[Point]:
    """One minus Kaplan and Meier's estimate (1958) at each of the hours `at`.

    `watched` has how many carts there were of each: the hours until the order and True, or the hours watched so far and
    False: a cart that is still open says something about its past hours only. Greenwood's variance on the log(-log)
    scale (Kalbfleisch, Prentice), so the interval stays within 0 and 1.
    """
    left, spread, steps = 1.0, 0.0, [(float("-inf"), 1.0, 0.0)]
    for hour in sorted(hours for hours, ordered in watched if ordered):
        came, at_risk = watched[hour, True], _at_risk(watched, hour)
        left *= 1 - came / at_risk
        spread += came / (at_risk * (at_risk - came)) if came < at_risk else 0.0
        steps.append((hour, left, sqrt(spread)))
    return [_point(hour, steps, _at_risk(watched, hour), z) for hour in at]


def _at_risk(watched: Mapping[tuple[float, bool], int], hour: float) -> int:
    return sum(count for (hours, _), count in watched.items() if hours >= hour)


def _point(hour: float, steps: list[tuple[float, float, float]], at_risk: int, z: float) -> Point:
    """A step is its hour, the share that is left after it, and the standard error of the logarithm of that share."""
    left, error = next((left, error) for time, left, error in reversed(steps) if time <= hour)
    if not 0 < left < 1:
        return Point(hour, 1 - left, 1 - left, 1 - left, at_risk)
    width = z * error / abs(log(left))
    return Point(hour, 1 - left, 1 - left ** exp(-width), 1 - left ** exp(width), at_risk)
