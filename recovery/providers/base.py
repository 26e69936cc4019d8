"""What goes to a provider and what comes back. Providers are pure: envelope in, receipt out, no models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Envelope:
    """One message, ready to be carried."""

    send_id: str  # our own id of the message, the same at every attempt; providers hand it back in callbacks
    channel: str  # email | sms | whatsapp
    to: str  # an e-mail address or an E.164 number
    sender: str  # an e-mail address, a number or a sender id
    text: str
    to_name: str = ""
    sender_name: str = ""
    reply_to: str = ""
    subject: str = ""
    html: str = ""
    message_id: str = ""  # RFC 5322, angle brackets included; e-mail only
    headers: Mapping[str, str] = field(default_factory=dict)
    callback_url: str = ""  # where the provider tells how this very message ended; SMS and WhatsApp
    content_sid: str = ""  # an approved WhatsApp template, which goes in place of `text`
    content_variables: str = ""  # its variables: a JSON object of texts, none of them empty


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider took it. `provider_id` is what its callbacks will name."""

    provider_id: str


class SendError(Exception):
    """The provider did not say yes. `code` is short and stable, `detail` is for a person and holds no secret."""

    def __init__(self, code: str, detail: str = "", *, retry_after: float | None = None) -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail
        self.retry_after = retry_after  # seconds that the provider asked us to wait


class Transient(SendError):
    """Certainly not accepted, and worth another try later."""


class NotTried(Transient):
    """It was not even called: it had just been given up for a while."""


class Permanent(SendError):
    """Certainly not accepted, and no later try will be. `suppress` names why the address is dead, or is ""."""

    def __init__(self, code: str, detail: str = "", *, suppress: str = "") -> None:
        super().__init__(code, detail)
        self.suppress = suppress  # "" | invalid | bounce | stop


class Misconfigured(SendError):
    """Our settings are wrong (credentials, sender). The provider is paused until a person mends them."""


class Ambiguous(SendError):
    """Nobody knows whether it was accepted. Never repeated blindly: the row rests as unknown."""


class Provider(Protocol):
    """A carrier for one or more channels. `send` is called from many threads at once."""

    name: str

    def send(self, envelope: Envelope) -> Accepted:
        """Hand it over. Raises a SendError subclass; any other exception counts as Ambiguous."""
