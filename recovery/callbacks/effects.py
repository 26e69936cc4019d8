"""What follows from a message's end: the rows and the ledger, dead addresses, a paused provider, the next channel."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta as td

from config.lib import batch
from customers.consent import suppress
from recovery import ledger
from recovery.callbacks.standing import Row, Word
from recovery.ledger import Entry
from recovery.models import Message, MessageState, Notice
from recovery.outbox.breaker import pause_channel
from recovery.outbox.carriers import owns_provider
from recovery.outbox.enqueue import fall_back

log = logging.getLogger("cartback.callbacks")

_PAUSE = td(minutes=15)


@dataclass(frozen=True, slots=True)
class Moved:
    """A word about a row. `verdict` is "" where it did not move the row."""

    row: Row
    word: Word
    verdict: str
    in_ledger: bool = True


def write(moved: Sequence[Moved], *, now: datetime) -> None:
    """One statement for each table; the seldom things row by row."""
    changed = [one for one in moved if one.verdict]
    _write_rows(one.row for one in changed)
    ledger.note([_entry(one.row, one) for one in changed if one.in_ledger and isinstance(one.row, Message)], now=now)
    _suppress([one for one in moved if one.word.suppress], now)
    for one in changed:
        if one.word.pauses:
            _pause(one.row, one.word, now)
        if one.verdict == MessageState.FAILED and one.word.falls_back and isinstance(one.row, Message):
            fall_back(one.row, now=now)
        if one.word.alarms:
            log.warning("look at message=%s channel=%s code=%s", one.row, one.row.channel, one.word.code)


def _write_rows(rows: Iterable[Row]) -> None:
    """The rows are locked, so nothing has changed since they were read. The last word on a row is in it."""
    by_kind: dict[type[Row], dict[int, Row]] = {}
    for row in rows:
        by_kind.setdefault(type(row), {})[row.pk] = row
    batch.update(Message, [_shared(row) | {"ended_at": row.ended_at} for row in by_kind.get(Message, {}).values()])  # type: ignore[union-attr]
    batch.update(Notice, [_shared(row) for row in by_kind.get(Notice, {}).values()])


def _shared(row: Row) -> dict[str, object]:
    return {
        "id": row.pk,
        "state": str(row.state),
        "provider_id": row.provider_id[:200],
        "due_at": row.due_at,
        "reason": row.reason,
        "detail": row.detail,
    }


def _entry(message: Message, moved: Moved) -> Entry:
    return Entry(
        message.store_id,
        message.cart_id,
        moved.verdict,
        moved.word.code[:30] or ("told_later" if moved.verdict == MessageState.SENT else ""),
        moved.word.detail,
        enrolment_id=message.enrolment_id,
        message_id=message.pk,
    )


def _suppress(moved: Iterable[Moved], now: datetime) -> None:
    """In one order, so that two rounds that write off the same addresses do not wait for each other."""
    found = {(one.row.store_id, one.row.channel, one.row.to): one.word for one in moved if one.row.to}
    for (store_id, channel, address), word in sorted(found.items()):
        suppress(store_id, channel, address, word.suppress, now=now, detail=word.code)


def _pause(row: Row, word: Word, now: datetime) -> None:
    own = row.store_id if owns_provider(row.store, row.channel) else None
    pause_channel(own, row.channel, row.provider, word.code, word.detail, now=now, until=now + _PAUSE)
