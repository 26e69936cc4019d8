"""HMAC signatures, compared in constant time."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable


def sha256_base64(key: bytes, message: bytes) -> str:
    """The HMAC-SHA256 of the message, in base64."""
    return base64.b64encode(hmac.digest(key, message, hashlib.sha256)).decode()


def sha256_hex(key: bytes, message: bytes) -> str:
    """The HMAC-SHA256 of the message, in lower-case hex."""
    return hmac.digest(key, message, hashlib.sha256).hex()


def same(given: str, expected: str) -> bool:
    """Whether the two are equal, in a time that tells nothing. Any text may be given, also none that is ASCII."""
    return hmac.compare_digest(given.encode(errors="surrogatepass"), expected.encode())


def signed_with_any(given: str, message: bytes, keys: Iterable[bytes]) -> bool:
    """Whether `given` is the base64 HMAC-SHA256 of the message under one of the keys. An empty key never counts."""
    return (
        sum(same(given, sha256_base64(key, message)) for key in keys if key) > 0
    )  # every key is tried, also after a hit
