"""What becomes of an event."""

from __future__ import annotations

from dataclasses import dataclass

from recovery.models import ProviderEvent


@dataclass(frozen=True, slots=True)
class End:
    """Its state and why, the message that it was about, and whose it turned out to be."""

    event: ProviderEvent
    state: str
    reason: str = ""
    message_id: int | None = None
    store_id: int | None = None
