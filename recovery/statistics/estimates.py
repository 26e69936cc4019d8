"""Treatment minus control, with an interval: shares, means, ratios, adjusted means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import erfc, inf, sqrt
from statistics import NormalDist

from recovery.statistics.sums import Sums
from recovery.statistics.wilson import wilson

ALPHA = 0.05


class TooFewUnits(ValueError):
    """An arm with fewer than two units has no spread, and so no interval."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A difference and its 1 - alpha interval. `p`: how often chance alone would show as much; `df` of its t."""

    value: float
    low: float
    high: float
    se: float
    p: float
    df: float = inf

    def times(self, factor: float) -> Estimate:
        """The same for a total: `factor` units at this difference each."""
        return Estimate(
            self.value * factor, self.low * factor, self.high * factor, self.se * abs(factor), self.p, self.df
        )


def share_difference(treated: Sums, control: Sums, *, alpha: float = ALPHA) -> Estimate:
    """Of a yes-or-no outcome: Newcombe's hybrid score interval (R. G. Newcombe 1998b, method 10), score test's p.

    Each arm's y is its number of yeses. Raises TooFewUnits. By hand, because the pages that people open most often tell
    it, and the libraries take a second to come.
    """
    _enough(treated, control)
    z = NormalDist().inv_cdf(1 - alpha / 2)
    p, q = treated.mean, control.mean
    (own_low, own_high), (low, high) = (wilson(round(arm.y), arm.n, z) for arm in (treated, control))
    below, above = sqrt((p - own_low) ** 2 + (high - q) ** 2), sqrt((own_high - p) ** 2 + (q - low) ** 2)
    se = sqrt(p * (1 - p) / treated.n + q * (1 - q) / control.n)
    return Estimate(p - q, p - q - below, p - q + above, se, _score_p(treated, control))


def pooled_share_difference(draws: Sequence[tuple[Sums, Sums]], *, alpha: float = ALPHA) -> Estimate:
    """Of a yes-or-no outcome in several draws of (treated, control), each weighted by its share of all units.

    The interval is put together from each one's own by MOVER (G. Zou, A. Donner 2008), so that of one draw alone it is
    Newcombe's. Raises TooFewUnits.
    """
    parts = [(treated.n + control.n, share_difference(treated, control, alpha=alpha)) for treated, control in draws]
    if len(parts) == 1:
        return parts[0][1]
    total = sum(n for n, _ in parts)
    value = sum(n * one.value for n, one in parts) / total
    below, above, se = (
        sqrt(sum((n * side(one)) ** 2 for n, one in parts)) / total
        for side in (lambda one: one.value - one.low, lambda one: one.high - one.value, lambda one: one.se)
    )
    return Estimate(value, value - below, value + above, se, erfc(abs(value) / se / sqrt(2)) if se else 1.0)


def _score_p(treated: Sums, control: Sums) -> float:
    """Pearson's: the spread is that of both arms thrown together, as it would be if they were alike."""
    pooled = (treated.y + control.y) / (treated.n + control.n)
    spread = sqrt(pooled * (1 - pooled) * (1 / treated.n + 1 / control.n))
    return erfc(abs(treated.mean - control.mean) / spread / sqrt(2)) if spread else 1.0


def mean_difference(treated: Sums, control: Sums, *, alpha: float = ALPHA) -> Estimate:
    """Welch's: the arms may differ in spread (B. L. Welch 1947, degrees of freedom by Satterthwaite). TooFewUnits."""
    _enough(treated, control)
    return _student(
        treated.mean - control.mean,
        (treated.variance / treated.n, treated.n - 1),
        (control.variance / control.n, control.n - 1),
        alpha,
    )


def ratio(arm: Sums) -> tuple[float, float]:
    """Σy/Σx over units that each bring several x, and its standard error by the delta method.

    Deng, Knoblich, Lu, "Applying the Delta Method in Metric Analytics", KDD 2018. Raises TooFewUnits.
    """
    if arm.n < 2 or arm.x <= 0:
        raise TooFewUnits("a ratio needs two units and something to divide by")
    found = arm.y / arm.x
    variance = arm.variance - 2 * found * arm.covariance + found**2 * arm.variance_x
    return found, sqrt(max(0.0, variance) / (arm.n * arm.mean_x**2))


def ratio_difference(treated: Sums, control: Sums, *, alpha: float = ALPHA) -> Estimate:
    """Of two ratios: orders per cart where customers bring several carts, or revenue per order. Raises TooFewUnits."""
    (first, first_se), (second, second_se) = ratio(treated), ratio(control)
    return _student(
        first - second,
        (first_se**2, treated.n - 1),
        (second_se**2, control.n - 1),
        alpha,
    )


def relative_difference(treated: Sums, control: Sums, *, alpha: float = ALPHA) -> Estimate:
    """Treatment over control, minus 1, by the delta method. Raises TooFewUnits, also for a control mean of 0.

    The verdict is never taken from it: near zero its interval can include 0 where the difference's does not.
    """
    _enough(treated, control)
    if control.mean == 0:
        raise TooFewUnits("nothing to compare with: the control's mean is 0")
    own = treated.variance / treated.n / control.mean**2
    base = control.variance / control.n * treated.mean**2 / control.mean**4
    return _student(treated.mean / control.mean - 1, (own, treated.n - 1), (base, control.n - 1), alpha)


@dataclass(frozen=True, slots=True)
class Adjusted:
    """An estimate with less noise, and by how much: the share of the variance that is gone. It may be nothing."""

    estimate: Estimate
    saved: float


def adjusted_difference(treated: Sums, control: Sums, *, alpha: float = ALPHA) -> Adjusted:
    """CUPED: the part of y that x foretold is taken out (Deng, Xu, Kohavi, Walker, WSDM 2013).

    x must have been known before the assignment. Raises TooFewUnits.
    """
    _enough(treated, control)
    both = treated.n + control.n - 2
    covariance = (treated.covariance * (treated.n - 1) + control.covariance * (control.n - 1)) / both
    variance_x = (treated.variance_x * (treated.n - 1) + control.variance_x * (control.n - 1)) / both
    theta = covariance / variance_x if variance_x else 0.0
    plain = mean_difference(treated, control, alpha=alpha)
    found = _student(
        plain.value - theta * (treated.mean_x - control.mean_x),
        (_residual(treated, theta) / treated.n, treated.n - 1),
        (_residual(control, theta) / control.n, control.n - 1),
        alpha,
    )
    return Adjusted(found, 1 - (found.se / plain.se) ** 2 if plain.se else 0.0)


def _residual(arm: Sums, theta: float) -> float:
    return max(0.0, arm.variance - 2 * theta * arm.covariance + theta**2 * arm.variance_x)


def stratified_difference(strata: Mapping[str, tuple[Sums, Sums]], *, alpha: float = ALPHA) -> Estimate:
    """Post-stratified: each stratum's difference, weighted by its share of all units.

    `strata` maps a name to (treated, control). They are fixed before the start. Raises TooFewUnits, also for an arm
    that a stratum lacks.
    """
    total = sum(treated.n + control.n for treated, control in strata.values())
    value = variance = 0.0
    units = 0
    for treated, control in strata.values():
        _enough(treated, control)
        weight = (treated.n + control.n) / total
        value += weight * (treated.mean - control.mean)
        variance += weight**2 * (treated.variance / treated.n + control.variance / control.n)
        units += treated.n + control.n - 2
    return _student(value, (variance, units), (0.0, 1), alpha)


def _enough(*arms: Sums) -> None:
    if any(arm.n < 2 for arm in arms):
        raise TooFewUnits("each arm needs at least two units")


def _student(value: float, first: tuple[float, int], second: tuple[float, int], alpha: float) -> Estimate:
    """A t interval from each side's squared standard error and degrees of freedom."""
    from scipy.stats import t

    squared = first[0] + second[0]
    if not squared:
        return Estimate(value, value, value, 0.0, 1.0 if value == 0 else 0.0)
    df = squared**2 / (first[0] ** 2 / first[1] + second[0] ** 2 / second[1])
    se = sqrt(squared)
    half = float(t.ppf(1 - alpha / 2, df)) * se
    return Estimate(value, value - half, value + half, se, float(2 * t.sf(abs(value) / se, df)), df)
