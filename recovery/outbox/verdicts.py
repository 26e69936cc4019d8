"""What the gate may say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from recovery.outbox.routes import Route


@dataclass(frozen=True, slots=True)
class Send:
    """It may go, by this route. `because` says why the routes before it were passed over."""

    route: Route
    because: str = ""


@dataclass(frozen=True, slots=True)
class Skip:
    """It is not sent, ever."""

    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Defer:
    """Not now; ask again then."""

    until: datetime
    reason: str
    detail: str = ""


Verdict = Send | Skip | Defer
