"""How a WhatsApp text stands with Meta, in words."""

from __future__ import annotations

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
