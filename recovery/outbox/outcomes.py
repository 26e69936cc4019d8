"""How a send ended, written back: one statement for the rows, one for the ledger, suppressions for dead addresses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta as td

from django.db import connection, transaction

from config.lib import batch, retry
from customers.consent import suppress
from recovery import ledger
from recovery.ledger import Entry, entry_of
from recovery.models import Message, MessageState
from recovery.outbox.enqueue import fall_back
from recovery.providers.base import Accepted, Ambiguous, Misconfigured, NotTried, Permanent, SendError

Outcome = Accepted | SendError


@dataclass(frozen=True, slots=True)
class Sent:
    """One message that left our hands, and what came back."""

    message: Message
    to: str
    outcome: Outcome


def settle(results: Sequence[Sent], *, now: datetime) -> None:
    """Write the outcomes down. A row that something else has moved on meanwhile (a callback) is left as it is."""
    if not results:
        return
    rows = [_row(sent, now) for sent in results]
    with transaction.atomic():
        _without_waiting_for_the_disk()
        batch.update(Message, rows, where="t.state = 'sending'")
        ledger.note((_entry(sent, row) for sent, row in zip(results, rows, strict=True)), now=now)
    for sent in results:
        if isinstance(sent.outcome, Permanent):
            _after_refusal(sent, sent.outcome, now)


def _without_waiting_for_the_disk() -> None:
    """Should PostgreSQL die before it has written this down, the rows rest as `sending`, become unknown and are asked
    about: nothing is sent twice for it."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")


def _after_refusal(sent: Sent, refusal: Permanent, now: datetime) -> None:
    """A dead address is never tried again; and unless the person said stop, the step's next channel may reach them."""
    m = sent.message
    if refusal.suppress:
        suppress(m.store_id, m.channel, sent.to, refusal.suppress, now=now, detail=refusal.code)
    if refusal.suppress != "stop":
        m.reason = refusal.code[:30]
        fall_back(m, now=now)


def _row(sent: Sent, now: datetime) -> dict[str, object]:
    state, due_at = _judged(sent, now)
    outcome = sent.outcome
    return {
        "id": sent.message.pk,
        "state": str(state),
        "due_at": due_at,
        "attempts": sent.message.attempts - isinstance(outcome, NotTried),
        "provider_id": outcome.provider_id[:200] if isinstance(outcome, Accepted) else "",
        "reason": "" if isinstance(outcome, Accepted) else outcome.code[:30],
        "detail": "" if isinstance(outcome, Accepted) else outcome.detail[:300],
        "ended_at": now if state in (MessageState.FAILED, MessageState.UNKNOWN) else None,
    }


def _judged(sent: Sent, now: datetime) -> tuple[MessageState, datetime]:
    """The state that the outcome leads to, and when it is due again if it is queued."""
    message, outcome = sent.message, sent.outcome
    if isinstance(outcome, Accepted):
        return MessageState.SENT, message.due_at
    if isinstance(outcome, Permanent):
        return MessageState.FAILED, message.due_at
    if isinstance(outcome, Ambiguous):
        return MessageState.UNKNOWN, message.due_at
    if isinstance(outcome, Misconfigured):
        return MessageState.QUEUED, now + td(minutes=1)  # the pause holds it back for longer
    if isinstance(outcome, NotTried):
        return MessageState.QUEUED, now
    wait = retry.delay(message.attempts, outcome.retry_after)
    if wait is None or now + wait > message.expires_at:
        return MessageState.FAILED, message.due_at
    return MessageState.QUEUED, now + wait


_VERDICTS = {
    MessageState.SENT: "sent",
    MessageState.FAILED: "failed",
    MessageState.UNKNOWN: "unknown",
    MessageState.QUEUED: "retry",
}


def _entry(sent: Sent, row: dict[str, object]) -> Entry:
    verdict = _VERDICTS[MessageState(str(row["state"]))]
    return entry_of(sent.message, verdict, str(row["reason"]), str(row["detail"]))
