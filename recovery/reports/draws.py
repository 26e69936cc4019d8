"""Draws of lots, counted by arm: what holdouts and variants are judged by."""

from __future__ import annotations

from dataclasses import dataclass

from recovery.reports.judged import COUNTS
from recovery.statistics.sums import Sums

#: Did the shopper of draw `d` order within the window? All their paid orders count, from any cart or device. To be
#: asked in a WHERE of settled draws: then it is one join out of the index `order_of_shopper`, and no search for each.
ORDERED_IN_TIME = f"""EXISTS (
            SELECT FROM carts_order o WHERE o.store_id = %(store)s AND o.customer_id = d.customer_id
            AND o.customer_id IS NOT NULL AND o.placed_at >= d.assigned_at AND o.placed_at - d.assigned_at < {{window}}
            AND {COUNTS})"""


@dataclass(frozen=True, slots=True)
class Counted:
    """One arm: all that were drawn, those whose window is over, and how many of these ordered within it."""

    assigned: int = 0
    settled: int = 0
    ordered: int = 0

    @property
    def sums(self) -> Sums:
        return Sums.of_share(self.ordered, self.settled)
