"""Moving messages on by what was told of them, a batch at a time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from recovery.callbacks import effects, people
from recovery.callbacks.effects import Moved
from recovery.callbacks.ends import End
from recovery.callbacks.standing import Row, Word, move, why_not
from recovery.callbacks.subjects import is_named_rightly, lock, names_of
from recovery.callbacks.words import mail_word, twilio_word
from recovery.models import EventState, Message, MessageState, ProviderEvent


def move_on(events: Sequence[ProviderEvent], now: datetime) -> list[End]:
    """An event whose message is just being written to is left for the next round: it has no end."""
    names = names_of(events)
    rows, there = lock(names.values())
    ends: list[End] = []
    moved: list[Moved] = []
    for event in events:
        name = names.get(event.pk)
        row = rows.get(name) if name else None
        if row is None and name in there:
            continue
        if row is None or not is_named_rightly(event, row):
            ends.append(End(event, EventState.IGNORED, "no message of ours"))
            continue
        ends.append(_apply(event, row, moved, now))
    effects.write(moved, now=now)
    return ends


def _apply(event: ProviderEvent, row: Row, moved: list[Moved], now: datetime) -> End:
    message_id = row.pk if isinstance(row, Message) else None
    word = twilio_word(event, row) if event.kind == "status" else mail_word(event.payload["event"])
    if word is None:
        return End(event, EventState.IGNORED, "kept, decides nothing", message_id, row.store_id)
    reason = why_not(row, word)
    moved.append(_moved(row, word, reason, now))
    if isinstance(row, Message):
        people.take_leave(event, row, now)
    if reason and not word.suppress:
        return End(event, EventState.IGNORED, reason, message_id, row.store_id)
    return End(event, EventState.DONE, reason, message_id, row.store_id)


def _moved(row: Row, word: Word, reason: str, now: datetime) -> Moved:
    if reason:
        return Moved(row, word, "")
    was_lost = row.state == MessageState.UNKNOWN
    verdict = move(row, word, now)
    # Of what it has sent, the sender writes by itself, unless it never heard of it.
    return Moved(row, word, verdict, in_ledger=verdict != MessageState.SENT or was_lost)
