"""What shoppers did who were held out, and those who were not: natural return, and what the messages add."""

from __future__ import annotations

from dataclasses import dataclass

from recovery.experiments.plans import HOLDOUT
from recovery.reports.asked import Asked
from recovery.reports.definitions import HORIZON
from recovery.reports.judged import COUNTS
from recovery.reports.kept import fetch
from recovery.reports.rates import Rate
from recovery.statistics.estimates import Estimate, share_difference
from recovery.statistics.sums import Sums

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
class HeldOut:
    """`natural`: of those held out, who ordered; `written`: of the others. None where nobody was drawn and settled."""

    natural: Rate | None
    written: Rate | None
    open: int

    @property
    def gain(self) -> Estimate | None:
        """What the messages added. None also while one side has a single shopper."""
        if not (self.written and self.natural) or min(self.written.n, self.natural.n) < 2:
            return None
        return share_difference(*(Sums.of_share(rate.hits, rate.n) for rate in (self.written, self.natural)))


def held_out(asked: Asked) -> HeldOut:
    """Of the store's shoppers who were drawn into a holdout's arms in the period."""
    told = asked.parameters([]) | {
        "from": asked.period.since, "to": asked.period.until, "holdout": HOLDOUT, "horizon": HORIZON,
    }  # fmt: skip
    rows = fetch(_DRAWN, told)
    sides = {held: (hits, n) for held, settled, n, hits in rows if settled}
    still_open = sum(n for _, settled, n, _ in rows if not settled)
    return HeldOut(Rate.of(*sides.get(True, (0, 0))), Rate.of(*sides.get(False, (0, 0))), still_open)
