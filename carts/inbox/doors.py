"""What the door must know of a store, kept for seconds so that a burst of webhooks does not ask again and again."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from customers.models import Store

_known: dict[str, tuple[float, Door | None]] = {}
_MOST = 10_000  # slugs are the caller's to invent: the cache is emptied before it grows past this


@dataclass(frozen=True, slots=True)
class Door:
    """A store's way in: (secret, valid until or None) for each secret that was not expired when it was read."""

    store_id: int
    platform: str
    secrets: tuple[tuple[str, datetime | None], ...]

    def secrets_at(self, now: datetime) -> list[str]:
        return [secret for secret, until in self.secrets if until is None or until > now]


def door_of(slug: str) -> Door | None:
    """The store's door, at most STORE_CACHE_SECONDS old; None when no active store goes by the slug."""
    found = _known.get(slug)
    moment = time.monotonic()
    if found and found[0] > moment:
        return found[1]
    if len(_known) >= _MOST:
        _known.clear()
    door = _read(slug)
    _known[slug] = (moment + settings.STORE_CACHE_SECONDS, door)
    return door


def forget() -> None:
    """Drop what this process knows, for those who have just changed a store."""
    _known.clear()


def _read(slug: str) -> Door | None:
    store = Store.objects.filter(slug=slug, is_active=True).prefetch_related("secrets").first()
    if store is None:
        return None
    return Door(store.pk, store.platform, tuple((secret.text, secret.expires_at) for secret in store.secrets.all()))
