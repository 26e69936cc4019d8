"""WhatsApp templates: made at Twilio, submitted to Meta, and asked about. Source: Twilio docs, "Content API".

Each function takes `TwilioProvider.client` and raises a SendError subclass.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from recovery.providers.base import Ambiguous

if TYPE_CHECKING:
    from twilio.rest import Client

#: Cart reminders are marketing, also when they read like a service (Meta: template categories).
CATEGORY = "MARKETING"


@dataclass(frozen=True, slots=True)
class QuickReply:
    """A button under the text. `id` comes back as the button's payload."""

    title: str  # up to 20 characters
    id: str  # up to 200


@dataclass(frozen=True, slots=True)
class Draft:
    """A template to be made. Variables are {{1}}, {{2}} … in `body`, and each needs a sample in `samples`."""

    name: str
    language: str
    body: str
    samples: Mapping[str, str]
    quick_replies: Sequence[QuickReply] = ()


@dataclass(frozen=True, slots=True)
class Approval:
    """Where Meta stands. Statuses: unsubmitted, received, pending, approved, rejected, paused, disabled."""

    status: str
    reason: str = ""  # why it was rejected
    category: str = ""  # Meta may have moved it to another one

    @property
    def may_be_sent(self) -> bool:
        return self.status == "approved"


def create(client: Client, draft: Draft) -> str:
    """Make the template; returns its content SID. Twilio takes the same name more than once."""
    from twilio.rest.content.v1.content import ContentList

    request = ContentList.ContentCreateRequest(
        {
            "friendly_name": draft.name,
            "language": draft.language,
            "variables": dict(draft.samples),
            "types": _types(draft),
        }
    )
    sid = client.content.v1.contents.create(request).sid
    if not sid:
        raise Ambiguous("garbled_reply", "an answer without a content SID")
    return str(sid)


def submit(client: Client, content_sid: str, name: str) -> Approval:
    """Ask Meta to approve it. `name` has small letters, digits and _ only; that of a rejected one is spent."""
    from twilio.rest.content.v1.content.approval_create import ApprovalCreateList

    request = ApprovalCreateList.ContentApprovalRequest({"name": name, "category": CATEGORY})
    answer = client.content.v1.contents(content_sid).approval_create.create(request)
    return _approval(
        {"status": answer.status, "rejection_reason": answer.rejection_reason, "category": answer.category}
    )


def approval(client: Client, content_sid: str) -> Approval:
    """How it stands now."""
    answer = client.content.v1.contents(content_sid).approval_fetch().fetch()
    return _approval(answer.whatsapp or {})


def _types(draft: Draft) -> dict[str, Any]:
    if not draft.quick_replies:
        return {"twilio/text": {"body": draft.body}}
    actions = [{"type": "QUICK_REPLY", "title": button.title, "id": button.id} for button in draft.quick_replies]
    return {"twilio/quick-reply": {"body": draft.body, "actions": actions}}


def _approval(answer: Mapping[str, Any]) -> Approval:
    return Approval(
        str(answer.get("status") or "unsubmitted").lower(),
        str(answer.get("rejection_reason") or ""),
        str(answer.get("category") or ""),
    )
