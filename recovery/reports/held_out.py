"""What shoppers did who were held out, and those who were not: natural return, and what the messages add."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

from recovery.experiments.plans import HOLDOUT
from recovery.reports.asked import Asked
from recovery.reports.definitions import HORIZON
from recovery.reports.judged import COUNTS
from recovery.reports.kept import fetch
from recovery.reports.rates import Rate

#: Did the shopper of draw `d` order within the window? All their paid orders count, from any cart or device.
ORDERED_IN_TIME = f"""EXISTS (
            SELECT FROM carts_order o WHERE o.customer_id = d.customer_id AND o.placed_at >= d.assigned_at
            AND o.placed_at < d.assigned_at + {{window}} AND {COUNTS})"""

# Everybody who was drawn in the period and whose 14 days are over, whatever became of the message. A shopper counts
# once.
_DRAWN = f"""
    WITH drawn AS (
        SELECT DISTINCT ON (a.customer_id) a.customer_id, a.arm, a.assigned_at
        FROM recovery_assignment a JOIN recovery_experiment e ON e.id = a.experiment_id
        WHERE e.store_id = %(store)s AND e.kind = 'holdout' AND (%(flow)s = 0 OR e.flow_id = %(flow)s)
          AND a.assigned_at >= %(from)s AND a.assigned_at < %(to)s
        ORDER BY a.customer_id, a.arm = %(holdout)s DESC, a.assigned_at
    )
    SELECT d.arm = %(holdout)s, d.assigned_at + %(horizon)s <= %(as_of)s AS settled, count(*),
        count(*) FILTER (WHERE {ORDERED_IN_TIME.format(window="%(horizon)s")})
    FROM drawn d GROUP BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class Difference:
    """A difference of two shares with Newcombe's 95 % interval (1998b, method 10)."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, treated: Rate, control: Rate) -> Difference:
        gap = treated.value - control.value
        below = sqrt((treated.value - treated.low) ** 2 + (control.high - control.value) ** 2)
        above = sqrt((treated.high - treated.value) ** 2 + (control.value - control.low) ** 2)
        return cls(gap, gap - below, gap + above)


@dataclass(frozen=True, slots=True)
class HeldOut:
    """`natural`: of those held out, who ordered; `written`: of the others. None where nobody was drawn and settled."""

    natural: Rate | None
    written: Rate | None
    open: int

    @property
    def gain(self) -> Difference | None:
        return Difference.of(self.written, self.natural) if self.written and self.natural else None


def held_out(asked: Asked) -> HeldOut:
    """Of the store's shoppers who were drawn into a holdout's arms in the period."""
    told = asked.parameters([]) | {
        "from": asked.period.since, "to": asked.period.until, "holdout": HOLDOUT, "horizon": HORIZON,
    }  # fmt: skip
    rows = fetch(_DRAWN, told)
    sides = {held: (hits, n) for held, settled, n, hits in rows if settled}
    still_open = sum(n for _, settled, n, _ in rows if not settled)
    return HeldOut(Rate.of(*sides.get(True, (0, 0))), Rate.of(*sides.get(False, (0, 0))), still_open)
