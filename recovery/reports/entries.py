"""A line of a cart's story."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from recovery.models import Message


@dataclass(frozen=True, slots=True)
class Entry:
    """One line. `kind`: cart | decision | message | reply | draw | code | click | order | credit.

    `tone`: plain | good | bad | quiet.
    """

    at: datetime
    kind: str
    title: str
    detail: str = ""
    tone: str = "plain"
    code: str = ""  # the ledger's own word for the reason
    message_id: int | None = None

    def as_json(self, store_zone: Any) -> dict[str, Any]:
        """Plain values; the time in the store's zone, with its offset."""
        message = f"m{self.message_id}" if self.message_id else None
        return asdict(self) | {"at": self.at.astimezone(store_zone).isoformat(), "message_id": message}


def named(message: Message) -> str:
    """E-mail 2: the channel and the step."""
    return f"{message.get_channel_display()} {message.step.position}"


def shortened(text: str) -> str:
    """One line of a shopper's words."""
    line = " ".join(text.split())
    return f"“{line[:159]}…”" if len(line) > 160 else f"“{line}”" if line else ""
