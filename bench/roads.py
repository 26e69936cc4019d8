"""The ways out that sending is measured on: a stand-in for the provider, and its client in a bare loop.

The bare client is the one that our provider has inside, with nothing of ours around it: a kept connection for each
thread, a mail or a text made beforehand, and only the address differs.
"""

from __future__ import annotations

import smtplib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import requests

if TYPE_CHECKING:
    from recovery.providers.base import Envelope

FLYING = 32
_SENDER = "+15005550006"  # a number that the stand-in knows as a sender of its account
#: Sends what was made beforehand to one address. Raises when it was not taken.
Send = Callable[[str], object]


@dataclass(frozen=True)
class Road:
    """`settings` lead our sender to the stand-in at a port, `taken` asks it how many messages it took in all, and
    `bare` gives a thread its client."""

    name: str
    channel: str
    standin: str
    settings: Callable[[int], dict[str, Any]]
    taken: Callable[[int], int]
    bare: Callable[[int, Envelope], Callable[[], Send]]


def _smtp_taken(port: int) -> int:
    with smtplib.SMTP("127.0.0.1", port, "localhost") as client:
        return int(client.docmd("XCOUNT")[1])


def _smtp_bare(port: int, envelope: Envelope) -> Callable[[], Send]:
    from recovery.providers.mail import mail_bytes

    mail = mail_bytes(envelope)

    def opened() -> Send:
        client = smtplib.SMTP("127.0.0.1", port, "localhost")
        return lambda to: client.sendmail(envelope.sender, [to], mail)

    return opened


def _http_taken(port: int) -> int:
    told = requests.get(f"http://127.0.0.1:{port}/standin/count", timeout=30).json()
    if told.get("violations"):
        raise RuntimeError(f"the stand-in was sent what is not published: {told['violations']}")
    return int(told["taken"])


def _twilio_settings(port: int) -> dict[str, Any]:
    from tests.standins.twilio import ACCOUNT_SID, AUTH_TOKEN

    return {
        "TWILIO_API_URL": f"http://127.0.0.1:{port}",
        "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
        "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
        "TWILIO_FROM": _SENDER,
        "TWILIO_SMS_PER_SECOND": 10_000,
    }


def _twilio_bare(port: int, envelope: Envelope) -> Callable[[], Send]:
    """One client for all threads, as Twilio means it, over the pooled connections that ours has too: the library's own
    way through requests costs half as much again."""
    from twilio.rest import Client

    from recovery.providers.twilio.door import Door
    from recovery.providers.twilio.provider import VALID_SECONDS
    from tests.standins.twilio import ACCOUNT_SID, AUTH_TOKEN

    client = Client(ACCOUNT_SID, AUTH_TOKEN, http_client=Door(f"http://127.0.0.1:{port}", connections=FLYING))
    text = {"body": envelope.text, "status_callback": envelope.callback_url, "validity_period": VALID_SECONDS}
    return lambda: lambda to: client.messages.create(to=to, from_=_SENDER, **text).sid


def _esp_settings(port: int) -> dict[str, Any]:
    return {"ANYMAIL_ESP": "postmark", "ANYMAIL": _postmark(port)}


def _postmark(port: int) -> dict[str, str]:
    return {"server_token": "a-token-of-the-stand-in", "api_url": f"http://127.0.0.1:{port}/"}


def _esp_bare(port: int, envelope: Envelope) -> Callable[[], Send]:
    from anymail.backends.postmark import EmailBackend

    from recovery.providers.mail import as_message

    def opened() -> Send:
        client = EmailBackend(**_postmark(port))
        client.open()
        return lambda to: client.send_messages([as_message(replace(envelope, to=to))])

    return opened


ROADS = [
    Road(
        "SMTP",
        "email",
        "tests.standins.smtp",
        lambda port: {"EMAIL_URL": f"smtp://127.0.0.1:{port}"},
        _smtp_taken,
        _smtp_bare,
    ),
    Road("Twilio", "sms", "tests.standins.twilio", _twilio_settings, _http_taken, _twilio_bare),
    Road("an ESP", "email", "tests.standins.esp", _esp_settings, _http_taken, _esp_bare),
]
