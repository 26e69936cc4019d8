"""How things stand, in words: a WhatsApp text with Meta, a channel, a moment."""

from __future__ import annotations

from datetime import UTC, datetime

from customers.models import Channel, Store
from recovery.models import TemplateText

_STANDING = {
    "": "Not submitted",
    "unsubmitted": "Not submitted",
    "received": "Waiting for approval",
    "pending": "Waiting for approval",
    "approved": "Approved",
    "rejected": "Rejected",
    "paused": "Paused by Meta",
    "disabled": "Disabled by Meta",
}
_TONES = {"approved": "good", "rejected": "bad", "disabled": "bad", "": "info", "unsubmitted": "info"}


def standing(text: TemplateText) -> str:
    """How it stands, with Meta's reason."""
    told = _STANDING.get(text.approval, text.approval)
    return f"{told}: {text.rejection_reason}" if text.rejection_reason else told


def tone(text: TemplateText) -> str:
    """good | bad | warn | info, for a pill."""
    return _TONES.get(text.approval, "warn")


def channel_in_words(channel: str) -> str:
    """SMS"""
    return str(dict(Channel.choices).get(channel, channel))


def clock(at: datetime, store: Store | None, now: datetime) -> str:
    """By the store's clock, UTC where there is no store: 16:30, or 21 Nov 16:30 on another day."""
    zone = store.zone if store else UTC
    there, today = at.astimezone(zone), now.astimezone(zone).date()
    return f"{there:%H:%M}{'' if store else ' UTC'}" if there.date() == today else f"{there:%d %b %H:%M}"
