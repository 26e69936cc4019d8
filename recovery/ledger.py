"""The ledger of decisions: why something was done or not done, one row each, written in batches."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from config.lib import batch
from recovery.models import Decision, Message


@dataclass(frozen=True, slots=True)
class Entry:
    """One decision about one cart."""

    store_id: int
    cart_id: int
    verdict: str
    reason: str = ""
    detail: str = ""
    enrolment_id: int | None = None
    message_id: int | None = None


def entry_of(message: Message, verdict: str, reason: str = "", detail: str = "") -> Entry:
    """One decision about a message."""
    return Entry(
        message.store_id,
        message.cart_id,
        verdict,
        reason,
        detail,
        enrolment_id=message.enrolment_id,
        message_id=message.pk,
    )


def note(entries: Iterable[Entry], *, now: datetime) -> None:
    """Write the entries down, in one statement."""
    rows = [
        {
            "store_id": entry.store_id,
            "cart_id": entry.cart_id,
            "enrolment_id": entry.enrolment_id,
            "message_id": entry.message_id,
            "at": now,
            "verdict": entry.verdict,
            "reason": entry.reason,
            "detail": entry.detail[:300],
        }
        for entry in entries
    ]
    batch.insert(Decision, rows)
