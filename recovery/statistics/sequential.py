"""An interval that holds however often one looks: the asymptotic confidence sequence."""

from __future__ import annotations

from math import exp, log, sqrt

from recovery.statistics.estimates import ALPHA, Estimate

#: Before this many units in each arm, and this many orders, the normal approximation behind it is not trusted.
LEAST_UNITS, LEAST_ORDERS = 100, 10


def any_time(estimate: Estimate, n: int, planned: int, *, alpha: float = ALPHA) -> Estimate:
    """The same difference with an always-valid interval and p, from `n` units in both arms together.

    `planned` is the total that was planned at the start; it only says where the interval is narrowest. Robbins' normal
    mixture: Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas, "Time-uniform central limit theory and asymptotic confidence
    sequences", arXiv 2103.06476, equations 9 and 155. Raises ValueError for `n` or `planned` below 1.
    """
    if n < 1 or planned < 1:
        raise ValueError("an interval needs at least one unit, and a plan")
    rho2 = tuning(planned, alpha)
    root = sqrt(n * rho2 + 1)
    half = estimate.se * sqrt(n) * sqrt(2 * (n * rho2 + 1) / (n**2 * rho2) * log(root / alpha))
    return Estimate(estimate.value, estimate.value - half, estimate.value + half, estimate.se, _p(estimate, n, rho2))


def tuning(planned: int, alpha: float = ALPHA) -> float:
    """ρ² that makes the interval narrowest at the planned total."""
    return (-2 * log(alpha) + log(-2 * log(alpha) + 1)) / planned


def _p(estimate: Estimate, n: int, rho2: float) -> float:
    if not estimate.se:
        return 1.0 if estimate.value == 0 else 0.0
    spent = rho2 * estimate.value**2 * n / estimate.se**2 / (2 * (n * rho2 + 1))
    return min(1.0, sqrt(n * rho2 + 1) * exp(-spent)) if spent < 700 else 0.0
