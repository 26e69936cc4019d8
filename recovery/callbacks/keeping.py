"""Keeping what a provider told, before anything is made of it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from config.lib import batch
from recovery.models import EventState, ProviderEvent


@dataclass(frozen=True, slots=True)
class Told:
    """One event as it is kept. `dedupe_key` is the same whenever the provider repeats it."""

    provider: str
    kind: str  # status | inbound | tracking
    dedupe_key: str
    payload: dict[str, Any]
    store_id: int | None = None


def keep(events: Sequence[Told], *, now: datetime) -> int:
    """One statement; returns how many are new. Ordered by key: two repeats must not wait for each other."""
    rows = sorted((_row(event, now) for event in events), key=lambda row: str(row["dedupe_key"]))
    return batch.insert(ProviderEvent, rows, conflict="(provider, dedupe_key) DO NOTHING")


def fingerprint(*parts: object) -> str:
    """A key for what has no name of its own."""
    return hashlib.sha256("\x1f".join(str(part) for part in parts).encode(errors="replace")).hexdigest()


def _row(event: Told, now: datetime) -> dict[str, object]:
    return {
        "provider": event.provider[:40],
        "kind": event.kind,
        "store_id": event.store_id,
        "message_id": None,
        "dedupe_key": event.dedupe_key[:200],
        "payload": plain(event.payload),
        "received_at": now,
        "state": str(EventState.PENDING),
        "reason": "",
        "processed_at": None,
    }


def plain(value: Any) -> Any:
    """The value as JSON that PostgreSQL takes: no NUL, no half characters, nothing but texts, numbers and boxes."""
    if isinstance(value, dict):
        return {plain(str(name)): plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple | set):
        return [plain(inner) for inner in value]
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return value if abs(value) < 2**53 else str(value)
    return str(value).replace("\0", "").encode(errors="replace").decode()
