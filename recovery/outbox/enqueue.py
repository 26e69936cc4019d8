"""Into the outbox: one row for each enrolment and step, however often it is planned."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from config.lib import batch
from recovery import ledger
from recovery.ledger import Entry
from recovery.models import Enrolment, FlowStep, Message, MessageState
from recovery.outbox.routes import next_channel

#: Columns that are filled when the message is composed and sent.
_BLANK: dict[str, object] = {
    "attempts": 0,
    "segments": 0,
    **dict.fromkeys(("detail", "provider", "provider_id", "to", "locale", "subject", "body_html", "body_text"), ""),
}


def enqueue(plans: Sequence[tuple[Enrolment, FlowStep]], *, now: datetime) -> int:
    """Put each enrolment's step (with its variants) into the outbox; returns how many rows are new.

    Where variants differ in their delay it is due at the earliest: then the shopper is drawn, see experiments.door.

    A step whose own window has passed is written down as skipped at once: after downtime nothing goes out late or in a
    bunch.
    """
    rows = [_row(enrolment, step, now) for enrolment, step in plans]
    first = "(enrolment_id, step_id) WHERE fallback_of_id IS NULL AND resend_of_id IS NULL"
    count = batch.insert(Message, rows, conflict=f"{first} DO NOTHING")
    late = [(e, row) for (e, _), row in zip(plans, rows, strict=True) if row["state"] == MessageState.SKIPPED]
    ledger.note((Entry(e.store_id, e.cart_id, "skipped", "too_late", enrolment_id=e.pk) for e, _ in late), now=now)
    return count


def _row(enrolment: Enrolment, step: FlowStep, now: datetime) -> dict[str, object]:
    first, last = step.delays[0], step.delays[-1]
    planned = enrolment.anchor_at + first
    expires = enrolment.anchor_at + last + step.late_after
    late = now > expires
    return {
        "store_id": enrolment.store_id,
        "enrolment_id": enrolment.pk,
        "step_id": step.pk,
        "cart_id": enrolment.cart_id,
        "customer_id": enrolment.customer_id,
        "channel": step.channel,
        "state": str(MessageState.SKIPPED if late else MessageState.QUEUED),
        "reason": "too_late" if late else "",
        "ended_at": now if late else None,
        "due_at": planned,
        "planned_at": planned,
        "expires_at": expires,
        "created_at": now,
        **_BLANK,
    }


def fall_back(message: Message, *, now: datetime) -> bool:
    """Try the step's next channel in the message's stead, once, while the step is still timely; True when one is left.

    The failed message stays as it is; the new one is judged at the gate like any other.
    """
    channel = next_channel(message)
    if not channel or now >= message.expires_at:
        return False
    made = Message.objects.bulk_create(
        [
            Message(
                store_id=message.store_id,
                enrolment_id=message.enrolment_id,
                step_id=message.step_id,
                variant_id=message.variant_id,
                cart_id=message.cart_id,
                customer_id=message.customer_id,
                channel=channel,
                fallback_of=message,
                due_at=now,
                planned_at=message.planned_at,
                expires_at=message.expires_at,
                created_at=now,
            )
        ],
        ignore_conflicts=True,
    )
    entry = Entry(
        message.store_id,
        message.cart_id,
        "fell_back",
        f"to {channel}",
        f"{message.channel} failed: {message.reason}",
        enrolment_id=message.enrolment_id,
        message_id=message.pk,
    )
    ledger.note([entry], now=now)
    return bool(made)
