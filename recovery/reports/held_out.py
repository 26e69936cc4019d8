"""What shoppers did who were held out, and those who were not: natural return, and what the messages add."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from recovery.experiments.plans import HOLDOUT, TREATED
from recovery.models import Experiment
from recovery.reports.asked import Asked
from recovery.reports.definitions import HORIZON
from recovery.reports.judged import COUNTS
from recovery.reports.kept import fetch
from recovery.reports.rates import Rate
from recovery.reports.trials import mismatch_of
from recovery.statistics.checks import MISMATCH
from recovery.statistics.estimates import Estimate, pooled_share_difference
from recovery.statistics.sums import Sums

#: Did the shopper of draw `d` order within the window? All their paid orders count, from any cart or device.
ORDERED_IN_TIME = f"""EXISTS (
            SELECT FROM carts_order o WHERE o.customer_id = d.customer_id AND o.placed_at >= d.assigned_at
            AND o.placed_at < d.assigned_at + {{window}} AND {COUNTS})"""

# Everybody who was drawn in the period and whose 14 days are over, whatever became of the message. Of a shopper who was
# drawn in several flows the first draw counts: it was made before anything could hang on it.
_DRAWN = f"""
    WITH drawn AS (
        SELECT DISTINCT ON (e.flow_id IS NULL, a.customer_id) e.flow_id IS NULL AS whole, e.id, e.arms,
            a.customer_id, a.arm, a.assigned_at
        FROM recovery_assignment a JOIN recovery_experiment e ON e.id = a.experiment_id
        WHERE e.store_id = %(store)s AND e.kind = 'holdout' AND (%(flow)s = 0 OR e.flow_id = %(flow)s)
          AND a.assigned_at >= %(from)s AND a.assigned_at < %(to)s AND a.assigned_at <= %(as_of)s
        ORDER BY e.flow_id IS NULL, a.customer_id, a.assigned_at, e.id
    )
    SELECT d.whole, d.id, d.arms, d.arm = %(holdout)s, d.assigned_at + %(horizon)s <= %(as_of)s AS settled, count(*),
        count(*) FILTER (WHERE {ORDERED_IN_TIME.format(window="%(horizon)s")})
    FROM drawn d GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2
"""


@dataclass(slots=True)
class _Side:
    """Of one arm: all that were drawn, those who are settled, and how many of these ordered."""

    drawn: int = 0
    settled: int = 0
    ordered: int = 0

    @property
    def sums(self) -> Sums:
        return Sums.of_share(self.ordered, self.settled)


@dataclass(frozen=True, slots=True)
class _Draw:
    """One holdout: who gets messages, and who gets none."""

    arms: Any
    written: _Side
    held: _Side

    @property
    def compares(self) -> bool:
        """Were both arms filled in the planned shares?"""
        drawn = {TREATED: self.written.drawn, HOLDOUT: self.held.drawn}
        found = mismatch_of(
            Experiment(arms=self.arms), drawn, {TREATED: self.written.settled, HOLDOUT: self.held.settled}
        )
        return found is None or found >= MISMATCH


@dataclass(frozen=True, slots=True)
class HeldOut:
    """`natural`: of those held out, who ordered; `written`: of the others. None where nobody was drawn and settled.

    `draws`: of each holdout the settled shoppers of both arms. `crooked`: so many holdouts are in nothing of this,
    because their arms were not filled in the planned shares.
    """

    natural: Rate | None
    written: Rate | None
    open: int
    draws: Sequence[tuple[Sums, Sums]] = ()
    crooked: int = 0

    @property
    def gain(self) -> Estimate | None:
        """What the messages added. None also while no holdout has two settled shoppers on each side.

        Each holdout is compared within itself: flows hold out different shares of shoppers who order at different
        rates, and thrown together the flow that holds out few would pass for a gain.
        """
        known = [pair for pair in self.draws if min(side.n for side in pair) >= 2]
        return pooled_share_difference(known) if known else None


def held_out(asked: Asked) -> HeldOut:
    """Of the shoppers drawn in the period: by the store's holdout over all flows, else by those of its flows."""
    told = asked.parameters([]) | {
        "from": asked.period.since, "to": asked.period.until, "holdout": HOLDOUT, "horizon": HORIZON,
    }  # fmt: skip
    rows = fetch(_DRAWN, told)
    whole = [row[1:] for row in rows if row[0]]
    draws = _draws(whole if any(settled for *_, settled, _, _ in whole) else [row[1:] for row in rows if not row[0]])
    fair = [one for one in draws if one.compares]
    return HeldOut(
        natural=_rate(one.held for one in fair),
        written=_rate(one.written for one in fair),
        open=sum(side.drawn - side.settled for one in fair for side in (one.written, one.held)),
        draws=[(one.written.sums, one.held.sums) for one in fair],
        crooked=len(draws) - len(fair),
    )


def _draws(rows: Iterable[tuple[Any, ...]]) -> list[_Draw]:
    found: dict[int, _Draw] = {}
    for pk, arms, held, settled, n, ordered in rows:
        draw = found.setdefault(pk, _Draw(json.loads(arms), _Side(), _Side()))
        side = draw.held if held else draw.written
        side.drawn += n
        if settled:
            side.settled, side.ordered = n, ordered
    return list(found.values())


def _rate(sides: Iterable[_Side]) -> Rate | None:
    counted = [(side.ordered, side.settled) for side in sides]
    return Rate.of(sum(hits for hits, _ in counted), sum(n for _, n in counted))
