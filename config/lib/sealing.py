"""Secrets at rest, and keyed hashes that outlive what they were made of."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class Unsealable(Exception):
    """The value was sealed under a key that this installation does not have."""


def derived_key(secret: str, purpose: str) -> bytes:
    """32 bytes for one purpose, so that no two uses share a key (HKDF's extract step, RFC 5869)."""
    return hmac.new(purpose.encode(), secret.encode(), hashlib.sha256).digest()


def seal(text: str, secrets: Sequence[str]) -> str:
    """Encrypt under the first secret (Fernet: AES-128-CBC with HMAC-SHA256)."""
    return _box(secrets).encrypt(text.encode()).decode()


def unseal(sealed: str, secrets: Sequence[str]) -> str:
    """Decrypt what any of the secrets sealed. Raises Unsealable."""
    try:
        return _box(secrets).decrypt(sealed.encode()).decode()
    except InvalidToken as error:
        raise Unsealable("sealed under another SECRET_KEY: put the old one into SECRET_KEY_FALLBACKS") from error


def _box(secrets: Sequence[str]) -> MultiFernet:
    keys = (base64.urlsafe_b64encode(derived_key(secret, "cartback.seal")) for secret in secrets)
    return MultiFernet([Fernet(key) for key in keys])


def keyed_hash(text: str, secret: str, purpose: str) -> str:
    """64 hex digits that tell nothing of `text` to whoever lacks the secret."""
    return hmac.new(derived_key(secret, purpose), text.encode(), hashlib.sha256).hexdigest()
