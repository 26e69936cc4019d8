"""What the gate may say. A verdict that follows a draw tells the variant, and the draws that are not written yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from recovery.experiments.assign import Exposure
from recovery.models import StepVariant
from recovery.outbox.routes import Route


@dataclass(frozen=True, slots=True)
class Send:
    """It may go, by this route. `because` says why the routes before it were passed over."""

    route: Route
    because: str = ""
    variant: StepVariant | None = None
    exposures: tuple[Exposure, ...] = ()


@dataclass(frozen=True, slots=True)
class Skip:
    """It is not sent, ever."""

    reason: str
    detail: str = ""
    variant: StepVariant | None = None
    exposures: tuple[Exposure, ...] = ()


@dataclass(frozen=True, slots=True)
class Defer:
    """Not now; ask again then."""

    until: datetime
    reason: str
    detail: str = ""
    variant: StepVariant | None = None
    exposures: tuple[Exposure, ...] = ()


Verdict = Send | Skip | Defer
