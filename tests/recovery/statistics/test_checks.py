from __future__ import annotations

from collections import Counter
from math import log

import numpy as np
import pytest
from scipy.stats import chisquare
from statsmodels.duration.survfunc import SurvfuncRight
from statsmodels.stats.multitest import multipletests

from recovery.statistics.checks import MISMATCH, holm, sample_ratio
from recovery.statistics.estimates import Estimate, share_difference
from recovery.statistics.planner import months_needed, per_arm_for, power_of, units_needed
from recovery.statistics.returning import return_curve
from recovery.statistics.sums import Sums
from recovery.statistics.verdict import verdict

EVEN = {"a": 1.0, "b": 1.0}


@pytest.mark.parametrize(
    ("a", "b", "weights", "p"),
    [
        (600, 400, EVEN, "2.54e-10"),
        (44_000, 45_000, EVEN, "8.02e-04"),
        (821_588, 815_482, EVEN, "1.82e-06"),
        (9_120, 880, {"a": 0.9, "b": 0.1}, "6.33e-05"),
    ],
)
def test_arms_that_were_not_filled_as_planned_are_noticed(a: int, b: int, weights: dict[str, float], p: str) -> None:
    found = sample_ratio({"a": a, "b": b}, weights)
    assert f"{found:.2e}" == p
    assert found < MISMATCH


@pytest.mark.parametrize("counts", [[100, 120], [90, 100, 130], [50, 60, 70, 45], [9, 9, 9], [5, 50, 20, 30, 10, 40]])
def test_more_arms_are_checked_as_the_library_does(counts: list[int]) -> None:
    arms = {str(n): count for n, count in enumerate(counts)}
    assert sample_ratio(arms, dict.fromkeys(arms, 1.0)) == pytest.approx(chisquare(counts).pvalue, rel=1e-10)


def test_a_planted_mismatch_is_caught_and_chance_is_not() -> None:
    """Synthetic: a tenth was planned for the holdout, and every eighth of its customers was lost on the way."""
    random = np.random.default_rng(3)
    held = random.binomial(20_000, 0.1, 100)
    honest = [sample_ratio({"a": 20_000 - int(h), "b": int(h)}, {"a": 0.9, "b": 0.1}) for h in held]
    broken = [sample_ratio({"a": 20_000 - int(h), "b": int(h * 7 // 8)}, {"a": 0.9, "b": 0.1}) for h in held]
    assert sum(p < MISMATCH for p in honest) == 0
    assert sum(p < MISMATCH for p in broken) >= 95


def test_an_arm_that_nobody_planned_is_an_error() -> None:
    with pytest.raises(ValueError, match="not planned: c"):
        sample_ratio({"a": 5, "b": 5, "c": 1}, EVEN)


def test_an_arm_that_nobody_entered_counts() -> None:
    assert sample_ratio({"a": 100}, EVEN) < MISMATCH


def test_several_questions_are_judged_more_strictly() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([]) == []
    for ps in ([0.7, 0.001, 0.02, 0.02, 0.4], [0.9, 0.6], [0.05], [0.2, 0.2, 0.2]):
        assert holm(ps) == pytest.approx(list(multipletests(ps, method="holm")[1]), rel=1e-12)


@pytest.mark.parametrize(
    ("base", "lift", "needed"),
    [
        (0.05, 0.1, [315_434, 167_260, 94_962, 62_461]),
        (0.05, 0.2, [79_224, 42_201, 24_175, 16_310]),
        (0.05, 0.3, [35_371, 18_925, 10_935, 7_554]),
        (0.1, 0.1, [149_368, 79_178, 44_925, 29_496]),
        (0.1, 0.2, [37_501, 19_962, 11_420, 7_676]),
        (0.1, 0.3, [16_736, 8_945, 5_157, 3_542]),
    ],
)
def test_a_small_holdout_asks_for_many_carts(base: float, lift: float, needed: list[int]) -> None:
    assert [units_needed(base, lift, share) for share in (0.05, 0.1, 0.2, 0.5)] == needed


def test_power_is_as_in_r() -> None:
    assert round(power_of(0.5, 0.75, 50), 3) == 0.740
    assert round(per_arm_for(0.5, 0.75, power=0.9), 1) == 76.7


def test_months_are_told_to_a_shop_of_500_carts() -> None:
    assert [months_needed(units, 500) for units in (8_945, 3_542, 10)] == [18, 7, 1]
    assert months_needed(8_945, 0) is None


def test_a_verdict_is_of_the_interval_never_of_the_point() -> None:
    open_ = share_difference(Sums.of_share(1035, 9000), Sums.of_share(100, 1000))
    assert str(verdict(open_, 10_000)) == "not proven yet (about 7,400 more)"
    assert str(verdict(Estimate(0.02, 0.01, 0.03, 0.005, 0.0), 100)) == "proven gain"
    assert str(verdict(Estimate(-0.02, -0.03, -0.01, 0.005, 0.0), 100)) == "proven loss"
    assert str(verdict(Estimate(0.0, -0.01, 0.01, 0.005, 1.0), 100)) == "not proven yet"


def test_a_mismatch_blocks_the_verdict() -> None:
    gain = Estimate(0.02, 0.01, 0.03, 0.005, 0.0)
    assert verdict(gain, 1000, mismatch=0.0009).word == "no verdict"
    assert verdict(gain, 1000, mismatch=0.0011).word == "proven gain"


def test_the_return_curve_is_kaplan_and_meiers() -> None:
    # The remission times of the 6-MP arm of Freireich et al. (1963), in Kaplan and Meier's own estimate.
    ended = [6, 6, 6, 7, 10, 13, 16, 22, 23]
    open_ = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
    watched = [(week, True) for week in ended] + [(week, False) for week in open_]
    curve = return_curve(Counter(watched), at=[6, 7, 10, 13, 16, 22, 23, 30])
    left = [round(1 - point.share, 3) for point in curve]
    assert left == [0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448, 0.448]
    assert all(point.low < point.share < point.high for point in curve)
    assert [point.at_risk for point in curve] == [21, 17, 15, 12, 11, 7, 6, 4]


def test_the_return_curve_of_many_is_that_of_statsmodels() -> None:
    random = np.random.default_rng(7)
    hours, ordered = random.integers(1, 40, 500).astype(float), random.random(500) < 0.4
    known = SurvfuncRight(hours, ordered.astype(int))
    curve = return_curve(Counter(zip(hours, map(bool, ordered), strict=True)), at=list(known.surv_times))
    assert [1 - point.share for point in curve] == pytest.approx(list(known.surv_prob), rel=1e-12)
    widths = [log(log(1 - point.high) / log(1 - point.share)) for point in curve[:-1]]
    errors = zip(known.surv_prob[:-1], known.surv_prob_se[:-1], strict=True)
    assert widths == pytest.approx([1.959963984540054 * se / left / -log(left) for left, se in errors], rel=1e-9)


def test_nobody_watched_makes_an_empty_curve() -> None:
    assert [point.at_risk for point in return_curve({}, at=[1, 2])] == [0, 0]


def test_a_cart_that_is_still_open_speaks_of_its_past_only() -> None:
    curve = return_curve(Counter([(1, True), (2, False), (3, True), (4, False)]), at=[0.5, 1, 3])
    assert [(point.share, point.at_risk) for point in curve] == [(0.0, 4), (0.25, 4), (0.625, 2)]
