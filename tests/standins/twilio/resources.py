"""What the stand-in remembers: messages and templates, in the shapes that Twilio answers with."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from uuid import uuid4

API_VERSION = "2010-04-01"


def new_sid(prefix: str) -> str:
    return prefix + uuid4().hex


@dataclass
class Message:
    account_sid: str
    to: str
    sender: str  # "" while the messaging service has not chosen one
    service_sid: str
    body: str
    callback_url: str
    made_at: datetime
    sid: str = field(default_factory=lambda: new_sid("SM"))
    status: str = "queued"
    direction: str = "outbound-api"
    error_code: int | None = None
    send_at: datetime | None = None
    sent_at: datetime | None = None
    updated_at: datetime | None = None
    content_sid: str = ""
    media: list[str] = field(default_factory=list)
    #: What will become of it: (status, error code), one after the other.
    ahead: list[tuple[str, int | None]] = field(default_factory=list)

    @property
    def channel(self) -> str:
        return self.to.partition(":")[0] if ":" in self.to else "sms"

    @property
    def uri(self) -> str:
        return f"/{API_VERSION}/Accounts/{self.account_sid}/Messages/{self.sid}.json"

    def resource(self) -> dict[str, Any]:
        return {
            "account_sid": self.account_sid,
            "api_version": API_VERSION,
            "body": self.body,
            "date_created": _rfc2822(self.made_at),
            "date_sent": _rfc2822(self.sent_at),
            "date_updated": _rfc2822(self.updated_at or self.made_at),
            "direction": self.direction,
            "error_code": self.error_code,
            "error_message": None,
            "from": self.sender or None,
            "messaging_service_sid": self.service_sid or None,
            "num_media": str(len(self.media)),
            "num_segments": str(segments(self.body)) if self.sender else "0",
            "price": None,
            "price_unit": "USD",
            "sid": self.sid,
            "status": self.status,
            "subresource_uris": {"media": self.uri.replace(".json", "/Media.json")},
            "to": self.to,
            "uri": self.uri,
        }


@dataclass
class Template:
    account_sid: str
    name: str
    language: str
    types: dict[str, Any]
    variables: dict[str, str]
    made_at: datetime
    sid: str = field(default_factory=lambda: new_sid("HX"))
    status: str = "unsubmitted"
    category: str = ""
    rejection_reason: str = ""
    submitted_as: str = ""

    def rendered(self, variables: dict[str, str]) -> str:
        """The text with its variables; the samples stand in for those that are not given."""
        body = str(next(iter(self.types.values())).get("body", ""))
        for name, value in {**self.variables, **variables}.items():
            body = body.replace("{{" + name + "}}", value)
        return body

    def resource(self) -> dict[str, Any]:
        url = f"https://content.twilio.com/v1/Content/{self.sid}"
        return {
            "account_sid": self.account_sid,
            "date_created": _iso(self.made_at),
            "date_updated": _iso(self.made_at),
            "friendly_name": self.name,
            "language": self.language,
            "links": {
                "approval_create": f"{url}/ApprovalRequests/whatsapp",
                "approval_fetch": f"{url}/ApprovalRequests",
            },
            "sid": self.sid,
            "types": self.types,
            "url": url,
            "variables": self.variables,
        }

    def approval(self) -> dict[str, Any]:
        return {
            "name": self.submitted_as,
            "category": self.category,
            "content_type": next(iter(self.types)),
            "status": self.status,
            "rejection_reason": self.rejection_reason,
            "allow_category_change": False,
        }


def segments(body: str) -> int:
    """Roughly, as the stand-in needs it: ASCII counts as GSM-7."""
    whole, part = (160, 153) if body.isascii() else (70, 67)
    return 1 if len(body) <= whole else -(-len(body) // part)


def _rfc2822(moment: datetime | None) -> str | None:
    return format_datetime(moment.astimezone(UTC)) if moment else None


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
