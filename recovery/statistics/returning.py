"""The natural-return curve: how many of those left alone have ordered by each hour after they went silent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import exp, log

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


def return_curve(watched: Iterable[tuple[float, bool]], at: Sequence[float], *, z: float = _Z95) -> list[Point]:
    """One minus Kaplan and Meier's estimate (1958) at each of the hours `at`.

    `watched` has for each cart the hours until its order and True, or the hours it has been watched so far and False:
    a cart that is still open says something about its past hours only. Greenwood's variance on the log(-log) scale
    (Kalbfleisch, Prentice), so the interval stays within 0 and 1.
    """
    rows = list(watched)
    if not rows:
        return [Point(hour, 0.0, 0.0, 0.0, 0) for hour in at]
    from statsmodels.duration.survfunc import SurvfuncRight

    found = SurvfuncRight([hours for hours, _ in rows], [int(ordered) for _, ordered in rows])
    steps = list(zip(found.surv_times, found.surv_prob, found.surv_prob_se, strict=True))
    return [_point(hour, steps, sum(hours >= hour for hours, _ in rows), z) for hour in at]


def _point(hour: float, steps: list[tuple[float, float, float]], at_risk: int, z: float) -> Point:
    left, error = next(((float(left), float(se)) for time, left, se in reversed(steps) if time <= hour), (1.0, 0.0))
    if not 0 < left < 1:
        return Point(hour, 1 - left, 1 - left, 1 - left, at_risk)
    width = z * error / left / abs(log(left))
    return Point(hour, 1 - left, 1 - left ** exp(-width), 1 - left ** exp(width), at_risk)
