"""What becomes of an event."""

from __future__ import annotations

from dataclasses import dataclass

from recovery.models import ProviderEvent


@dataclass(frozen=True, slots=True)
class End:
    """Its state and why, and the message that it was about."""

    event: ProviderEvent
    state: str
    reason: str = ""
    message_id: int | None = None
