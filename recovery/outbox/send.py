"""Out of the outbox: claim, gate, compose, mark, send, settle.

Decision: a row is `sending` only while a thread holds it. A batch is as large as there are threads free; it is claimed,
judged, composed and marked in one transaction, and handed over when that is committed. If we die before the commit, the
rows are queued as they were; if we die after it, at most as many rows as there are threads rest as `unknown`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta as td
from time import perf_counter

from django.conf import settings
from django.db import transaction

from carts.models import Cart, CartState
from config.lib import batch
from config.lib.clock import ticking
from config.lib.logline import handed
from customers.models import Customer
from recovery import ledger
from recovery.ledger import Entry
from recovery.links.mint import masked
from recovery.models import Message, MessageState
from recovery.outbox.breaker import Breaker
from recovery.outbox.carriers import Carrier, carrier_for
from recovery.outbox.compose import Broken, compose
from recovery.outbox.gate import Defer, Skip, Verdict, judge
from recovery.outbox.outcomes import Outcome, Sent, settle
from recovery.providers.base import Ambiguous, Envelope, SendError
from recovery.purchases import bought_since

log = logging.getLogger("cartback.send")

_WITH = ("store", "customer", "cart", "step", "enrolment__flow")


@dataclass(frozen=True, slots=True)
class _Ready:
    """A message that is marked `sending`, with all that a thread needs to hand it over."""

    message: Message
    envelope: Envelope
    carrier: Carrier


def send_due(now: datetime, *, most: int = 2_000) -> int:
    """Send what is due, `SENDING_THREADS` at a time, until nothing is left or `most` rows were dealt with.

    Returns how many were. The clock starts at `now` and goes on while it works.
    """
    began, clock, run = perf_counter(), ticking(now), _Run()
    with ThreadPoolExecutor(settings.SENDING_THREADS, thread_name_prefix="send") as pool:
        while run.dealt < most:
            run.settle(clock())
            free = settings.SENDING_THREADS - len(run.flying)
            taken = run.take(pool, free, clock) if run.flying_few() else 0
            if not taken and not run.flying:
                break
            if run.flying and (not taken or not run.flying_few()):
                wait(run.flying, return_when=FIRST_COMPLETED)
        wait(run.flying)
        run.settle(clock())
    if run.dealt:
        handed(log, "send", count=run.dealt, ms=(perf_counter() - began) * 1000)
    return run.dealt


class _Run:
    """One answer to the bell: what is in the air, and what has been dealt with."""

    def __init__(self) -> None:
        self.flying: dict[Future[Outcome], _Ready] = {}
        self.dealt = 0
        self._breaker = Breaker()
        self._passed_over: set[int] = set()

    def flying_few(self) -> bool:
        """Half of the threads are free: time to prepare more."""
        return len(self.flying) <= settings.SENDING_THREADS // 2

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
        settle([Sent(one.message, one.envelope.to, outcome) for one, outcome in results], now=now)
        for one, outcome in results:
            self._breaker.watch(one.carrier, [outcome], now=now)


def _hand_over(one: _Ready) -> Outcome:
    """In a thread; touches no database."""
    try:
        return one.carrier.provider.send(one.envelope)
    except SendError as error:
        return error
    except Exception as error:
        # A provider that breaks in a way of its own may have sent or not: that is what ambiguous means.
        log.exception("provider %s broke", one.carrier.name)
        return Ambiguous("provider_broke", type(error).__name__)


@transaction.atomic
def prepare(now: datetime, limit: int, *, leaving: set[int] | None = None) -> tuple[list[_Ready], int, set[int]]:
    """Claim, judge, compose and mark up to `limit` due messages.

    Returns what may be handed over once this is committed, how many rows were dealt with, and the ids of those left
    alone because another sender is just writing to the same person.
    """
    messages = _claim(now, limit, leaving or set())
    free = _lock_customers(messages)
    ours = [message for message in messages if message.customer_id in free]
    verdicts = judge(ours, now=now)
    _write_refusals(ours, verdicts, now)
    going = [message for message in ours if not isinstance(verdicts[message.pk], (Skip, Defer))]
    ready = _mark(_composed(going, now), now)
    return ready, len(ours), {message.pk for message in messages} - {message.pk for message in ours}


def _claim(now: datetime, limit: int, leaving: set[int]) -> list[Message]:
    rows = Message.objects.due(now).exclude(pk__in=leaving).select_related(*_WITH)
    return list(rows.select_for_update(skip_locked=True, no_key=True, of=("self",))[:limit])


def _lock_customers(messages: Sequence[Message]) -> set[int]:
    """One sender at a time for a person, so that two messages of theirs cannot both find the gap kept."""
    ids = {message.customer_id for message in messages}
    rows = Customer.objects.filter(pk__in=ids).order_by("pk").select_for_update(skip_locked=True, no_key=True)
    return set(rows.values_list("pk", flat=True))


def _write_refusals(messages: Sequence[Message], verdicts: dict[int, Verdict], now: datetime) -> None:
    refused = [(m, v) for m in messages if isinstance(v := verdicts[m.pk], (Skip, Defer))]
    batch.update(Message, [_refusal(message, verdict, now) for message, verdict in refused])
    # A message that waits for the same reason as before needs no further line in the ledger.
    news = [(m, v) for m, v in refused if not (isinstance(v, Defer) and m.reason == v.reason)]
    ledger.note(
        (_entry(m, "skipped" if isinstance(v, Skip) else "deferred", v.reason, v.detail) for m, v in news), now=now
    )


def _refusal(message: Message, verdict: Skip | Defer, now: datetime) -> dict[str, object]:
    skipped = isinstance(verdict, Skip)
    return {
        "id": message.pk,
        "state": str(MessageState.SKIPPED if skipped else MessageState.QUEUED),
        "due_at": message.due_at if isinstance(verdict, Skip) else max(verdict.until, now + td(seconds=1)),
        "reason": verdict.reason,
        "detail": verdict.detail[:300],
        "ended_at": now if skipped else None,
    }


def _composed(messages: Sequence[Message], now: datetime) -> list[_Ready]:
    carriers = {(m.store_id, m.channel): carrier_for(m.store, m.channel) for m in messages}
    senders = {m.store_id: carriers[m.store_id, m.channel].sender for m in messages}
    composed = compose(messages, senders, now=now) if messages else {}
    broken = [(m, e) for m in messages if isinstance(e := composed[m.pk], Broken)]
    _write_refusals([m for m, _ in broken], {m.pk: Skip("template_broken", e.detail) for m, e in broken}, now)
    return [
        _Ready(m, envelope, carriers[m.store_id, m.channel])
        for m in messages
        if isinstance(envelope := composed[m.pk], Envelope)
    ]


def _mark(ready: Sequence[_Ready], now: datetime) -> list[_Ready]:
    """Ask for the order a last time, and mark the rest `sending` with exactly what will be sent."""
    late = _ordered_meanwhile([one.message for one in ready])
    gone = [one.message for one in ready if one.message.pk in late]
    _write_refusals(gone, {m.pk: Skip("ordered") for m in gone}, now)
    staying = [one for one in ready if one.message.pk not in late]
    for one in staying:
        one.message.attempts += 1
    batch.update(Message, [_marked(one, now) for one in staying])
    return staying


def _ordered_meanwhile(messages: Sequence[Message]) -> set[int]:
    """Composing takes a while; an order that came in meanwhile is seen here."""
    ordered = Cart.objects.filter(pk__in=[m.cart_id for m in messages], state=CartState.ORDERED)
    carts = set(ordered.values_list("pk", flat=True))
    bought = bought_since({m.pk: (m.customer, m.cart.started_at) for m in messages})
    return bought | {m.pk for m in messages if m.cart_id in carts}


def _marked(one: _Ready, now: datetime) -> dict[str, object]:
    return {
        "id": one.message.pk,
        "state": str(MessageState.SENDING),
        "sent_at": now,
        "attempts": one.message.attempts,
        "reason": "",
        "detail": "",
        "provider": one.carrier.name,
        "to": one.envelope.to,
        "locale": one.envelope.headers.get("Content-Language", "")[:16],
        "subject": one.envelope.subject,
        "body_html": masked(one.envelope.html),
        "body_text": masked(one.envelope.text),
    }


def _entry(message: Message, verdict: str, reason: str, detail: str) -> Entry:
    return Entry(
        message.store_id,
        message.cart_id,
        verdict,
        reason,
        detail,
        enrolment_id=message.enrolment_id,
        message_id=message.pk,
    )


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
        ledger.note((_entry(m, "unknown", "worker_died", "") for m in messages), now=now)
    if messages:
        handed(log, "rescue", count=len(messages))
    return len(messages)
