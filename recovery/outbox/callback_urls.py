"""Where a provider tells how one message ended. The address names the message and the try, and cannot be made up."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.core.signing import BadSignature, Signer

from recovery.models import Message, Notice

_SALT = "cartback.callback"
_KINDS: dict[type[Message | Notice], str] = {Message: "m", Notice: "n"}


@dataclass(frozen=True, slots=True)
class Subject:
    """What a callback is about: message (`m`) or notice (`n`), its store, and the number of the try from 1."""

    kind: str
    pk: int
    store_id: int
    attempt: int


def callback_url(row: Message | Notice) -> str:
    """The address for the try that is being composed: `attempts` does not count it yet."""
    return f"{settings.PUBLIC_URL}/callbacks/twilio/status/{status_token(row)}/"


def status_token(row: Message | Notice) -> str:
    return _signer().sign(f"{_KINDS[type(row)]}{row.pk}-{row.store_id}-{row.attempts + 1}")


def read_token(token: str) -> Subject | None:
    """None for a token that is not ours."""
    try:
        name = _signer().unsign(token)
        pk, store_id, attempt = (int(part) for part in name[1:].split("-"))
    except (BadSignature, ValueError):
        return None
    return Subject(name[0], pk, store_id, attempt)


def _signer() -> Signer:
    return Signer(salt=_SALT, sep=".")
