"""Making links: short enough for an SMS, impossible to guess, kept only as a hash."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta as td

from django.conf import settings

from config.lib import batch
from recovery.models import Link, LinkKind, Message

_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"  # without look-alikes; 57 signs
_LENGTH = 16  # 93 bits
_TOKENS = len(_ALPHABET) ** _LENGTH
_TOKEN_IN_TEXT = re.compile(rf"(/(?:r|u|preferences|survey)/)[{_ALPHABET}]{{{_LENGTH}}}")

_PATHS = {LinkKind.RECOVER: "r", LinkKind.UNSUBSCRIBE: "u", LinkKind.PREFERENCES: "preferences"}
#: An opt-out must work for longer than a cart is worth restoring (CAN-SPAM asks for 30 days, CASL for 60).
_OPT_OUT_DAYS = 400


@dataclass(frozen=True, slots=True)
class MessageLinks:
    """The addresses that one message carries."""

    recover: str
    unsubscribe: str
    preferences: str


def mint(messages: Sequence[Message], hashes: Sequence[str], *, now: datetime) -> list[MessageLinks]:
    """Three fresh links for each message, in one statement. `hashes` are of the addresses that are written to."""
    rows: list[dict[str, object]] = []
    made = []
    for message, address_hash in zip(messages, hashes, strict=True):
        urls = {}
        for kind, path in _PATHS.items():
            token = new_token()
            rows.append(_row(message, kind, token, address_hash, now))
            urls[kind] = f"{settings.PUBLIC_URL}/{path}/{token}/"
        made.append(MessageLinks(urls[LinkKind.RECOVER], urls[LinkKind.UNSUBSCRIBE], urls[LinkKind.PREFERENCES]))
    batch.insert(Link, rows)
    return made


def new_token() -> str:
    """Sixteen signs out of 57: 93 bits of chance. One large number is drawn and written out, which costs a tenth of
    drawing each sign."""
    number, signs = secrets.randbelow(_TOKENS), []
    for _ in range(_LENGTH):
        number, sign = divmod(number, len(_ALPHABET))
        signs.append(_ALPHABET[sign])
    return "".join(signs)


def token_hash(token: str) -> str:
    """What is stored of a token. It is random and long, so a plain hash gives nothing away."""
    return hashlib.sha256(token.encode()).hexdigest()


def masked(text: str) -> str:
    """The text with every link token blanked, for keeping: whoever reads it later must not be able to use the links."""
    return _TOKEN_IN_TEXT.sub(r"\1" + "·" * 4, text)


def _row(message: Message, kind: LinkKind, token: str, address_hash: str, now: datetime) -> dict[str, object]:
    days = settings.LINK_DAYS if kind == LinkKind.RECOVER else _OPT_OUT_DAYS
    return {
        "token_hash": token_hash(token),
        "kind": str(kind),
        "store_id": message.store_id,
        "customer_id": message.customer_id,
        "message_id": message.pk,
        "cart_id": message.cart_id,
        "channel": message.channel,
        "address_hash": address_hash,
        "expires_at": now + td(days=days),
        "created_at": now,
    }
