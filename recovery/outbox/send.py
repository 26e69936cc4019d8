"""Out of the outbox: claim, gate, compose, mark, send, settle.

Decision: a row is `sending` only while a thread holds it or will within the time of one call. A batch is as large as
there are threads, and is made when half of them are free; it is claimed, judged, composed and marked in one
transaction, and handed over when that is committed. If we die before the commit, the rows are queued as they were; if
we die after it, at most half as many again as there are threads rest as `unknown`. (A batch for the free half alone
kept that number lower by a third, and cost a third more for each message.)
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime
from datetime import timedelta as td
from time import perf_counter

from django.conf import settings
from django.db import transaction

from config.lib import batch
from config.lib.clock import ticking
from config.lib.logline import handed
from recovery import ledger
from recovery.ledger import entry_of
from recovery.models import Message, MessageState
from recovery.outbox.breaker import Breaker
from recovery.outbox.outcomes import Outcome, Sent, settle
from recovery.outbox.prepare import Ready, prepare
from recovery.providers.base import Ambiguous, SendError

log = logging.getLogger("cartback.send")


def send_due(now: datetime, *, most: int = 2_000) -> int:
    """Send what is due, `SENDING_THREADS` at a time, until nothing is left or `most` rows were dealt with.

    Returns how many were. The clock starts at `now` and goes on while it works.
    """
    began, clock, run = perf_counter(), ticking(now), _Run()
    with ThreadPoolExecutor(settings.SENDING_THREADS, thread_name_prefix="send") as pool:
        while run.dealt < most:
            run.settle(clock())
            taken = run.take(pool, 2 * settings.SENDING_THREADS, clock)
            if not taken and not run.flying:
                break
            run.wait_until_few(settings.SENDING_THREADS if taken else 0)
        wait(run.flying)
        run.settle(clock())
    if run.dealt:
        handed(log, "send", count=run.dealt, ms=(perf_counter() - began) * 1000)
    return run.dealt


class _Run:
    """One answer to the bell: what is in the air, and what has been dealt with."""

    def __init__(self) -> None:
        self.flying: dict[Future[Outcome], Ready] = {}
        self.dealt = 0
        self._breaker = Breaker()
        self._passed_over: set[int] = set()

    def wait_until_few(self, few: int) -> None:
        """Until no more than so many are in hand."""
        while sum(not future.done() for future in self.flying) > few:
            wait([future for future in self.flying if not future.done()], return_when=FIRST_COMPLETED)

    def take(self, pool: ThreadPoolExecutor, limit: int, clock: Callable[[], datetime]) -> int:
        """Prepare up to `limit` messages and hand them to the threads; returns how many rows were dealt with."""
        ready, dealt, passed_over = prepare(clock(), limit, leaving=self._passed_over)
        self._passed_over |= passed_over
        self.dealt += dealt
        for one in ready:
            self.flying[pool.submit(_hand_over, one)] = one
        return dealt

    def settle(self, now: datetime) -> None:
        """Write down what has landed."""
        landed = [future for future in self.flying if future.done()]
        results = [(self.flying.pop(future), future.result()) for future in landed]
        settle([Sent(one.message, one.composed.envelope.to, outcome) for one, outcome in results], now=now)
        for one, outcome in results:
            self._breaker.watch(one.carrier, [outcome], now=now)


def _hand_over(one: Ready) -> Outcome:
    """In a thread; touches no database."""
    try:
        return one.carrier.provider.send(one.composed.envelope)
    except SendError as error:
        return error
    except Exception as error:
        # A provider that breaks in a way of its own may have sent or not: that is what ambiguous means.
        log.exception("provider %s broke", one.carrier.name)
        return Ambiguous("provider_broke", type(error).__name__)


def rescue(now: datetime) -> int:
    """Rows that were being sent when their worker died: nobody knows, so they rest as unknown. Returns how many.

    Never repeated: for a reminder a lost message costs less than a double one.
    """
    lease = td(seconds=settings.SENDING_LEASE_SECONDS)
    stuck = Message.objects.filter(state=MessageState.SENDING, sent_at__lt=now - lease)
    with transaction.atomic():
        messages = list(stuck.select_for_update(skip_locked=True, no_key=True)[:1000])
        rows = [{"id": m.pk, "state": "unknown", "reason": "worker_died", "ended_at": now} for m in messages]
        batch.update(Message, rows, where="t.state = 'sending'")
        ledger.note((entry_of(m, "unknown", "worker_died") for m in messages), now=now)
    if messages:
        handed(log, "rescue", count=len(messages))
    return len(messages)
