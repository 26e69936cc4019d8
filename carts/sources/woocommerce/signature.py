"""X-WC-Webhook-Signature: base64 HMAC-SHA256 over the raw body, with the webhook's secret.

WordPress stores a secret with `&` as `&amp;`, but signs with `&`: whichever of the two was copied here will do.
"""

from __future__ import annotations

import html
from collections.abc import Sequence

from carts.sources.base import BadSignature, Parcel
from config.lib.signing import signed_with_any

HEADER = "x-wc-webhook-signature"


def verify(parcel: Parcel, secrets: Sequence[str]) -> None:
    """Raises BadSignature unless one of the secrets signed the body."""
    given = parcel.headers.get(HEADER, "").strip()
    if not given:
        raise BadSignature("X-WC-Webhook-Signature is missing")
    spellings = dict.fromkeys(spelling for secret in secrets for spelling in (secret, html.unescape(secret)))
    if not signed_with_any(given, parcel.body, [spelling.encode() for spelling in spellings]):
        raise BadSignature("X-WC-Webhook-Signature was made with another secret, or the body was changed")
