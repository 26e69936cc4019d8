"""What shoppers did who were held out, and those who were not: natural return, and what the messages add."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef

from recovery.experiments.plans import HOLDOUT, TREATED
from recovery.models import Assignment, Experiment, ExperimentKind
from recovery.reports.asked import Asked
from recovery.reports.definitions import HORIZON
from recovery.reports.draw_sums import Ask
from recovery.reports.draws import FIRST_DRAWN, ORDERED, Counted, arms_of
from recovery.reports.rates import Rate
from recovery.reports.trials import mismatch_of
from recovery.statistics.checks import MISMATCH
from recovery.statistics.estimates import Estimate, pooled_share_difference
from recovery.statistics.sums import Sums


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
    """The holdouts over all flows, and those of single flows, that drew anybody in the period, whatever became of the
    message. A shopper counts by their first draw; where one flow is asked about, by those of this flow."""
    trials = _holdouts(asked)
    asks = [Ask(one, HORIZON, asked.period.since, asked.period.until) for one in trials]
    counted = arms_of(asked.store, asks, asked.as_of, ORDERED if asked.flow else FIRST_DRAWN)
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


def _rate(sides: Iterable[Counted]) -> Rate | None:
    counted = [(side.ordered, side.settled) for side in sides]
    return Rate.of(sum(hits for hits, _ in counted), sum(n for _, n in counted))
