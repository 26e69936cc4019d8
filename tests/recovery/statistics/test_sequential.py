from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from recovery.statistics.estimates import Estimate, mean_difference, relative_difference, share_difference
from recovery.statistics.sequential import any_time
from recovery.statistics.sums import Sums

RUNS, DAYS, A_DAY = 100, 60, 60


def test_the_interval_is_the_published_one() -> None:
    # The test numbers of GrowthBook's gbstats: a relative effect, planned for 5,000. It divides by n, we by n - 1.
    arms = [_divided_by_n(Sums.of_share(2422, 3461)), _divided_by_n(Sums.of_share(1396, 3000))]
    found = any_time(relative_difference(*arms), 3000 + 3461, planned=5000)
    assert [round(number, 5) for number in (found.value, found.low, found.high)] == [0.50386, 0.40098, 0.60675]


def _divided_by_n(arm: Sums) -> Sums:
    """The same arm with the squares that make its variance that of a whole population."""
    return replace(arm, yy=arm.mean * arm.y + (arm.n - 1) * arm.mean * (1 - arm.mean))


def test_at_the_planned_end_it_is_half_as_wide_again_as_the_ordinary_one() -> None:
    fixed = mean_difference(Sums.of_share(500, 5000), Sums.of_share(500, 5000))
    found = any_time(fixed, 10_000, planned=10_000)
    assert (found.high - found.low) / (fixed.high - fixed.low) == pytest.approx(1.55, abs=0.005)


def test_p_falls_below_alpha_just_where_the_interval_leaves_zero() -> None:
    edge = any_time(Estimate(0.0, 0.0, 0.0, 0.01, 1.0), 4000, planned=4000).high
    assert any_time(Estimate(edge * 1.0001, 0, 0, 0.01, 1), 4000, planned=4000).p < 0.05
    assert any_time(Estimate(edge * 0.9999, 0, 0, 0.01, 1), 4000, planned=4000).p > 0.05


def test_no_units_make_no_interval() -> None:
    with pytest.raises(ValueError, match="at least one unit"):
        any_time(Estimate(0, 0, 0, 0, 1), 0, planned=100)


def test_looking_every_day_seldom_raises_a_false_alarm() -> None:
    """Synthetic A/A runs: nothing differs, 60 customers a day, looked at on each of 60 days."""
    random = np.random.default_rng(7)
    days = np.cumsum(random.binomial(A_DAY // 2, 0.1, size=(2, RUNS, DAYS)), axis=2)
    ordinary, sequential = set(), set()
    for run, day in np.ndindex(RUNS, DAYS):
        n = (day + 1) * A_DAY // 2
        hits = days[:, run, day]
        if n < 100 or hits.min() < 10:
            continue
        fixed = share_difference(Sums.of_share(int(hits[0]), n), Sums.of_share(int(hits[1]), n))
        ordinary |= {run} if fixed.low > 0 or fixed.high < 0 else set()
        held = any_time(fixed, 2 * n, planned=DAYS * A_DAY)
        sequential |= {run} if held.low > 0 or held.high < 0 else set()
    assert len(ordinary) >= 20
    assert len(sequential) <= 5


def test_ordinary_intervals_cover_the_true_effect_as_often_as_they_say() -> None:
    """Synthetic: 10 % order by themselves, 2 points more with a message, a fifth held out."""
    random = np.random.default_rng(11)
    treated, control = random.binomial(3200, 0.12, 1000), random.binomial(800, 0.10, 1000)
    intervals = [
        share_difference(Sums.of_share(int(t), 3200), Sums.of_share(int(c), 800))
        for t, c in zip(treated, control, strict=True)
    ]
    covered = sum(found.low <= 0.02 <= found.high for found in intervals)
    assert 930 <= covered <= 970


def test_welchs_intervals_cover_the_true_effect_as_often_as_they_say() -> None:
    """Synthetic: most spend nothing, the others a skewed amount; 40 cents a head more with a message."""
    random = np.random.default_rng(13)
    covered = 0
    for _ in range(1000):
        treated = random.binomial(1, 0.12, 2000) * random.gamma(2.0, 20.0, 2000)
        control = random.binomial(1, 0.11, 1000) * random.gamma(2.0, 20.0, 1000)
        found = mean_difference(_sums(treated), _sums(control))
        covered += found.low <= 0.4 <= found.high
    assert 930 <= covered <= 970


def _sums(values: np.ndarray) -> Sums:
    return Sums(len(values), float(values.sum()), float((values**2).sum()))
