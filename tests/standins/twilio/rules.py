"""When Twilio refuses a message at once. Codes and words: Twilio docs, error dictionary and "Test credentials"."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tests.standins.twilio.resources import Message, Template

if TYPE_CHECKING:
    from tests.standins.twilio.account import Account

LONGEST_BODY = 1600
_NUMBER = re.compile(r"(whatsapp:)?\+[1-9]\d{6,14}")
_SENDER_ID = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}|\d{3,8}")
_SERVICE = re.compile(r"MG[0-9a-fA-F]{32}")
_TEMPLATE = re.compile(r"HX[0-9a-fA-F]{32}")
_MAGIC_TO = {
    "+15005550001": (400, 21211, "The 'To' number +15005550001 is not a valid phone number."),
    "+15005550002": (400, 21612, "The 'To' phone number: +15005550002, is not currently reachable."),
    "+15005550003": (400, 21408, "Permission to send an SMS has not been enabled for this region."),
    "+15005550004": (400, 21610, "Attempt to send to unsubscribed recipient"),
    "+15005550009": (400, 21614, "'To' number: +15005550009, is not a valid mobile number"),
}
_MAGIC_FROM = {
    "+15005550001": (400, 21212, "The 'From' number +15005550001 is not a valid phone number."),
    "+15005550007": (400, 21606, "The 'From' phone number is not a valid, SMS-capable phone number"),
    "+15005550008": (429, 21611, "This 'From' number has exceeded the maximum number of queued messages"),
}
_SOONEST, _LATEST = timedelta(seconds=300), timedelta(days=35)


class Refused(Exception):
    """The answer is no."""

    def __init__(self, status: int, code: int, words: str) -> None:
        super().__init__(words)
        self.status, self.code, self.words = status, code, words


def one(form: Mapping[str, list[str]], name: str) -> str:
    return form.get(name, [""])[0]


def accepted(account: Account, form: Mapping[str, list[str]]) -> Message:
    """The message, or Refused."""
    to, sender, service = one(form, "To"), one(form, "From"), one(form, "MessagingServiceSid")
    _check_addresses(account, to, sender, service)
    _check_options(form)
    template, variables = _template(account, form)
    body = template.rendered(variables) if template else one(form, "Body")
    media = form.get("MediaUrl", [])
    if not body and not media:
        raise Refused(400, 21602, "Message body is required.")
    if len(body) > LONGEST_BODY:
        raise Refused(400, 21617, "The concatenated message body exceeds the 1600 character limit.")
    if account.is_opted_out(sender or service, to):
        raise Refused(400, 21610, "Attempt to send to unsubscribed recipient")
    return Message(
        account.sid,
        to,
        sender,
        service,
        body,
        one(form, "StatusCallback") or account.status_callback,
        account.now(),
        send_at=_send_at(account, form, service),
        content_sid=template.sid if template else "",
        media=media,
    )


def _check_addresses(account: Account, to: str, sender: str, service: str) -> None:
    if not to:
        raise Refused(400, 21604, "A 'To' phone number is required.")
    if not sender and not service:
        raise Refused(400, 21603, "A 'From' phone number is required.")
    for magic in (_MAGIC_TO.get(to), _MAGIC_FROM.get(sender)):
        if magic:
            raise Refused(*magic)
    if not _NUMBER.fullmatch(to):
        raise Refused(400, 21211, f"The 'To' number {to} is not a valid phone number.")
    _check_service(account, service)
    if sender:
        _check_sender(account, to, sender)


def _check_service(account: Account, service: str) -> None:
    if service and not _SERVICE.fullmatch(service):
        raise Refused(400, 21705, "The Messaging Service Sid is invalid")
    if service and service not in account.services:
        raise Refused(400, 21701, "The Messaging Service does not exist")
    if service and not account.services[service]:
        raise Refused(400, 21703, "The Messaging Service contains no phone numbers")


def _check_sender(account: Account, to: str, sender: str) -> None:
    if not _NUMBER.fullmatch(sender) and not _SENDER_ID.fullmatch(sender):
        raise Refused(400, 21212, f"The 'From' number {sender} is not a valid phone number.")
    if sender.startswith("whatsapp:") != to.startswith("whatsapp:"):
        raise Refused(400, 21910, "Invalid From and To pair. From and To should be of the same channel")
    if sender not in account.senders:
        whatsapp = sender.startswith("whatsapp:")
        raise Refused(400, 63007 if whatsapp else 21660, f"{sender} is not a sender of this account")


def _check_options(form: Mapping[str, list[str]]) -> None:
    callback, validity = one(form, "StatusCallback"), one(form, "ValidityPeriod")
    host = urlsplit(callback).hostname or ""
    if callback and (not host or "_" in host or len(callback) > 4000):
        raise Refused(400, 21609, "The 'StatusCallback' URL is not a valid URL")
    if validity and not (validity.isdigit() and 1 <= int(validity) <= 36000):
        raise Refused(400, 21625, "The 'ValidityPeriod' is out of range")


def _template(account: Account, form: Mapping[str, list[str]]) -> tuple[Template | None, dict[str, str]]:
    sid, variables = one(form, "ContentSid"), one(form, "ContentVariables")
    if variables and not sid:
        raise Refused(400, 21654, "A ContentSid is required with ContentVariables")
    if not sid:
        return None, {}
    template = account.templates.get(sid) if _TEMPLATE.fullmatch(sid) else None
    if template is None:
        raise Refused(400, 21655, "The ContentSid is invalid")
    return template, _variables(variables)


def _variables(text: str) -> dict[str, str]:
    try:
        variables: Any = json.loads(text or "{}")
    except ValueError:
        variables = None
    good = isinstance(variables, dict) and all(isinstance(value, str) and value for value in variables.values())
    if not good:
        raise Refused(400, 21656, "The ContentVariables parameter is invalid")
    return dict(variables)


def _send_at(account: Account, form: Mapping[str, list[str]], service: str) -> datetime | None:
    if one(form, "ScheduleType") != "fixed":
        return None
    if not one(form, "SendAt"):
        raise Refused(400, 35111, "SendAt timestamp is missing")
    if not service:
        raise Refused(400, 35118, "MessagingServiceSid is required to schedule a message")
    moment = datetime.fromisoformat(one(form, "SendAt"))
    if not _SOONEST <= moment - account.now() <= _LATEST:
        raise Refused(400, 35114, "SendAt time must be between 300 seconds and 35 days in the future")
    return moment
