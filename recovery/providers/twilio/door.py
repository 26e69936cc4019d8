"""The way out to Twilio for its library: pooled connections, deadlines, no repeats, and errors that say what is known.

The library's own client goes through requests and raises errors without their headers; this one tells refused from
unclear, reads Retry-After, and can be pointed at a stand-in. Importing it loads half of the library: import it late.
"""

from __future__ import annotations

import json
import logging
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

import urllib3
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from twilio.http import HttpClient
from twilio.http.response import Response
from urllib3.exceptions import ConnectTimeoutError, HTTPError, LocationParseError, NewConnectionError

from recovery.providers.base import Ambiguous, Misconfigured, SendError, Transient
from recovery.providers.twilio.answers import refusal

_CONNECT_SECONDS = 5.0
_READ_SECONDS = 15.0
_PRODUCTS = ("api", "content")


class Door(HttpClient):
    """One for a configuration and process; used by many threads at once. Every failure is a SendError."""

    def __init__(self, origin: str, *, connections: int, seconds: float = _READ_SECONDS) -> None:
        super().__init__(logging.getLogger("twilio.http_client"), False, seconds)
        self._origin = origin.rstrip("/")
        self._pool = urllib3.PoolManager(
            num_pools=len(_PRODUCTS),
            maxsize=connections,
            cert_reqs="CERT_REQUIRED",
            ca_certs=DEFAULT_CA_BUNDLE_PATH,
            timeout=urllib3.Timeout(connect=_CONNECT_SECONDS, read=seconds),
        )

    def request(
        self,
        method: str,
        uri: str,
        params: Mapping[str, object] | None = None,
        data: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,
    ) -> Response:
        """What the library calls. Never repeated, no redirect followed."""
        url, sent = self._address(uri, params), dict(headers or {})
        if auth:
            sent.update(urllib3.make_headers(basic_auth=":".join(auth)))
        try:
            answer = self._pool.request(
                method, url, body=_body(data, sent), headers=sent, retries=False, redirect=False
            )
        except HTTPError as error:
            raise _no_answer(error, reading=method == "GET") from error
        text = answer.data.decode("utf-8", "replace")
        if not 200 <= answer.status < 300:
            raise refusal(answer.status, text, answer.headers, reading=method == "GET")
        return Response(answer.status, text, answer.headers)

    def close(self) -> None:
        """Hang up on every idle connection."""
        self._pool.clear()

    def _address(self, uri: str, params: Mapping[str, object] | None) -> str:
        """Where the request goes. No host but Twilio's is called, and with a stand-in only that."""
        parts = urlsplit(uri)
        host = parts.hostname or ""
        product, _, rest = host.partition(".")
        if product not in _PRODUCTS or not (rest == "twilio.com" or rest.endswith(".twilio.com")):
            raise Misconfigured("unknown_host", f"{host} is no address of Twilio's that we use")
        query = "&".join(part for part in (parts.query, urlencode(params or {}, doseq=True)) if part)
        return f"{self._origin or f'https://{host}'}{parts.path}{query and '?' + query}"


def _body(data: Mapping[str, object] | None, headers: Mapping[str, str]) -> bytes | None:
    if not data:
        return None
    if headers.get("Content-Type") == "application/json":
        return json.dumps(data).encode()
    return urlencode(data, doseq=True).encode()


def _no_answer(error: HTTPError, *, reading: bool) -> SendError:
    """Where no connection was made, nothing was sent. After that a silence tells nothing."""
    detail: Any = type(error).__name__
    if isinstance(error, LocationParseError):
        return Misconfigured("twilio_api_url", "TWILIO_API_URL is no address")
    if isinstance(error, NewConnectionError | ConnectTimeoutError) or _certificate_refused(error):
        return Transient("no_connection", detail)
    return Transient("no_reply", detail) if reading else Ambiguous("no_reply", detail)


def _certificate_refused(error: HTTPError) -> bool:
    return bool(error.args) and isinstance(error.args[0], ssl.SSLCertVerificationError)
