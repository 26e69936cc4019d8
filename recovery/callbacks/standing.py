"""How far a message has come. What providers tell is repeated, shuffled and late, so a message only ever moves up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta as td

from recovery.models import Message, MessageState, Notice

Row = Message | Notice

#: Handed over, on its way, perhaps arrived, ended, read. Of two ends the first one stands.
_HEIGHTS = {
    MessageState.SENDING: 1,
    MessageState.SENT: 2,
    MessageState.UNKNOWN: 3,
    MessageState.DELIVERED: 4,
    MessageState.FAILED: 4,
    MessageState.READ: 5,
}
ARRIVED = (MessageState.DELIVERED, MessageState.READ)


@dataclass(frozen=True, slots=True)
class Word:
    """What a provider says of one try of a message, in our terms."""

    state: MessageState  # sent | delivered | read | unknown | failed
    provider_id: str = ""
    attempt: int = 0  # of which try; 0 where it does not say
    code: str = ""
    detail: str = ""
    suppress: str = ""  # why the address is dead on this channel, or ""
    retry_in: td | None = None
    falls_back: bool = False
    pauses: bool = False
    alarms: bool = False  # a person has to look


def why_not(row: Row, word: Word) -> str:
    """Why the word changes nothing; "" when it is news."""
    if row.state in (MessageState.SKIPPED, MessageState.CANCELLED):
        return "it was stopped before another try"
    earlier = row.state == MessageState.QUEUED or 0 < word.attempt < row.attempts
    if earlier and word.state not in ARRIVED:
        return "it is about an earlier try"
    return "" if _HEIGHTS[word.state] > _height(row) else "no more than is known"


def move(row: Row, word: Word, now: datetime) -> str:
    """Write the word into the row (not into the table); returns the verdict for the ledger."""
    row.provider_id = word.provider_id or row.provider_id
    row.reason, row.detail = word.code[:30], word.detail[:300]
    if may_repeat(row, word, now):
        row.state, row.due_at, row.provider_id = MessageState.QUEUED, now + (word.retry_in or td(0)), ""
        return "retry"
    row.state = word.state
    if isinstance(row, Message) and word.state != MessageState.SENT:
        row.ended_at = now
    elif isinstance(row, Message):
        row.ended_at = None
    return str(word.state)


def may_repeat(row: Row, word: Word, now: datetime) -> bool:
    """Nothing arrived, the carrier may do better later, and it is not too late by then. How often, the code's own
    `waits` say: when they are spent, there is no `retry_in`."""
    if word.state != MessageState.FAILED or word.retry_in is None:
        return False
    return not isinstance(row, Message) or now + word.retry_in <= row.expires_at


def _height(row: Row) -> int:
    """`unknown` without the provider's id: the answer to our request was lost, and this word is the answer."""
    if row.state == MessageState.UNKNOWN and not row.provider_id:
        return 1
    return _HEIGHTS.get(MessageState(row.state), 0)
