"""E-mail services over HTTP, through anymail's backends: one vocabulary for a dozen of them."""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

import requests
from anymail.backends.base import AnymailBaseBackend
from anymail.exceptions import (
    AnymailAPIError,
    AnymailConfigurationError,
    AnymailError,
    AnymailImproperlyInstalled,
    AnymailInvalidAddress,
    AnymailRecipientsRefused,
    AnymailSerializationError,
    AnymailUnsupportedFeature,
)
from django.utils.module_loading import import_string
from urllib3.exceptions import NameResolutionError, NewConnectionError
from urllib3.exceptions import SSLError as TlsError

from recovery.providers.anymail.pool import Pool
from recovery.providers.base import Accepted, Ambiguous, Envelope, Misconfigured, Permanent, SendError, Transient
from recovery.providers.mail import as_message

_TIMEOUT = (5, 30)  # seconds to connect, to answer
_TAG = "cart-recovery"
_WITHOUT_METADATA = ("postal",)
# Our own subclasses, which tell the service the name of the send, so that it takes each only once.
_ONCE_ONLY = {"resend": "recovery.providers.anymail.resend.EmailBackend"}
# Postmark answers 422 for these, but they are ours to mend: the sender, the account's standing.
_POSTMARK_OURS = (10, 400, 401, 405, 411, 412, 413)


class EspProvider:
    """Carries e-mail through one service. `esp` is anymail's name for it: postmark, resend, mailgun, amazon_ses …

    `settings` are anymail's own for that service, with or without its prefix: server_token or POSTMARK_SERVER_TOKEN.
    """

    def __init__(self, esp: str, settings: Mapping[str, Any]) -> None:
        self.name = esp
        self._once_only = esp in _ONCE_ONLY
        self._settings = {_bare(name, esp): value for name, value in settings.items()}
        self._pool = Pool(self._opened)

    def send(self, envelope: Envelope) -> Accepted:
        """Raises a SendError subclass. The id is the service's own."""
        backend = self._pool.kept() or self._pool.new()
        message: Any = as_message(envelope)
        message.tags = [_TAG]
        message.idempotency_key = envelope.send_id
        if self.name not in _WITHOUT_METADATA:
            message.metadata = {"send_id": envelope.send_id}
        try:
            sent = backend.send_messages([message])
        except (AnymailError, AnymailConfigurationError, ValueError) as error:
            raise send_error(error, once_only=self._once_only) from error
        finally:
            self._pool.keep(backend)
        if not sent:
            raise Permanent("cancelled", "a pre_send receiver cancelled it")
        return Accepted(_accepted_id(message) or envelope.send_id)

    def close(self) -> None:
        """Close every idle session."""
        self._pool.close()

    def _opened(self) -> Any:
        """A backend with its session open. Raises Misconfigured for a service or settings that do not fit."""
        path = _ONCE_ONLY.get(self.name, f"anymail.backends.{self.name}.EmailBackend")
        try:
            backend: AnymailBaseBackend = import_string(path)(**{"timeout": _TIMEOUT, **self._settings})
            backend.is_fresh = True  # urllib3 sees for itself when the other side has hung up
            backend.open()
        except (ImportError, AnymailConfigurationError) as error:
            raise Misconfigured("esp_settings", f"{self.name}: {error}") from error
        return backend


def send_error(error: Exception, *, once_only: bool) -> SendError:
    """What anymail raised, in our terms. `once_only`: the service knows the send's name, so a repeat is harmless."""
    if isinstance(error, AnymailRecipientsRefused):
        return _refused(error)
    if isinstance(error, AnymailConfigurationError | AnymailImproperlyInstalled):
        return Misconfigured("esp_settings", _short(error))
    if isinstance(error, AnymailInvalidAddress):
        return Permanent("invalid_address", _short(error), suppress="invalid")
    if isinstance(error, AnymailUnsupportedFeature | AnymailSerializationError):
        return Permanent("unsupported", _short(error))
    if not isinstance(error, AnymailAPIError):  # a header with a line end, an address that is none
        return Permanent("invalid_message", _short(error))
    if error.status_code is None:
        return _no_answer(error, once_only)
    return _answer(error, once_only)


def _refused(error: AnymailRecipientsRefused) -> SendError:
    """Every recipient is refused: `invalid` is no address, `rejected` bounced or complained before."""
    status = getattr(error.email_message, "anymail_status", None)
    invalid = "invalid" in ((status and status.status) or ())
    return Permanent("refused", _told(error), suppress="invalid" if invalid else "bounce")


def _no_answer(error: AnymailAPIError, once_only: bool) -> SendError:
    cause = error.__cause__
    if _never_left(cause):
        return Transient("no_connection", _short(cause))
    if isinstance(cause, requests.exceptions.InvalidURL | requests.exceptions.MissingSchema):
        return Misconfigured("esp_settings", _short(cause))
    kind = Transient if once_only else Ambiguous
    return kind("no_reply", _short(cause or error))


def _never_left(cause: BaseException | None) -> bool:
    """No connection was made, so no request was sent."""
    if isinstance(cause, requests.exceptions.ConnectTimeout | requests.exceptions.ProxyError):
        return True
    reason = (
        getattr(cause.args[0], "reason", None) if isinstance(cause, requests.ConnectionError) and cause.args else None
    )
    return isinstance(reason, NewConnectionError | NameResolutionError | TlsError)


def _answer(error: AnymailAPIError, once_only: bool) -> SendError:
    status, code, detail = error.status_code, f"http_{error.status_code}", _told(error)
    if status in (401, 403):
        return Misconfigured(code, detail)
    if status in (408, 429):
        return Transient(code, detail, retry_after=_retry_after(error.response.headers))
    if status == 409 and once_only:
        return _known_already(code, detail)
    if status == 422 and _postmark_code(error) in _POSTMARK_OURS:
        return Misconfigured(f"postmark_{_postmark_code(error)}", detail)
    if 400 <= status < 500:
        return Permanent(code, detail)
    if once_only and status >= 500:
        return Transient(code, detail, retry_after=_retry_after(error.response.headers))
    return Ambiguous(code, detail)  # also a 200 with a body that nobody can read


def _known_already(code: str, detail: str) -> SendError:
    """409: the same send is being worked on right now, or was once made with another text (and perhaps sent)."""
    return Transient(code, detail) if "concurrent" in detail else Ambiguous(code, detail)


def _postmark_code(error: AnymailAPIError) -> int:
    try:
        return int(error.response.json().get("ErrorCode", 0))
    except (ValueError, AttributeError, TypeError):
        return 0


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds, from a number or from an HTTP date (RFC 9110 §10.2.3), taken against the answer's own Date."""
    text = headers.get("Retry-After", "").strip()
    if text.isdigit():
        return float(text)
    try:
        wait = parsedate_to_datetime(text) - parsedate_to_datetime(headers.get("Date", ""))
    except (ValueError, TypeError):
        return None
    return max(0.0, wait.total_seconds())


def _accepted_id(message: Any) -> str:
    found = message.anymail_status.message_id
    return found if isinstance(found, str) else next(iter(found or ()), "")


def _told(error: AnymailError) -> str:
    """The service's own words, from the usual places of an error body."""
    try:
        body = error.response.json()
        words = body.get("message") or body.get("Message") or body.get("error") or ""
        name = body.get("name", "")
    except (ValueError, AttributeError):
        return _short(error)
    return _short(f"{name} {words}".strip() or error)


def _short(words: object) -> str:
    return " ".join(str(words).split())[:300]


def _bare(name: str, esp: str) -> str:
    """anymail's settings are upper case with the service's name in front; its backends take them without."""
    return name.lower().removeprefix("anymail_").removeprefix(f"{esp.replace('_', '')}_").removeprefix(f"{esp}_")
