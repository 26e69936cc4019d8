"""How several experiments stand, all asked at once: who was drawn, and the verdict on each arm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from customers.models import Store
from recovery.models import Experiment
from recovery.reports.draws import Counted
from recovery.reports.lifts import Lift, counted, lifts_of


@dataclass(frozen=True, slots=True)
class Standing:
    """An experiment with its arms in their order, those of nobody too, and each of them against the control."""

    experiment: Experiment
    arms: Mapping[str, Counted]
    lifts: Sequence[Lift]

    @property
    def open(self) -> int:
        """Draws whose window is not over."""
        return sum(arm.assigned - arm.settled for arm in self.arms.values())


def standings(store: Store, experiments: Sequence[Experiment], *, as_of: datetime) -> list[Standing]:
    """Of experiments of one store."""
    found = counted(store, experiments, as_of)
    return [_of(one, found.get(one.pk, {})) for one in experiments]


def _of(one: Experiment, drawn: Mapping[str, Counted]) -> Standing:
    arms = {str(arm["name"]): drawn.get(arm["name"], Counted()) for arm in one.arms}
    return Standing(one, arms, lifts_of(one, drawn))
