"""What can be known before an experiment starts: how many order by themselves, and how many shoppers it will take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta as td
from typing import Any

from django.db.models import Count

from carts.models import Cart
from recovery.statistics.planner import units_needed

_SETTLED, _LOOKED_AT = td(days=14), td(days=90)
_ENOUGH = 30


@dataclass(frozen=True, slots=True)
class OwnNumbers:
    """Of the store: the share of silent carts that were ordered after all, and how many fall silent in a month."""

    base: float
    a_month: int


def own_numbers(store_id: int, now: datetime) -> OwnNumbers | None:
    """From the carts of 90 days whose 14 days are over, with a shopper who is known. None where they are too few."""
    until = now - _SETTLED
    silent = Cart.objects.filter(
        store_id=store_id,
        first_abandoned_at__gte=until - _LOOKED_AT,
        first_abandoned_at__lt=until,
        customer__isnull=False,
        is_test=False,
    )
    found = silent.aggregate(count=Count("pk"), ordered=Count("ordered_at"))
    if found["count"] < _ENOUGH or not found["ordered"]:
        return None
    return OwnNumbers(min(0.9, found["ordered"] / found["count"]), max(1, round(found["count"] / 3)))


def planned_units(plan: Mapping[str, Any], base: float, share: float) -> int | None:
    """How many shoppers the plan takes, from the rate of those left alone and the control's share. None: cannot be."""
    if not (0 < base < 1 and 0 < base * (1 + plan["lift"]) < 1 and 0 < share < 1):
        return None
    return units_needed(base, plan["lift"], share, alpha=plan["alpha"], power=plan["power"])
