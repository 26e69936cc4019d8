"""From what providers told to what it means: claim a batch, move the messages on, and let what follows follow."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from time import perf_counter

from django.db import DataError, IntegrityError, transaction

from config.lib import batch
from config.lib.logline import handed
from recovery.callbacks import people
from recovery.callbacks.ends import End
from recovery.callbacks.moving import move_on
from recovery.models import EventState, ProviderEvent

log = logging.getLogger("cartback.callbacks")

BATCH = 500

#: What one event's contents can do to a batch. Anything else (a lost connection) is no event's fault: it is raised.
_POISON = (DataError, IntegrityError, ValueError, TypeError, LookupError, ArithmeticError, AttributeError)


def take_events(now: datetime, limit: int = BATCH) -> int:
    """Apply one batch of waiting events, oldest first; returns how many it dealt with.

    What a person said comes first, each event in a transaction of its own, since it locks whatever waits for that
    person. The rest goes in one; where that fails, one by one, so that only the event at fault becomes a dead letter.
    """
    began = perf_counter()
    waiting = list(ProviderEvent.objects.pending().values_list("pk", "kind", "payload__event__type")[:limit])
    personal = [pk for pk, kind, what in waiting if kind == "inbound" or what in people.PERSONAL]
    rest = sorted({pk for pk, _, _ in waiting} - set(personal))
    count = sum(_alone(pk, now) for pk in personal) + _together(rest, now)
    if count:
        handed(log, "take_events", count=count, ms=(perf_counter() - began) * 1000)
    return count


def _together(ids: Sequence[int], now: datetime) -> int:
    try:
        return _take(ids, now) if ids else 0
    except _POISON as error:
        log.warning("batch failed, taking it one by one: %s", type(error).__name__)
        return sum(_alone(pk, now) for pk in ids)


def _alone(pk: int, now: datetime) -> int:
    try:
        return _take([pk], now)
    except _POISON as error:
        log.exception("event e%s cannot be applied", pk)
        reason = f"{type(error).__name__}: {error}"[:1000]
        return ProviderEvent.objects.filter(pk=pk, state=EventState.PENDING).update(
            state=EventState.DEAD, reason=reason, processed_at=now
        )


@transaction.atomic
def _take(ids: Sequence[int], now: datetime) -> int:
    rows = ProviderEvent.objects.pending().filter(pk__in=ids).select_related("store")
    events = list(rows.select_for_update(skip_locked=True, of=("self",), no_key=True))
    dead = [event for event in events if "unreadable" in event.payload]
    ends = [End(event, EventState.DEAD, event.payload["unreadable"]) for event in dead]
    heard = [event for event in events if event.kind == "inbound" and event not in dead]
    ends += [people.hear(event, now) for event in heard]
    told = [event for event in events if event.kind != "inbound" and event not in dead]
    ends += move_on(told, now)
    _finish(ends, now)
    return len(ends)


def _finish(ends: Sequence[End], now: datetime) -> None:
    batch.update(
        ProviderEvent,
        [
            {
                "id": end.event.pk,
                "state": str(end.state),
                "reason": end.reason[:1000],
                "message_id": end.message_id,
                "store_id": end.store_id or end.event.store_id,
                "processed_at": now,
            }
            for end in ends
        ],
    )
