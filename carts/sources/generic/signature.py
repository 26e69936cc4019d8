"""Standard Webhooks 1.0.0: `v1,` and the base64 HMAC-SHA256 of "id.timestamp.body".

Done here rather than by the library, which knows one secret at a time, reads the machine's clock, and raises a bare
ValueError for a header that is not made as it should be.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence

from carts.sources.base import BadSignature, Parcel
from config.lib.signing import signed_with_any

TOLERANCE = 300  # seconds, either way
_PREFIX = "whsec_"
_MAX_SIGNATURES = 16


def verify(parcel: Parcel, secrets: Sequence[str]) -> None:
    """Raises BadSignature unless one of the signatures was made with one of the secrets, within five minutes."""
    name, stamp, given = (parcel.headers.get(f"webhook-{part}", "") for part in ("id", "timestamp", "signature"))
    if not (name and stamp and given):
        raise BadSignature("webhook-id, webhook-timestamp or webhook-signature is missing")
    _check_age(stamp, parcel.received_at.timestamp())
    message = f"{name}.{stamp}.".encode(errors="surrogatepass") + parcel.body
    keys = [key for secret in secrets for key in _keys(secret)]
    if not any(signed_with_any(one, message, keys) for one in _signatures(given)):
        raise BadSignature("no v1 signature in webhook-signature fits: another secret, or the body was changed")


def _check_age(stamp: str, now: float) -> None:
    if not (stamp.isascii() and stamp.isdecimal() and len(stamp) <= 12):
        raise BadSignature("webhook-timestamp should be seconds since 1970")
    if abs(now - int(stamp)) > TOLERANCE:
        raise BadSignature("webhook-timestamp is more than five minutes off")


def _signatures(header: str) -> list[str]:
    """The v1 signatures of a space-separated list; other versions are left to those who know them."""
    pairs = [one.partition(",") for one in header.split()[:_MAX_SIGNATURES]]
    return [signature for version, _, signature in pairs if version == "v1"]


def _keys(secret: str) -> list[bytes]:
    """The key is the base64 in the secret, with or without whsec_ before it; without it, the plain text will do too."""
    encoded = secret.removeprefix(_PREFIX)
    plain = [] if secret.startswith(_PREFIX) else [secret.encode()]
    try:
        return [base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True), *plain]
    except (binascii.Error, ValueError):
        return plain
