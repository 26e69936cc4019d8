"""Before the switch is thrown: how many customers an experiment needs, and what it could show."""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist

_NORMAL = NormalDist()


def units_needed(base: float, lift: float, holdout: float, *, alpha: float = 0.05, power: float = 0.8) -> int:
    """About how many units, in both arms together, show a relative `lift` over the `base` rate.

    `holdout` is the control's share of them. The normal approximation with each arm's own variance. Raises ValueError
    for shares outside (0, 1) or no lift.
    """
    better = base * (1 + lift)
    if not (0 < base < 1 and 0 < better < 1 and 0 < holdout < 1) or lift == 0:
        raise ValueError("the base rate, the improved rate and the holdout's share lie between 0 and 1")
    z = _NORMAL.inv_cdf(1 - alpha / 2) + _NORMAL.inv_cdf(power)
    spread = better * (1 - better) / (1 - holdout) + base * (1 - base) / holdout
    return round(z**2 * spread / (better - base) ** 2)


def power_of(first: float, second: float, per_arm: int, *, alpha: float = 0.05) -> float:
    """How often two arms of this size would show the difference between the two rates: R's power.prop.test."""
    pooled = sqrt((first + second) * (1 - (first + second) / 2))
    apart = sqrt(first * (1 - first) + second * (1 - second))
    return _NORMAL.cdf((sqrt(per_arm) * abs(first - second) - _NORMAL.inv_cdf(1 - alpha / 2) * pooled) / apart)


def per_arm_for(first: float, second: float, *, power: float, alpha: float = 0.05) -> float:
    """Units in each of two equal arms for this power: R's power.prop.test, not rounded."""
    pooled = sqrt((first + second) * (1 - (first + second) / 2))
    apart = sqrt(first * (1 - first) + second * (1 - second))
    found = (_NORMAL.inv_cdf(1 - alpha / 2) * pooled + _NORMAL.inv_cdf(power) * apart) / (first - second)
    return found**2


def months_needed(units: int, per_month: float) -> int | None:
    """About how many months until `units` customers have come, at least one; None where none come."""
    return max(1, round(units / per_month)) if per_month > 0 else None
