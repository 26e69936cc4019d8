"""Against published numbers, numbers by hand, and the same computed from every single value."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import chi2_contingency, ttest_ind
from statsmodels.stats.proportion import confint_proportions_2indep

from recovery.statistics.chance import chance_better
from recovery.statistics.estimates import (
    TooFewUnits,
    adjusted_difference,
    mean_difference,
    pooled_share_difference,
    ratio,
    ratio_difference,
    relative_difference,
    share_difference,
    stratified_difference,
)
from recovery.statistics.sums import Sums

Values = NDArray[np.float64]

RANDOM = np.random.default_rng(20240101)
#: Synthetic: 400 and 300 customers, whose revenue last quarter's spending foretells.
SPENT = RANDOM.gamma(2.0, 30.0, 700)
REVENUE = 0.6 * SPENT + RANDOM.normal(0, 20, 700) + np.repeat([4.0, 0.0], [400, 300])


def arms(ys: Values, xs: Values | None = None) -> tuple[Sums, Sums]:
    if xs is None:
        return Sums.of(ys[:400]), Sums.of(ys[400:])
    return Sums.of(ys[:400], xs[:400]), Sums.of(ys[400:], xs[400:])


@pytest.mark.parametrize(
    ("treated", "control", "low", "high"),
    [((56, 70), (48, 80), 0.0524, 0.3339), ((5, 56), (0, 29), -0.0381, 0.1926)],
)
def test_a_share_has_newcombes_interval(
    treated: tuple[int, int], control: tuple[int, int], low: float, high: float
) -> None:
    found = share_difference(Sums.of_share(*treated), Sums.of_share(*control))
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


def test_a_shares_interval_is_the_librarys_at_any_level() -> None:
    for counts in ((56, 70, 48, 80), (0, 40, 3, 35), (1035, 9000, 100, 1000)):
        for alpha in (0.01, 0.05, 0.2):
            found = share_difference(Sums.of_share(*counts[:2]), Sums.of_share(*counts[2:]), alpha=alpha)
            known = confint_proportions_2indep(*counts, compare="diff", method="newcomb", alpha=alpha)
            assert (found.low, found.high) == pytest.approx(known, rel=1e-9)


def test_several_draws_are_compared_each_within_itself() -> None:
    many, few = ((50, 100), (5, 10)), ((10, 100), (100, 1000))  # nothing is added in either, but thrown together
    pairs = [(Sums.of_share(*own), Sums.of_share(*base)) for own, base in (many, few)]
    found = pooled_share_difference(pairs)
    assert found.value == 0.0 and found.low < 0 < found.high
    (w1, one), (w2, two) = ((110 / 1210, share_difference(*pairs[0])), (1100 / 1210, share_difference(*pairs[1])))
    assert found.high == pytest.approx(((w1 * one.high) ** 2 + (w2 * two.high) ** 2) ** 0.5)
    assert pooled_share_difference(pairs[:1]) == one


def test_a_shares_p_is_pearsons() -> None:
    found = share_difference(Sums.of_share(56, 70), Sums.of_share(48, 80))
    assert found.p == pytest.approx(chi2_contingency([[56, 14], [48, 32]], correction=False).pvalue, rel=1e-12)


def test_a_holdout_of_a_tenth_can_leave_a_gain_unproven() -> None:
    found = share_difference(Sums.of_share(1035, 9000), Sums.of_share(100, 1000))
    assert (round(found.value, 5), round(found.low, 5), round(found.high, 5)) == (0.015, -0.00615, 0.03338)
    total = found.times(9000)
    assert (round(total.value), round(total.low), round(total.high)) == (135, -55, 300)


def test_a_mean_has_welchs_interval() -> None:
    found = mean_difference(*arms(REVENUE))
    known = ttest_ind(REVENUE[:400], REVENUE[400:], equal_var=False)
    assert (found.low, found.high) == pytest.approx(tuple(known.confidence_interval(0.95)), rel=1e-9)
    assert (found.p, found.df) == pytest.approx((known.pvalue, known.df), rel=1e-9)


def test_a_ratio_has_its_error_by_the_delta_method() -> None:
    assert ratio(Sums.of([0, 1, 0, 2, 0, 1], [1, 2, 1, 3, 1, 2])) == pytest.approx((0.4, 0.12), rel=1e-12)


def test_a_ratio_over_one_each_is_a_mean() -> None:
    ones = np.ones(700)
    by_ratio, by_mean = ratio_difference(*arms(REVENUE, ones)), mean_difference(*arms(REVENUE))
    assert (by_ratio.value, by_ratio.low, by_ratio.p) == pytest.approx((by_mean.value, by_mean.low, by_mean.p))


def test_what_was_known_before_takes_noise_away() -> None:
    found = adjusted_difference(*arms(REVENUE, SPENT))
    first, second = arms(REVENUE, SPENT)
    theta = (399 * first.covariance + 299 * second.covariance) / (399 * first.variance_x + 299 * second.variance_x)
    adjusted = REVENUE - theta * (SPENT - SPENT.mean())
    known = ttest_ind(adjusted[:400], adjusted[400:], equal_var=False)
    assert found.estimate.p == pytest.approx(known.pvalue, rel=1e-9)
    assert (found.estimate.low, found.estimate.high) == pytest.approx(tuple(known.confidence_interval(0.95)), rel=1e-9)
    assert found.saved == pytest.approx(1 - (found.estimate.se / mean_difference(first, second).se) ** 2)
    assert 0.3 < found.saved < 0.8


def test_what_foretells_nothing_takes_nothing_away() -> None:
    found = adjusted_difference(*arms(REVENUE, np.full(700, 7.0)))
    assert (found.saved, found.estimate) == (0.0, mean_difference(*arms(REVENUE)))


def test_strata_are_weighted_by_their_share_of_all() -> None:
    few, many = (Sums.of([1, 3]), Sums.of([0, 0])), (Sums.of([2, 4, 6]), Sums.of([1, 2, 3]))
    found = stratified_difference({"new": few, "returning": many})
    assert found.value == pytest.approx(4 / 10 * 2 + 6 / 10 * 2)
    assert found.se**2 == pytest.approx(0.16 * (2 / 2 + 0) + 0.36 * (4 / 3 + 1 / 3))


def test_sums_of_days_are_the_sums_of_the_whole() -> None:
    assert Sums.of([1, 2], [3, 4]) + Sums.of([5], [6]) == Sums.of([1, 2, 5], [3, 4, 6])


@pytest.mark.parametrize("estimate", [share_difference, mean_difference, adjusted_difference, relative_difference])
def test_one_customer_has_no_interval(estimate: type) -> None:
    with pytest.raises(TooFewUnits):
        estimate(Sums.of([1]), Sums.of([0, 1, 1]))


def test_arms_without_spread_are_told_apart_for_certain() -> None:
    assert mean_difference(Sums.of([2, 2]), Sums.of([1, 1])).p == 0.0
    assert mean_difference(Sums.of([1, 1]), Sums.of([1, 1])).p == 1.0


@pytest.mark.parametrize(
    ("hits", "n", "more", "among", "chance"), [(20, 200, 30, 200, 0.933305), (100, 1000, 120, 1000, 0.923183)]
)
def test_the_chance_to_be_better_is_the_closed_form(hits: int, n: int, more: int, among: int, chance: float) -> None:
    assert round(chance_better(hits, n, more, among), 6) == chance
    assert chance_better(more, among, hits, n) == pytest.approx(1 - chance, abs=1e-6)


def test_the_chance_to_be_better_holds_for_a_million_shoppers() -> None:
    better, spread = 0.1005 - 0.1, (0.1 * 0.9 / 1e6 + 0.1005 * 0.8995 / 1e6) ** 0.5
    normal = NormalDist().cdf(better / spread)
    assert chance_better(100_000, 1_000_000, 100_500, 1_000_000) == pytest.approx(normal, abs=1e-4)
    assert (chance_better(100_000, 10**6, 200_000, 10**6), chance_better(200_000, 10**6, 100_000, 10**6)) == (1.0, 0.0)
