"""Whether a request is Twilio's. Source: Twilio docs, "Webhooks security" and "Sign webhooks with shared keys".

Form posts: the whole address, then every name with each of its values, sorted. Anything else: the address alone, which
names the SHA-256 of the body. The HMAC over that is SHA-1 under the auth token, or SHA-256 under a shared key.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import SplitResult, parse_qs, urlsplit

from config.lib.signing import same

_DIGESTS = {"HMAC_SHA1": "sha1", "HMAC_SHA256": "sha256"}
_PORTS = {"https": 443, "http": 80}

Form = Mapping[str, Sequence[str]]


def is_genuine(url: str, sent: Form | bytes, signature: str, secrets: Iterable[str], *, settings: str = "") -> bool:
    """Whether `signature` (X-Twilio-Signature) fits the request under one of the secrets; malformed never does.

    `url` is the address as Twilio was told it: our public origin, path and query; the port may be there or not.
    `sent` is a form's names with their values, or else the raw body. `secrets` are auth tokens and shared keys, the
    new one and the old one while they are being changed. `settings` is X-Twilio-Webhooks-Signature-Settings.
    """
    digest = _DIGESTS.get(_algorithm(settings))
    addresses = _with_and_without_port(url)
    if not digest or not signature or not addresses:
        return False
    form = ""
    if isinstance(sent, bytes):
        if not _names_body(url, sent):
            return False
    else:
        form = "".join(name + value for name in sorted(sent) for value in sorted(set(sent[name])))
    given = [(address + form).encode(errors="surrogatepass") for address in addresses]
    return _signed(signature, given, secrets, digest)


def signed(message: bytes, secret: str, digest: str) -> str:
    """The signature itself. `digest` is sha1 or sha256."""
    return base64.b64encode(hmac.digest(secret.encode(), message, digest)).decode()


def _signed(signature: str, messages: Sequence[bytes], secrets: Iterable[str], digest: str) -> bool:
    """Everything is tried, also after a hit, so that the time tells nothing."""
    hits = [same(signature, signed(message, secret, digest)) for secret in secrets if secret for message in messages]
    return any(hits)


def _algorithm(settings: str) -> str:
    """Out of `key=…,algorithm=HMAC_SHA256`; without the header it is the auth token's HMAC_SHA1."""
    for part in settings.split(","):
        name, _, value = part.partition("=")
        if name.strip() == "algorithm" and value.strip():
            return value.strip().upper()
    return "HMAC_SHA1"


def _names_body(url: str, body: bytes) -> bool:
    named = parse_qs(urlsplit(url).query).get("bodySHA256", [])
    return len(named) == 1 and same(named[0].lower(), hashlib.sha256(body).hexdigest())


def _with_and_without_port(url: str) -> list[str]:
    """Twilio's own services do not agree on whether the port is part of the address."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return []
    if not parts.hostname or not port:
        return []
    host = parts.netloc[: -len(f":{parts.port}")] if parts.port else parts.netloc
    return [_put(parts, host), _put(parts, f"{host}:{port}")]


def _put(parts: SplitResult, netloc: str) -> str:
    return parts._replace(netloc=netloc).geturl()
