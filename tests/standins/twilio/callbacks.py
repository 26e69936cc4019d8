"""What Twilio posts to us: signed status callbacks and incoming messages."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hmac import digest
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from tests.standins.twilio.resources import API_VERSION, Message, new_sid, segments

if TYPE_CHECKING:
    from tests.standins.twilio.account import Account

FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Callback:
    """One request to us, ready to be posted."""

    url: str
    body: bytes
    headers: Mapping[str, str]
    form: Mapping[str, str]

    @property
    def status(self) -> str:
        return self.form.get("MessageStatus", "")


def callback(account: Account, url: str, form: Mapping[str, str]) -> Callback:
    """A form post, signed as the account is set up."""
    signed = _signed(account, url + "".join(name + form[name] for name in sorted(form)))
    return Callback(url, urlencode(form).encode(), {"Content-Type": FORM, **signed}, form)


def json_callback(account: Account, url: str, body: bytes) -> Callback:
    """A JSON post: its address carries the body's hash, and only the address is signed."""
    url += f"{'&' if '?' in url else '?'}bodySHA256={hashlib.sha256(body).hexdigest()}"
    return Callback(url, body, {"Content-Type": "application/json", **_signed(account, url)}, {})


def status_form(message: Message, status: str, code: int | None) -> dict[str, str]:
    form = {
        "MessageSid": message.sid,
        "SmsSid": message.sid,
        "MessageStatus": status,
        "SmsStatus": status,
        "AccountSid": message.account_sid,
        "From": message.sender,
        "To": message.to,
        "ApiVersion": API_VERSION,
    }
    if message.service_sid:
        form["MessagingServiceSid"] = message.service_sid
    if code:
        form["ErrorCode"] = str(code)
    if message.channel == "sms":
        return form | ({"RawDlrDoneDate": "2603021015"} if status in ("delivered", "undelivered") else {})
    return form | _whatsapp_extras(message, status)


def _whatsapp_extras(message: Message, status: str) -> dict[str, str]:
    return {
        "ChannelPrefix": "whatsapp",
        "ChannelInstallSid": "XE" + "0" * 32,
        "ChannelToAddress": message.to.removeprefix("whatsapp:"),
        **({"EventType": status.upper()} if status in ("delivered", "read") else {}),
    }


def inbound_form(account: Account, person: str, to: str, body: str, extra: Mapping[str, str]) -> dict[str, str]:
    """An incoming message. `extra` adds or replaces: ButtonPayload, OriginalRepliedMessageSid, MediaUrl0 …"""
    sid, opt_out = new_sid("SM"), account.hear(person, to, body)
    form = {
        **dict.fromkeys(("MessageSid", "SmsSid", "SmsMessageSid"), sid),
        "AccountSid": account.sid,
        "From": person,
        "To": to,
        "Body": body,
        "NumMedia": "0",
        "NumSegments": str(segments(body)),
        "SmsStatus": "received",
        "ApiVersion": API_VERSION,
    }
    if person.startswith("whatsapp:"):
        waid = person.removeprefix("whatsapp:+")
        form |= {"ProfileName": "Anna", "WaId": waid, "MessageType": "text", "Forwarded": "false"}
        form |= {"FrequentlyForwarded": "false", "ReferralNumMedia": "0", "ChannelMetadata": '{"type":"whatsapp"}'}
    if opt_out and account.advanced_opt_out:
        form["OptOutType"] = opt_out
    return {**form, **extra}


def _signed(account: Account, message: str) -> dict[str, str]:
    if account.shared_key:
        signature = digest(account.shared_key.encode(), message.encode(), "sha256")
        settings = {"X-Twilio-Webhooks-Signature-Settings": "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256"}
        return {"X-Twilio-Signature": b64encode(signature).decode(), **settings}
    signature = digest(account.token.encode(), message.encode(), "sha1")
    return {"X-Twilio-Signature": b64encode(signature).decode()}
