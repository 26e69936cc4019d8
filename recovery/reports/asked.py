"""What a report is asked: a store, a period, a moment, and which carts."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import date, datetime
from datetime import timedelta as td
from typing import Any

from customers.models import Store
from recovery.reports.definitions import HORIZON
from recovery.reports.period import Period

#: Who the shopper is to the store, by what it has heard of them before the cart.
SEGMENTS = {"new": "First-time shoppers", "returning": "Have ordered before", "unknown": "Not known by name"}
DEVICES = {"desktop": "Desktop", "mobile": "Mobile", "tablet": "Tablet"}
#: Of the kept figures. Raised when what is kept changes, so that all of it is made anew.
SHAPE = 3


@dataclass(frozen=True, slots=True)
class Asked:
    """Empty filters take every cart. `channel` and `flow` take the carts that were written to by it, or entered it."""

    store: Store
    period: Period
    as_of: datetime
    currency: str = ""
    device: str = ""
    segment: str = ""
    channel: str = ""
    flow: int = 0

    @property
    def together(self) -> bool:
        """Is none of the filters set by which nearly every cart differs?"""
        return not (self.segment or self.channel or self.flow)

    def before(self) -> Asked:
        """The same for as many days right before."""
        length = self.period.last - self.period.first + td(days=1)
        earlier = Period(self.period.first - length, self.period.first - td(days=1), self.period.zone)
        return replace(self, period=earlier)

    def parameters(self, days: list[date]) -> dict[str, Any]:
        """For `judged` and `cells`, of these days."""
        spans = [Period(day, day, self.period.zone) for day in days]
        return {
            "store": self.store.pk,
            "days": days,
            "since": [span.since for span in spans],
            "until": [span.until for span in spans],
            "as_of": self.as_of,
            "horizon": HORIZON,
            "timeout": self.store.abandon_after,
            "zone": self.period.zone.key,
            "staff": self.store.staff,
            "hosts": [host.removeprefix("www.") for host in self.store.allowed_hosts],
            "currency": self.currency,
            "device": self.device,
            "segment": self.segment,
            "channel": self.channel,
            "flow": self.flow,
        }


def days_of(period: Period) -> list[date]:
    """Every day of the period."""
    return [period.first + td(days=n) for n in range((period.last - period.first).days + 1)]


def settings_of(store: Store) -> str:
    """What of the store's settings the figures hang on: figures made by others are worth nothing."""
    told = repr((SHAPE, store.timezone, store.abandon_after, sorted(store.allowed_hosts), store.staff, HORIZON))
    return hashlib.sha256(told.encode()).hexdigest()
