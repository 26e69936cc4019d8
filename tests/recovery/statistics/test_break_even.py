from __future__ import annotations

import pytest

from recovery.statistics.break_even import lift_to_break_even


@pytest.mark.parametrize(
    ("margin", "discount", "needed"),
    [
        (0.40, 0.10, 33.33),
        (1.50 / 2.50, 0.50 / 2.50, 50.00),  # sold at 2.50, bought at 1.00, 0.50 off
        (0.50, 0.15, 42.86),
    ],
)
def test_orders_have_to_rise_by_as_much_as_is_given_up(margin: float, discount: float, needed: float) -> None:
    found = lift_to_break_even(margin, discount)
    assert found is not None and round(100 * found, 2) == needed


def test_it_takes_less_where_not_all_use_it() -> None:
    assert lift_to_break_even(0.40, 0.10, used=0.5) == pytest.approx(0.40 / 0.35 - 1)
    assert lift_to_break_even(0.40, 0.10, used=0) == 0


def test_a_discount_of_the_whole_margin_is_never_made_up_for() -> None:
    assert lift_to_break_even(0.10, 0.10) is None
    assert lift_to_break_even(0.10, 0.25) is None


def test_what_is_no_share_is_refused() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        lift_to_break_even(40, 10)
