"""Tokens for the API: made once, shown once, kept as a hash, and revocable."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime
from datetime import timedelta as td
from typing import Any

from django.db.models import Q

from customers.models import ApiToken, Store

#: So that a token that was left somewhere is known for what it is.
PREFIX = "cartback_"
_SEEN_EVERY = td(minutes=1)  # one row is not written at each of a hundred requests


def make_token(store: Store, name: str, *, user: Any = None, now: datetime) -> tuple[ApiToken, str]:
    """A new token of the store, and its text, which is kept nowhere."""
    text = PREFIX + secrets.token_urlsafe(32)
    row = ApiToken.objects.create(
        store=store, name=name, token_hash=_hash(text), hint=text[-4:], made_by=user, created_at=now
    )
    return row, text


def token_of(text: str, *, now: datetime) -> ApiToken | None:
    """The token in force that has this text; notes that it was used.

    It is looked up by its hash, which tells nothing of the text by how long it takes; what was found is compared in
    constant time besides.
    """
    if not text.startswith(PREFIX):
        return None
    hashed = _hash(text)
    found = ApiToken.objects.filter(token_hash=hashed, revoked_at=None).select_related("store").first()
    if found is None or not hmac.compare_digest(found.token_hash, hashed):
        return None
    stale = Q(last_used_at=None) | Q(last_used_at__lt=now - _SEEN_EVERY)
    ApiToken.objects.filter(stale, pk=found.pk).update(last_used_at=now)
    return found


def revoke(token: ApiToken, *, now: datetime) -> None:
    """From now on it opens nothing."""
    ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=now)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
