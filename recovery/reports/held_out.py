"""What shoppers did who were held out, and those who were not: natural return, and what the messages add."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef

from recovery.experiments.plans import HOLDOUT, TREATED
from recovery.models import Assignment, Experiment, ExperimentKind
from recovery.reports.asked import Asked
from recovery.reports.definitions import HORIZON
from recovery.reports.draw_sums import Ask
from recovery.reports.draws import ORDERED_IN_TIME, Counted, arms_of
from recovery.reports.kept import fetch
from recovery.reports.rates import Rate
from recovery.reports.trials import mismatch_of
from recovery.statistics.checks import MISMATCH
from recovery.statistics.estimates import Estimate, pooled_share_difference
from recovery.statistics.sums import Sums

# Of a shopper who was drawn in several flows the first draw of the period counts: it was made before anything could
# hang on it.
_FIRST_DRAWS = f"""
    WITH drawn AS (
        SELECT DISTINCT ON (e.flow_id IS NULL, a.customer_id) a.*
        FROM recovery_assignment a JOIN recovery_experiment e ON e.id = a.experiment_id
        WHERE e.id = ANY(%(experiments)s)
          AND a.assigned_at >= %(from)s AND a.assigned_at < %(to)s AND a.assigned_at <= %(as_of)s
        ORDER BY e.flow_id IS NULL, a.customer_id, a.assigned_at, a.experiment_id
    )
    SELECT experiment_id, arm, sum(drawn)::bigint, sum(settled)::bigint, sum(ordered)::bigint FROM (
        SELECT experiment_id, arm, count(*) AS drawn, count(*) FILTER (WHERE assigned_at <= %(settled)s) AS settled,
            0 AS ordered
        FROM drawn GROUP BY 1, 2
        UNION ALL
        SELECT experiment_id, arm, 0, 0, count(*) FROM drawn d
        WHERE assigned_at <= %(settled)s AND {ORDERED_IN_TIME.format(window="%(horizon)s")} GROUP BY 1, 2
    ) arms GROUP BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class _Draw:
    """One holdout: who gets messages, and who gets none."""

    trial: Experiment
    written: Counted
    held: Counted

    @property
    def compares(self) -> bool:
        """Were both arms filled in the planned shares?"""
        found = mismatch_of(self.trial, {TREATED: self.written, HOLDOUT: self.held})
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
    whole, own = _draws(asked)
    draws = whole if any(side.settled for one in whole for side in (one.written, one.held)) else own
    fair = [one for one in draws if one.compares]
    return HeldOut(
        natural=_rate(one.held for one in fair),
        written=_rate(one.written for one in fair),
        open=sum(side.assigned - side.settled for one in fair for side in (one.written, one.held)),
        draws=[(one.written.sums, one.held.sums) for one in fair],
        crooked=len(draws) - len(fair),
    )


def _draws(asked: Asked) -> tuple[list[_Draw], list[_Draw]]:
    """The holdouts over all flows, and those of single flows, that drew anybody in the period."""
    trials = _holdouts(asked)
    counted = _counted(asked, trials)
    found: tuple[list[_Draw], list[_Draw]] = ([], [])
    for trial in trials:
        written, held = (counted.get(trial.pk, {}).get(arm, Counted()) for arm in (TREATED, HOLDOUT))
        if written.assigned or held.assigned:
            found[trial.flow_id is not None].append(_Draw(trial, written, held))
    return found


def _holdouts(asked: Asked) -> list[Experiment]:
    drawn = Assignment.objects.filter(
        experiment=OuterRef("pk"), assigned_at__gte=asked.period.since, assigned_at__lt=asked.period.until
    )
    rows = Experiment.objects.filter(Exists(drawn), store=asked.store, kind=ExperimentKind.HOLDOUT)
    return list((rows.filter(flow=asked.flow) if asked.flow else rows).order_by("pk"))


def _counted(asked: Asked, trials: Sequence[Experiment]) -> dict[int, dict[str, Counted]]:
    """By experiment and arm: everybody who was drawn in the period, whatever became of the message.

    In one experiment nobody is drawn twice, so that with one of a kind there is nothing to choose."""
    since, until = asked.period.since, asked.period.until
    kinds = [one.flow_id is None for one in trials]
    if len(kinds) == len(set(kinds)):
        return arms_of(asked.store, [Ask(one, HORIZON, since, until) for one in trials], asked.as_of)
    told = asked.parameters([]) | {
        "experiments": [one.pk for one in trials], "from": since, "to": until,
        "horizon": HORIZON, "settled": asked.as_of - HORIZON,
    }  # fmt: skip
    found: dict[int, dict[str, Counted]] = defaultdict(dict)
    for pk, arm, *counts in fetch(_FIRST_DRAWS, told):
        found[pk][arm] = Counted(*counts)
    return found


def _rate(sides: Iterable[Counted]) -> Rate | None:
    counted = [(side.ordered, side.settled) for side in sides]
    return Rate.of(sum(hits for hits, _ in counted), sum(n for _, n in counted))
