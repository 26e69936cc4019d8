"""By how much a discount has to raise orders before it pays for itself."""

from __future__ import annotations


def lift_to_break_even(margin: float, discount: float, *, used: float = 1.0) -> float | None:
    """The relative rise in orders at which a price cut neither earns nor costs: m ÷ (m − rδ) − 1.

    `margin` is the contribution's share of the full price, `discount` the share of it that is taken off, `used` the
    share of buyers who use it (T. Nagle's −ΔP ÷ (CM + ΔP) where all do). None where nothing is left to earn: no rise
    makes up for it. Raises ValueError for shares outside 0 to 1.
    """
    if not (0 <= discount <= 1 and 0 <= used <= 1 and 0 <= margin <= 1):
        raise ValueError("margin, discount and use are shares between 0 and 1")
    left = margin - used * discount
    return margin / left - 1 if left > 0 else None
