"""What can be known before an experiment starts: how many order by themselves, and how many shoppers it will take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta as td
from typing import Any

from django.db.models import Sum

from recovery.models import DailyFigures
from recovery.statistics.planner import units_needed

_SETTLED, _LOOKED_AT = td(days=14), td(days=90)
_ENOUGH = 30
#: Segments of the figures whose shoppers are known.
_KNOWN = ("new", "returning")


@dataclass(frozen=True, slots=True)
class OwnNumbers:
    """Of the store: the share of silent carts that were ordered after all, and how many fall silent in a month."""

    base: float
    a_month: int


def own_numbers(store_id: int, now: datetime) -> OwnNumbers | None:
    """From the carts that known shoppers started in 90 days, and that have had their 14 days since. None where too few.

    It is read off the daily figures, so it counts as the report does (`silent` and `returned` of docs/metrics.md: an
    order counts within 14 days of the cart's start; tests, staff and bots do not), as the days were last summed. A day
    that is yet to be summed, as all are for minutes after an upgrade that drops the figures, counts for nothing.
    """
    until = (now - _SETTLED).date()
    days = DailyFigures.objects.filter(
        store_id=store_id, facet="", segment__in=_KNOWN, day__gte=until - _LOOKED_AT, day__lt=until
    )
    found = days.aggregate(silent=Sum("silent", default=0), returned=Sum("returned", default=0))
    if found["silent"] < _ENOUGH or not found["returned"]:
        return None
    return OwnNumbers(min(0.9, found["returned"] / found["silent"]), max(1, round(found["silent"] / 3)))


def planned_units(plan: Mapping[str, Any], base: float, share: float) -> int | None:
    """How many shoppers the plan takes, from the rate of those left alone and the control's share. None: cannot be."""
    if not (0 < base < 1 and 0 < base * (1 + plan["lift"]) < 1 and 0 < share < 1):
        return None
    return units_needed(base, plan["lift"], share, alpha=plan["alpha"], power=plan["power"])
