"""SMS and WhatsApp through Twilio."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from datetime import timedelta as td
from typing import TYPE_CHECKING, Any

from recovery.providers.base import Accepted, Ambiguous, Envelope, Misconfigured, Permanent, SendError
from recovery.providers.twilio.codes import CODES
from recovery.providers.twilio.config import TwilioConfig

if TYPE_CHECKING:
    from twilio.rest import Client

log = logging.getLogger("cartback.twilio")

#: An SMS that has not left Twilio's queue by then is not sent (30036), rather than in the middle of the night.
VALID_SECONDS = 3600
_WHATSAPP = "whatsapp:"
_CONNECTIONS = 256  # kept open at most: one for each thread that sends (SENDING_THREADS)
_CLOCKS_DIFFER = td(seconds=5)
_LOOKED_THROUGH = 50  # the newest messages to one number


@dataclass(frozen=True, slots=True)
class Found:
    """A message that Twilio does have. `status` is Twilio's word for it."""

    sid: str
    status: str
    error_code: int | None = None


class TwilioProvider:
    """One for a configuration and process. Cheap until the first message; it keeps the open connections.

    Twilio has no idempotency key: after an Ambiguous, ask `look_up` before anything else.
    """

    name = "twilio"

    def __init__(self, config: TwilioConfig, *, seconds: float = 15.0) -> None:
        if not (config.account_sid and config.auth_token):
            raise Misconfigured("twilio_settings", "Twilio needs an account SID and an auth token")
        self._config = config
        self._seconds = seconds
        self._opened: tuple[int, Client] | None = None
        self._opening = threading.Lock()

    @property
    def client(self) -> Client:
        """Twilio's client. A forked child gets its own: two processes on one connection would mix their answers up."""
        opened = self._opened
        if opened and opened[0] == os.getpid():
            return opened[1]
        with self._opening:
            if not self._opened or self._opened[0] != os.getpid():
                self._opened = os.getpid(), self._open()
            return self._opened[1]

    def send(self, envelope: Envelope) -> Accepted:
        """Raises a SendError subclass. The id is Twilio's message SID."""
        try:
            message = self.client.messages.create(**self._request(envelope))
        except SendError as error:
            self._report(error)
            raise
        except UnicodeEncodeError as error:
            raise Permanent("invalid_message", "the text holds half a character") from error
        except (ValueError, AttributeError, TypeError) as error:
            raise Ambiguous("garbled_reply", "an answer that is not Twilio's") from error
        if not message.sid:
            raise Ambiguous("garbled_reply", "an answer without a message SID")
        return Accepted(str(message.sid))

    def look_up(self, to: str, channel: str, since: datetime, fragment: Callable[[str], bool]) -> Found | None:
        """The message to `to` whose text `fragment` recognises, made at `since` or later; None when there is none.

        For a send that ended Ambiguous: wait a minute before asking. Raises a SendError subclass.
        """
        rows = self.client.messages.list(to=_address(channel, to), limit=_LOOKED_THROUGH)
        for row in rows:
            if _is_ours(row, since) and fragment(row.body or ""):
                return Found(str(row.sid), str(row.status), row.error_code)
        return None

    def close(self) -> None:
        """Close every idle connection."""
        if self._opened:
            self._opened[1].http_client.close()

    def _open(self) -> Client:
        from twilio.rest import Client  # seconds of work, which the web and e-mail have no use for

        from recovery.providers.twilio.door import Door

        door = Door(self._config.api_url, connections=_CONNECTIONS, seconds=self._seconds)
        return Client(self._config.account_sid, self._config.auth_token, http_client=door)

    def _request(self, envelope: Envelope) -> dict[str, Any]:
        """The keyword arguments of the library's `messages.create`."""
        request: dict[str, Any] = {"to": _address(envelope.channel, envelope.to), **self._sender(envelope)}
        if envelope.callback_url:
            request["status_callback"] = envelope.callback_url
        if envelope.channel == "sms":
            request["validity_period"] = VALID_SECONDS
        if not envelope.content_sid:
            return request | {"body": envelope.text}
        if envelope.content_variables:
            request["content_variables"] = envelope.content_variables
        return request | {"content_sid": envelope.content_sid}

    def _sender(self, envelope: Envelope) -> dict[str, str]:
        """The envelope's own sender, else the configured one; the messaging service where there is none."""
        config = self._config
        service = {"messaging_service_sid": config.messaging_service_sid} if config.messaging_service_sid else {}
        if envelope.channel == "whatsapp":
            number = envelope.sender or config.whatsapp_from
            sender = {"from_": _address("whatsapp", number)} if number else service
        elif envelope.sender:
            sender = {"from_": envelope.sender, **service}
        else:
            sender = service or ({"from_": config.from_number} if config.from_number else {})
        if not sender:
            raise Misconfigured("no_sender", f"no sender is set for {envelope.channel}")
        return sender

    def _report(self, error: SendError) -> None:
        """A refusal that a person has to hear of."""
        code = error.code.removeprefix("twilio_")
        action = CODES.get(int(code)) if code.isdigit() else None
        if isinstance(error, Misconfigured) or (isinstance(error, Permanent) and (action is None or action.alarms)):
            log.warning("twilio refused code=%s detail=%s", error.code, error.detail)


def _address(channel: str, number: str) -> str:
    return f"{_WHATSAPP}{number.removeprefix(_WHATSAPP)}" if channel == "whatsapp" else number


def _is_ours(row: Any, since: datetime) -> bool:
    made = row.date_created
    if not isinstance(made, datetime) or row.direction != "outbound-api":
        return False
    return made.astimezone(UTC) >= since - _CLOCKS_DIFFER
