"""Drawing lots: which arm a shopper falls into, by a salted hash, the same however often it is asked."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from config.lib import batch
from recovery.models import Assignment

_DIGITS = 13  # 52 bits: as many as a float holds exactly


def share(salt: str, unit: int | str) -> float:
    """A number in [0, 1), as good as chance, and always the same for the same salt and unit."""
    digest = hashlib.sha256(f"{salt}:{unit}".encode()).hexdigest()
    return int(digest[:_DIGITS], 16) / float(16**_DIGITS)


def arm_of(arms: Sequence[Mapping[str, Any]], salt: str, unit: int | str) -> str:
    """The name of the arm that the unit falls into; `arms` as in `Experiment.arms`."""
    point = share(salt, unit) * sum(arm["weight"] for arm in arms)
    for arm in arms:
        point -= arm["weight"]
        if point < 0:
            break
    return str(arm["name"])


@dataclass(frozen=True, slots=True)
class Exposure:
    """A shopper whose first message would go out now, and the arm that they fall into."""

    experiment_id: int
    customer_id: int
    cart_id: int
    arm: str


def record(exposures: Iterable[Exposure], *, now: datetime) -> int:
    """Write down who was drawn; returns how many are new. Who was drawn before stays where they are."""
    rows = [
        {
            "experiment_id": exposure.experiment_id,
            "customer_id": exposure.customer_id,
            "cart_id": exposure.cart_id,
            "arm": exposure.arm,
            "assigned_at": now,
        }
        for exposure in exposures
    ]
    return batch.insert(Assignment, rows, conflict="(experiment_id, customer_id) DO NOTHING")
