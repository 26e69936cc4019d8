"""Out of the outbox: claim, gate, compose, mark, send, settle.

Decision: a row is `sending` only while a thread holds it or will in a moment. A batch is claimed, judged, composed and
marked in one transaction, and handed over when that is committed; the next one is made while the threads are still busy
with the last. A large batch asks as many questions as a small one, so both are as large as keeps the wait for a thread
short: what waits there is not asked about again before its call. If we die before the commit, the rows are queued as
they were; if we die after it, those whose call had begun rest as `unknown`, and the others are queued again, see
recovery.outbox.flights.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from datetime import timedelta as td
from queue import SimpleQueue
from time import perf_counter
from typing import Self

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from config.lib import batch
from config.lib.clock import ticking
from config.lib.logline import handed
from recovery.models import Message, MessageState
from recovery.outbox import flights
from recovery.outbox.breaker import Breaker
from recovery.outbox.flights import FlightLog
from recovery.outbox.outcomes import Outcome, Sent, settle
from recovery.outbox.prepare import Ready, prepare
from recovery.providers.base import Accepted, Ambiguous, NotTried, SendError

log = logging.getLogger("cartback.send")

#: Messages for each thread in a batch, at most …
_MOST_AHEAD = 4
#: … and so many that a batch is through in about so many seconds.
_BATCH_SECONDS = 0.3


def send_due(now: datetime, *, most: int = 2_000) -> int:
    """Send what is due, `SENDING_THREADS` at a time, until nothing is left or `most` rows were dealt with.

    Returns how many were. The clock starts at `now` and goes on while it works.
    """
    began, threads = perf_counter(), settings.SENDING_THREADS
    with _Run(threads, ticking(now), FlightLog(most + _MOST_AHEAD * threads)) as run:
        while run.dealt < most:
            batch_size = run.ahead() * threads
            taken = run.take(batch_size)
            if not taken and not run.flying:
                break
            run.land(batch_size if taken else 0)
    if run.dealt:
        handed(log, "send", count=run.dealt, ms=(perf_counter() - began) * 1000)
    return run.dealt


class _Run:
    """One answer to the bell: what is in the air, and what has been dealt with."""

    def __init__(self, threads: int, clock: Callable[[], datetime], flights: FlightLog) -> None:
        self.flying = 0
        self.dealt = 0
        self._pool, self._clock = ThreadPoolExecutor(threads, thread_name_prefix="send"), clock
        self._landed: SimpleQueue[tuple[Ready, Outcome]] = SimpleQueue()
        self._breaker, self._flights = Breaker(), flights
        self._passed_over: set[int] = set()
        self._call_seconds = _BATCH_SECONDS  # about; of the first call nobody knows

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """Whatever happened: what is in the air lands, and is written down."""
        try:
            self.land(0)
        finally:
            self._pool.shutdown()
            self._flights.close()

    def ahead(self) -> int:
        """How many messages for each thread are to be prepared at once."""
        return max(1, min(_MOST_AHEAD, int(_BATCH_SECONDS / self._call_seconds)))

    def take(self, limit: int) -> int:
        """Prepare up to `limit` messages and hand them to the threads; returns how many rows were dealt with."""
        ready, dealt, passed_over = prepare(self._clock(), limit, leaving=self._passed_over)
        self._flights.marked([one.message.pk for one in ready])
        self._passed_over |= passed_over
        self.dealt += dealt
        self.flying += len(ready)
        for one in ready:
            self._pool.submit(self._fly, one)
        return dealt

    def land(self, few: int) -> None:
        """Wait until no more than so many are in the air, and write down what has landed."""
        landed = []
        while self.flying > few or not self._landed.empty():
            landed.append(self._landed.get())
            self.flying -= 1
        settle([Sent(one.message, one.composed.envelope.to, how) for one, how in landed], now=self._clock())
        self._breaker.write_pauses()

    def _fly(self, one: Ready) -> None:
        """In a thread; touches no database."""
        if self._breaker.holds(one.carrier, self._clock()):
            outcome: Outcome = NotTried("provider_paused")
        else:
            outcome = self._handed_over(one)
            self._breaker.count(one.carrier, outcome, self._clock())
        self._landed.put((one, outcome))

    def _handed_over(self, one: Ready) -> Outcome:
        self._flights.begins(one.message.pk)
        began = perf_counter()
        outcome = _hand_over(one)
        self._call_seconds += (perf_counter() - began - self._call_seconds) / 8
        if isinstance(outcome, Accepted):
            self._flights.taken(one.message.pk, outcome.provider_id)
        return outcome


def _hand_over(one: Ready) -> Outcome:
    try:
        return one.carrier.provider.send(one.composed.envelope)
    except SendError as error:
        return error
    except Exception as error:
        # A provider that breaks in a way of its own may have sent or not: that is what ambiguous means.
        log.exception("provider %s broke", one.carrier.name)
        return Ambiguous("provider_broke", type(error).__name__)


def rescue(now: datetime) -> int:
    """Rows that were being sent when their worker died. Those that it had not begun with are queued again, and those
    that were taken are sent; of the others nobody knows, so they rest as unknown. Returns how many there were.

    Never repeated: for a reminder a lost message costs less than a double one.
    """
    left, lease = flights.left_behind(), td(seconds=settings.SENDING_LEASE_SECONDS)
    stuck = Message.objects.filter(state=MessageState.SENDING)
    rescued = _end(stuck.filter(pk__in=batch.ids(left.taken)), lambda message: Accepted(left.taken[message.pk]), now)
    rescued += _end(stuck.filter(pk__in=batch.ids(left.not_begun)), lambda _: NotTried("worker_died"), now)
    rescued += _end(stuck.filter(sent_at__lt=now - lease)[:1000], lambda _: Ambiguous("worker_died"), now)
    if rescued:
        handed(log, "rescue", count=rescued)
    return rescued


@transaction.atomic
def _end(rows: QuerySet[Message], how: Callable[[Message], Outcome], now: datetime) -> int:
    """As if their sender had lived to write it down. Two rescuers do not both."""
    messages = list(rows.select_for_update(skip_locked=True, no_key=True))
    settle([Sent(message, message.to, how(message)) for message in messages], now=now)
    return len(messages)
