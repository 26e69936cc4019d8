"""What the door must know of a store: whose signatures count. Kept for seconds, as the inbox does.

A store that is switched off still hears: a STOP counts whenever it comes, and so does how a message ended.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

from django.conf import settings

from config.lib.sealing import Unsealable
from customers.models import Store

log = logging.getLogger("cartback.callbacks")

_known: dict[str | int, tuple[float, Door | None]] = {}
_MOST = 10_000  # slugs are the caller's to invent: the cache is emptied before it grows past this


@dataclass(frozen=True, slots=True)
class Door:
    """A store, and the auth tokens of its own Twilio account."""

    store_id: int
    own_tokens: tuple[str, ...]

    def tokens(self) -> list[str]:
        """Every token that may sign, the old ones while they are being changed. The installation's count for each
        store: a message that it carried may end after the store got an account of its own."""
        return [t for t in (*self.own_tokens, settings.TWILIO_AUTH_TOKEN, settings.TWILIO_AUTH_TOKEN_OLD) if t]


def door_of(store: str | int) -> Door | None:
    """By slug or number, at most STORE_CACHE_SECONDS old; None when there is no such store."""
    found, moment = _known.get(store), time.monotonic()
    if found and found[0] > moment:
        return found[1]
    if len(_known) >= _MOST:
        _known.clear()
    door = _read(store)
    _known[store] = (moment + settings.STORE_CACHE_SECONDS, door)
    return door


def forget() -> None:
    """Drop what this process knows, for those who have just changed a store."""
    _known.clear()


def _read(name: str | int) -> Door | None:
    store = Store.objects.filter(**({"slug": name} if isinstance(name, str) else {"pk": name})).first()
    return Door(store.pk, _own_tokens(store)) if store else None


def _own_tokens(store: Store) -> tuple[str, ...]:
    try:
        own = store.own_twilio()
    except Unsealable:
        log.error("store=%s its Twilio account cannot be unsealed: was SECRET_KEY changed?", store.slug)
        return ()
    return tuple(own[name] for name in ("auth_token", "old_auth_token") if own.get(name))
