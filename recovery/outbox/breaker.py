"""A provider that keeps failing is left alone for a while, and the admin says so."""

from __future__ import annotations

import logging
from datetime import datetime
from datetime import timedelta as td
from threading import Lock

from django.db.models import Q

from recovery.models import ProviderPause
from recovery.outbox.carriers import Carrier
from recovery.providers.base import Accepted, Ambiguous, Misconfigured, SendError, Transient

log = logging.getLogger("cartback.breaker")

_Key = tuple[int | None, str]  # of a carrier: its store, None for the installation's own, and its channel
#: So many failures in a row that may pass, with no success between them, open the breaker. Silence and 5xx count too:
#: whatever is handed to a provider in such an hour is lost, since it must not be sent again.
_IN_A_ROW = 5
_PAUSE = td(minutes=2)
#: Wrong settings are tried again by themselves too, but seldom: some servers lock an account that keeps guessing.
_MISCONFIGURED_PAUSE = td(minutes=15)


class Breaker:
    """Counts failures of each carrier in this process. The pause itself is a row that every process sees."""

    def __init__(self) -> None:
        self._failures: dict[_Key, int] = {}
        self._until: dict[_Key, datetime] = {}
        self._news: list[tuple[Carrier, SendError, datetime, datetime]] = []
        self._lock = Lock()

    def watch(self, carrier: Carrier, outcome: Accepted | SendError, *, now: datetime) -> None:
        """Take note of an outcome, and pause the carrier when it is time."""
        self.count(carrier, outcome, now)
        self.write_pauses()

    def count(self, carrier: Carrier, outcome: Accepted | SendError, now: datetime) -> None:
        """From any thread: outcomes in their order. Writes nothing yet."""
        key = (carrier.store_id, carrier.channel)
        with self._lock:
            if isinstance(outcome, Misconfigured):
                self._give_up(carrier, outcome, now, _MISCONFIGURED_PAUSE)
            elif isinstance(outcome, Transient | Ambiguous):
                self._failures[key] = self._failures.get(key, 0) + 1
                if self._failures[key] >= _IN_A_ROW:
                    self._give_up(carrier, outcome, now, _PAUSE)
            else:
                self._failures[key] = 0

    def holds(self, carrier: Carrier, now: datetime) -> bool:
        """Is it given up for a while?"""
        until = self._until.get((carrier.store_id, carrier.channel))
        return until is not None and now < until

    def write_pauses(self) -> None:
        """For every process to see."""
        with self._lock:
            news, self._news = self._news, []
        for carrier, error, now, until in news:
            pause(carrier, error, now=now, until=until)

    def _give_up(self, carrier: Carrier, error: SendError, now: datetime, length: td) -> None:
        key = (carrier.store_id, carrier.channel)
        self._failures[key], self._until[key] = 0, now + length
        self._news.append((carrier, error, now, now + length))


def pause(carrier: Carrier, error: SendError, *, now: datetime, until: datetime) -> None:
    """Pause the carrier unless it is paused already."""
    pause_channel(carrier.store_id, carrier.channel, carrier.name, error.code, error.detail, now=now, until=until)


def pause_channel(
    store_id: int | None, channel: str, provider: str, code: str, detail: str, *, now: datetime, until: datetime
) -> None:
    """Pause a channel of a store (None: the installation's) unless it is paused already. `detail` is for a person."""
    whose = Q(store_id=store_id) if store_id else Q(store=None)
    if ProviderPause.objects.standing(now).filter(whose, channel=channel).exists():
        return
    ProviderPause.objects.create(
        store_id=store_id,
        channel=channel,
        provider=provider,
        code=code[:30],
        detail=detail[:300],
        began_at=now,
        until=until,
    )
    log.warning("paused provider=%s channel=%s code=%s until=%s", provider, channel, code, until.isoformat())
