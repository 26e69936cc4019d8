"""What follows from a message's end: the rows and the ledger, dead addresses, a paused provider, the next channel."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta as td

from django.db.models import Max

from config.lib import batch
from customers.consent import is_reachable_again, suppress
from customers.models import Channel
from customers.models.suppression import SuppressionReason
from recovery import ledger
from recovery.callbacks.standing import ARRIVED, Row, Word
from recovery.ledger import Entry
from recovery.models import Decision, Message, MessageState, Notice, TemplateText
from recovery.outbox.breaker import pause_channel
from recovery.outbox.carriers import owns_provider
from recovery.outbox.enqueue import fall_back
from recovery.outbox.languages import APPROVED

log = logging.getLogger("cartback.callbacks")

_PAUSE = td(minutes=15)
#: Told three times in a row, the handset counts as dead (Twilio docs, error 30003: switched off, or gone for good).
_OUT_OF_REACH, _IN_A_ROW = "twilio_30003", 3
#: Meta has taken back an approval: rejected, paused, disabled. Which template it was is asked.
_ABOUT_TEMPLATES = ("twilio_63040", "twilio_63041", "twilio_63042")


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
    _give_up([one.row for one in changed if one.word.code == _OUT_OF_REACH], now)
    _take_up([one.row for one in changed if one.word.state in ARRIVED])
    for one in changed:
        if one.word.pauses:
            _pause(one.row, one.word, now)
        if one.verdict == MessageState.FAILED and one.word.falls_back and isinstance(one.row, Message):
            fall_back(one.row, now=now)
        if one.word.code in _ABOUT_TEMPLATES:
            texts = TemplateText.objects.filter(template__store=one.row.store_id, approval=APPROVED)
            texts.update(ask_again_at=now)
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


def _give_up(rows: Iterable[Row], now: datetime) -> None:
    """A handset that is off three times in a row is taken for dead, until something arrives there or a person lifts it.

    The ledger holds each report; what arrived ends the row of them.
    """
    for row in rows:
        if not isinstance(row, Message) or not row.to:
            continue
        theirs = Message.objects.filter(customer=row.customer_id, channel=row.channel, to=row.to)
        arrived = theirs.filter(state__in=ARRIVED).aggregate(last=Max("ended_at"))["last"]
        reports = Decision.objects.filter(message__in=theirs, reason=_OUT_OF_REACH)
        if reports.filter(**{"at__gt": arrived} if arrived else {}).count() >= _IN_A_ROW:
            detail = f"{_OUT_OF_REACH}, {_IN_A_ROW} times in a row"
            suppress(row.store_id, row.channel, row.to, SuppressionReason.UNREACHABLE, now=now, detail=detail)


def _take_up(rows: Iterable[Row]) -> None:
    reached: dict[tuple[int, str], set[str]] = {}
    for row in rows:
        if row.channel != Channel.EMAIL:
            reached.setdefault((row.store_id, row.channel), set()).add(row.to)
    for (store_id, channel), addresses in sorted(reached.items()):
        is_reachable_again(store_id, channel, addresses)


def _pause(row: Row, word: Word, now: datetime) -> None:
    own = row.store_id if owns_provider(row.store, row.channel) else None
    pause_channel(own, row.channel, row.provider, word.code, word.detail, now=now, until=now + _PAUSE)
