"""One Twilio account: its senders, messages, templates, and who opted out of what."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.standins.twilio.published import form_problems, json_problems
from tests.standins.twilio.resources import Message, Template
from tests.standins.twilio.rules import Refused, accepted, one

ACCOUNT_SID = "AC" + "0123456789abcdef" * 2
AUTH_TOKEN = "a-token-of-the-stand-in"
SERVICE_SID = "MG" + "0123456789abcdef" * 2
NUMBER = "+15005550006"  # Twilio's own magic number of a sender that works
WHATSAPP_NUMBER = "whatsapp:+14155238886"
_STOP = {"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"}
_START = {"START", "UNSTOP", "YES"}
_WINDOW = timedelta(hours=24)
_NOT_SENDABLE = {"rejected": 63040, "paused": 63041, "disabled": 63042}


class Account:
    """`fates` says how messages to a number end: "delivered", "read", "sent" (no receipt), "undelivered 30003"."""

    def __init__(self, sid: str, token: str, keep: int) -> None:
        self.sid, self.token = sid, token
        self.shared_key = ""  # signs callbacks with HMAC-SHA256 in place of the token
        self.senders = {NUMBER, WHATSAPP_NUMBER}
        self.services = {SERVICE_SID: [NUMBER, WHATSAPP_NUMBER]}
        self.status_callback = ""  # of the service, where a message names none
        self.advanced_opt_out = True
        self.fates: dict[str, str] = {}
        self.violations: list[str] = []  # what we were sent that Twilio does not publish
        self.messages: dict[str, Message] = {}
        self.templates: dict[str, Template] = {}
        self.opted_out: set[tuple[str, str]] = set()  # (number or service, person)
        self.taken = 0
        self.now: Callable[[], datetime] = lambda: datetime.now(UTC)
        self._by_person: dict[str, deque[Message]] = {}
        self._last_heard: dict[tuple[str, str], datetime] = {}
        self._keep = keep

    # -- messages

    def create(self, form: Mapping[str, list[str]]) -> Message:
        """Take a message, or raise Refused."""
        self.violations += [p for p in form_problems("create_message", form) if p != "To is missing"]
        message = accepted(self, form)
        message.status = _first_status(message)
        message.ahead = self._future(message)
        self._remember(message)
        self.taken += 1
        return message

    def find(self, sid: str) -> Message:
        try:
            return self.messages[sid]
        except KeyError:
            raise Refused(404, 20404, f"The requested resource {sid} was not found") from None

    def change(self, sid: str, form: Mapping[str, list[str]]) -> Message:
        """Cancel what is scheduled, or empty the text of what has ended."""
        message = self.find(sid)
        self.violations += form_problems("update_message", form)
        if "Body" in form and one(form, "Body") == "" and "Status" not in form:
            message.body = ""
        elif one(form, "Status") != "canceled" or "Body" in form:
            raise Refused(400, 30400, "Parameters are not valid")
        elif message.status not in ("scheduled", "accepted", "queued"):
            raise Refused(409, 30409, "This message cannot be canceled")
        else:
            message.status, message.ahead = "canceled", []
        return message

    def delete(self, sid: str) -> None:
        message = self.find(sid)
        del self.messages[sid]
        theirs = self._by_person[message.to]
        theirs.remove(message)
        if not theirs:
            del self._by_person[message.to]

    def listed(self, to: str, sender: str) -> list[Message]:
        """The newest first."""
        rows: Iterator[Message] = reversed(self._by_person.get(to, ())) if to else reversed(self.messages.values())
        return [message for message in rows if not sender or message.sender == sender]

    def _remember(self, message: Message) -> None:
        self.messages[message.sid] = message
        self._by_person.setdefault(message.to, deque()).append(message)
        if len(self.messages) > self._keep:
            self.delete(next(iter(self.messages)))

    def _future(self, message: Message) -> list[tuple[str, int | None]]:
        start: list[tuple[str, int | None]] = [("queued", None)] if message.status != "queued" else []
        if code := self._whatsapp_trouble(message):
            return [*start, ("failed", code)]
        fate, _, code_text = self.fates.get(message.to.rpartition(":")[2], "delivered").partition(" ")
        end = (fate, int(code_text) if code_text else None)
        sent: list[tuple[str, int | None]] = [*start, ("sending", None)]
        if fate == "failed":
            return [*sent, end]
        sent.append(("sent", None))
        arrived: list[tuple[str, int | None]] = [("delivered", None)] if fate == "read" else []
        return sent if fate == "sent" else [*sent, *arrived, end]

    def _whatsapp_trouble(self, message: Message) -> int | None:
        """Free text, or a template that is not approved, goes only to who wrote within the last 24 hours."""
        if message.channel != "whatsapp":
            return None
        template = self.templates.get(message.content_sid)
        heard = self._last_heard.get((message.to, self._whatsapp_sender(message)))
        if (template and template.status == "approved") or (heard and self.now() - heard < _WINDOW):
            return None
        return _NOT_SENDABLE.get(template.status, 63016) if template else 63016

    def _whatsapp_sender(self, message: Message) -> str:
        pool = self.services.get(message.service_sid, [])
        return message.sender or next((one for one in pool if one.startswith("whatsapp:")), "")

    def step(self, message: Message) -> tuple[str, int | None] | None:
        """Move one message on by one status."""
        if not message.ahead:
            return None
        message.status, message.error_code = message.ahead.pop(0)
        message.updated_at = self.now()
        if message.status == "sending" and not message.sender:
            pool = self.services[message.service_sid]
            whatsapp = message.channel == "whatsapp"
            message.sender = next(one for one in pool if one.startswith("whatsapp:") == whatsapp)
        if message.status == "sent":
            message.sent_at = message.updated_at
        return message.status, message.error_code

    # -- people

    def is_opted_out(self, sender: str, person: str) -> bool:
        return any((one, person) in self.opted_out for one in {sender, *self._services_of(sender)})

    def hear(self, person: str, to: str, body: str) -> str:
        """A person wrote. Returns the keyword's kind: "" | STOP | START | HELP."""
        self._last_heard[person, to] = self.now()
        word = body.strip().upper()
        kind = "STOP" if word in _STOP else "START" if word in _START else "HELP" if word in ("HELP", "INFO") else ""
        pairs = {(one, person) for one in {to, *self._services_of(to)}}
        handled = self.advanced_opt_out or not person.startswith("whatsapp:")
        if kind == "STOP" and handled:
            self.opted_out |= pairs
        elif kind == "START" and handled:
            self.opted_out -= pairs
        return kind if handled else ""

    def _services_of(self, sender: str) -> list[str]:
        return [service for service, pool in self.services.items() if sender in pool]

    # -- templates

    def make_template(self, body: Any) -> Template:
        self.violations += (problems := json_problems("create_content", body))
        if problems:
            raise Refused(400, 20001, "; ".join(problems)[:300])
        made = (body.get("friendly_name", ""), body["language"], body["types"], body.get("variables") or {})
        template = Template(self.sid, *made, made_at=self.now())
        self.templates[template.sid] = template
        return template

    def template(self, sid: str) -> Template:
        if sid not in self.templates:
            raise Refused(404, 20404, f"The requested resource {sid} was not found")
        return self.templates[sid]

    def submit_template(self, sid: str, body: Any) -> Template:
        template = self.template(sid)
        self.violations += (problems := json_problems("submit_content", body))
        if problems:
            raise Refused(400, 20001, "; ".join(problems)[:300])
        template.status, template.submitted_as, template.category = "received", body["name"], body["category"]
        return template

    def decide(self, sid: str, status: str, reason: str = "") -> None:
        """Meta's word on a template: approved, rejected (with a reason), paused, disabled."""
        template = self.template(sid)
        template.status, template.rejection_reason = status, reason


def _first_status(message: Message) -> str:
    if message.send_at:
        return "scheduled"
    return "accepted" if message.service_sid and not message.sender else "queued"
