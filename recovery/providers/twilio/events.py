"""What Twilio posts to us, read out of its forms. Sources: Twilio docs, "Messaging webhooks", "Track message status".

Names that nobody here knows are fine: Twilio adds some without notice, and which ones come depends on the channel.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs

_SID = re.compile(r"[A-Z]{2}[0-9a-fA-F]{32}")
_LONGEST_BODY = 4096  # characters of an incoming text that are kept; SMS has 1600 at most, WhatsApp this many
_MOST_FIELDS = 300
_CONTROLS = {**dict.fromkeys([*range(1, 9), 11, 12, *range(14, 32), *range(127, 160)], " "), 0: None}

Form = dict[str, list[str]]


class Unreadable(ValueError):
    """This is no form of Twilio's."""


@dataclass(frozen=True, slots=True)
class StatusEvent:
    """How far a message of ours has come. Addresses are numbers without the channel's prefix."""

    sid: str
    status: str
    error_code: int | None
    channel: str  # sms | whatsapp | whatever prefix the address has
    to: str
    from_: str


@dataclass(frozen=True, slots=True)
class InboundEvent:
    """A person wrote, or tapped a button."""

    sid: str
    from_: str
    to: str
    channel: str  # sms | whatsapp | whatever prefix the address has
    body: str
    button_payload: str  # of a quick reply, or the id of a list's item
    opt_out_type: str  # STOP | START | HELP where Twilio handled a keyword itself (Advanced Opt-Out)
    replied_to_sid: str  # the message of ours that they answered
    profile_name: str  # as they call themselves in WhatsApp
    media_count: int


def form_of(body: bytes) -> Form:
    """The form in a request's body, each name with its values, as the signature wants it. Raises Unreadable."""
    try:
        return parse_qs(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError as error:
        raise Unreadable("not a form") from error


def status_event(form: Mapping[str, list[str]]) -> StatusEvent:
    """Raises Unreadable where the message or its status is missing."""
    to, from_ = _text(form, "To"), _text(form, "From")
    code = _text(form, "ErrorCode")
    return StatusEvent(
        sid=_sid(form),
        status=_required(form, "MessageStatus", "SmsStatus").lower(),
        error_code=int(code) if code.isascii() and code.isdigit() and len(code) < 8 else None,
        channel=_channel(from_ or to),
        to=_number(to),
        from_=_number(from_),
    )


def inbound_event(form: Mapping[str, list[str]]) -> InboundEvent:
    """Raises Unreadable where the message or its sender is missing."""
    from_, media = _required(form, "From"), _text(form, "NumMedia")
    return InboundEvent(
        sid=_sid(form),
        from_=_number(from_),
        to=_number(_text(form, "To")),
        channel=_channel(from_),
        body=_text(form, "Body", _LONGEST_BODY),
        button_payload=_text(form, "ButtonPayload", 256) or _text(form, "ListId", 256),
        opt_out_type=_text(form, "OptOutType", 16).upper(),
        replied_to_sid=_text(form, "OriginalRepliedMessageSid", 34),
        profile_name=_text(form, "ProfileName", 100),
        media_count=int(media) if media.isascii() and media.isdigit() and len(media) < 3 else 0,
    )


def _text(form: Mapping[str, list[str]], name: str, limit: int = 64) -> str:
    values = form.get(name)
    return values[0].translate(_CONTROLS).strip()[:limit] if values else ""


def _required(form: Mapping[str, list[str]], *names: str) -> str:
    for name in names:
        if value := _text(form, name):
            return value
    raise Unreadable(f"{names[0]} is missing")


def _sid(form: Mapping[str, list[str]]) -> str:
    sid = _required(form, "MessageSid", "SmsSid")
    if not _SID.fullmatch(sid):
        raise Unreadable("MessageSid is no SID")
    return sid


def _channel(address: str) -> str:
    prefix, colon, _ = address.partition(":")
    return prefix.lower() if colon else "sms"


def _number(address: str) -> str:
    return address.rpartition(":")[2]
