"""Draws of lots, counted by arm: what holdouts and variants are judged by."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from customers.models import Store
from recovery.reports.draw_sums import Ask, Question, answered
from recovery.reports.judged import COUNTS
from recovery.statistics.sums import Sums

# All paid orders of a shopper count, from any cart or device. They are asked for in a WHERE of settled draws: then it
# is one join out of the index `order_of_shopper`, and no search for each.
_COUNTED = f"""
    SELECT experiment_id, part, arm, '', sum(drawn), sum(settled), sum(ordered) FROM (
        SELECT experiment_id, part, arm, count(*) AS drawn, count(*) FILTER (WHERE settled) AS settled, 0 AS ordered
        FROM drawn d WHERE {{which}} GROUP BY 1, 2, 3
        UNION ALL
        SELECT experiment_id, part, arm, 0, 0, count(*) FROM drawn d
        WHERE {{which}} AND settled AND EXISTS (
            SELECT FROM carts_order o WHERE o.store_id = %(store)s AND o.customer_id = d.customer_id
            AND o.customer_id IS NOT NULL AND o.placed_at >= d.assigned_at AND o.placed_at - d.assigned_at < d."window"
            AND {COUNTS}) GROUP BY 1, 2, 3
    ) arms GROUP BY 1, 2, 3
"""
# Before any other holdout of the kind, over single flows or over all, drew the shopper.
_FIRST = """NOT EXISTS (
            SELECT FROM recovery_assignment a JOIN recovery_experiment e ON e.id = a.experiment_id
            JOIN recovery_experiment own ON own.id = d.experiment_id AND own.kind = e.kind
                AND (own.flow_id IS NULL) = (e.flow_id IS NULL)
            WHERE a.customer_id = d.customer_id
              AND (a.assigned_at, a.experiment_id) < (d.assigned_at, d.experiment_id))"""

#: How many were drawn, of how many the window is over, and how many of these ordered within it.
ORDERED = Question("ordered", _COUNTED.format(which="true"), lambda ask: ask.window)
#: The same of a holdout, of shoppers whom no other of its kind had drawn before: nothing can hang on their draw.
FIRST_DRAWN = Question("first", _COUNTED.format(which=_FIRST), lambda ask: ask.window)


@dataclass(frozen=True, slots=True)
class Counted:
    """One arm: all that were drawn, those whose window is over, and how many of these ordered within it."""

    assigned: int = 0
    settled: int = 0
    ordered: int = 0

    @property
    def sums(self) -> Sums:
        return Sums.of_share(self.ordered, self.settled)


def arms_of(
    store: Store, asks: Sequence[Ask], as_of: datetime, question: Question = ORDERED
) -> dict[int, dict[str, Counted]]:
    """By experiment and arm."""
    found: dict[int, dict[str, Counted]] = defaultdict(dict)
    for (pk, arm, _), numbers in answered(question, store, asks, as_of).items():
        found[pk][arm] = Counted(*map(int, numbers))
    return found
