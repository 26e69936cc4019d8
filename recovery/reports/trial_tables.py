"""The tables of the experiments' pages as rows, to be taken elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from recovery.reports import trial_words
from recovery.reports.rates import Rate
from recovery.reports.sheet import Cell, Table
from recovery.reports.standing import Standing
from recovery.reports.trials import Findings

_LISTED = ("Experiment", "Since", "Ended", "Arm", "Drawn", "Settled", "Ordered", "Verdict")
_ARMS = ("Arm", "Planned", "Drawn", "Still open", "Settled", "Ordered", "Orders in other money")


def listed(found: Sequence[Standing]) -> Table:
    """A row for each arm. The control has no verdict: the others have theirs against it."""
    return Table("experiments", _LISTED, [row for one in found for row in _of_one(one)])


def _of_one(one: Standing) -> Iterable[Sequence[Cell]]:
    verdicts = {lift.arm: f"{lift.verdict}" for lift in one.lifts}
    ended = one.experiment.ended_at
    about = (trial_words.title(one.experiment), one.experiment.started_at.date(), ended.date() if ended else None)
    for name, arm in one.arms.items():
        rate = Rate.of(arm.ordered, arm.settled)
        yield *about, name, arm.assigned, arm.settled, rate, verdicts.get(name, "")


def tables_of(found: Findings) -> list[Table]:
    """Of an experiment's own page: its arms, and who comes back when."""
    return [Table("arms", _ARMS, [*_arms(found)]), _curve(found)]


def _arms(found: Findings) -> Iterable[Sequence[Cell]]:
    for arm in found.arms:
        rate = Rate.of(arm.ordered, arm.settled)
        yield (
            arm.name, round(arm.share, 4), arm.assigned, arm.assigned - arm.settled, arm.settled, rate,
            arm.foreign_orders,
        )  # fmt: skip


def _curve(found: Findings) -> Table:
    names = [part for arm in found.curve for part in (arm, f"{arm} low", f"{arm} high", f"{arm} at risk")]
    by_hour = zip(*found.curve.values(), strict=True)
    rows = [
        (points[0].hours, *(cell for one in points for cell in (one.share, one.low, one.high, one.at_risk)))
        for points in by_hour
    ]
    return Table("curve", ("Hours", *names), rows)
