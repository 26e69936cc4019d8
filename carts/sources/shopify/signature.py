"""X-Shopify-Hmac-Sha256: base64 HMAC-SHA256 over the raw body, with the app's client secret.

Shopify goes on signing with the old secret for up to an hour after a new one was made, so any valid one will do.
The topic and the ids stand in headers that nothing signs.
"""

from __future__ import annotations

from collections.abc import Sequence

from carts.sources.base import BadSignature, Parcel
from config.lib.signing import signed_with_any

HEADER = "x-shopify-hmac-sha256"


def verify(parcel: Parcel, secrets: Sequence[str]) -> None:
    """Raises BadSignature unless one of the secrets signed the body."""
    given = parcel.headers.get(HEADER, "").strip()
    if not given:
        raise BadSignature("X-Shopify-Hmac-Sha256 is missing")
    if not signed_with_any(given, parcel.body, [secret.encode() for secret in secrets]):
        raise BadSignature("X-Shopify-Hmac-Sha256 was made with another secret, or the body was changed")
