"""From a provider's event to a word about one message. Pure: rows in, words out."""

from __future__ import annotations

from typing import Any

from customers.models.suppression import SuppressionReason
from recovery.callbacks.standing import Row, Word
from recovery.models import MessageState, ProviderEvent
from recovery.providers.twilio.codes import after_callback
from recovery.providers.twilio.events import status_event

_NO_TRY_LEFT = 99


def twilio_word(event: ProviderEvent, row: Row) -> Word | None:
    """None for a status that changes nothing. Raises Unreadable."""
    told = status_event(event.payload["form"])
    outcome = after_callback(told.status, told.error_code, tries=max(row.attempts, 1))
    if not outcome.state:
        return None
    state = MessageState.READ if told.status == "read" else MessageState(outcome.state)
    return Word(
        state,
        provider_id=told.sid,
        attempt=int(event.payload["attempt"]),
        code=outcome.code,
        detail=outcome.detail,
        suppress=outcome.suppress,
        retry_in=outcome.retry_in,
        # asked as if no try were left: whether there is one is ours to say
        falls_back=after_callback(told.status, told.error_code, tries=_NO_TRY_LEFT).falls_back,
        pauses=outcome.pauses,
        alarms=outcome.alarms,
    )


#: Of the rejections, those that say something about the address. The others are about this one mail.
_REJECTED = {
    "invalid": SuppressionReason.INVALID,
    "bounced": SuppressionReason.BOUNCE,
    "spam": SuppressionReason.COMPLAINT,
    "unsubscribed": SuppressionReason.UNSUBSCRIBE,
}
#: Whoever says no to a mail has got it.
_ARRIVED = {
    "delivered": "",
    "complained": SuppressionReason.COMPLAINT,
    "unsubscribed": SuppressionReason.UNSUBSCRIBE,
}
_LOST = ("bounced", "rejected", "failed")


def mail_word(facts: dict[str, Any]) -> Word | None:
    """None for what changes nothing: opens, clicks, a mailbox that is full today."""
    kind, reason = facts["type"], facts["reject_reason"]
    if kind == "sent":
        return Word(MessageState.SENT, provider_id=facts["message_id"])
    if kind in _ARRIVED:
        return Word(MessageState.DELIVERED, provider_id=facts["message_id"], suppress=str(_ARRIVED[kind]))
    if kind not in _LOST or (kind == "bounced" and not facts["hard"]):
        return None
    suppress = _REJECTED.get(reason, "") if kind != "bounced" else _of_bounce(reason)
    return Word(
        MessageState.FAILED,
        provider_id=facts["message_id"],
        code=f"{kind}_{reason}" if reason and reason != kind else kind,
        detail=facts["words"],
        suppress=str(suppress),
        falls_back=suppress not in (SuppressionReason.COMPLAINT, SuppressionReason.UNSUBSCRIBE),
    )


def _of_bounce(reason: str) -> str:
    """A bounce for good is about the mailbox, unless it was the mail's looks that the other side disliked."""
    if reason in ("blocked", "spam", "other", "timed_out"):
        return ""
    return SuppressionReason.INVALID if reason == "invalid" else SuppressionReason.BOUNCE
