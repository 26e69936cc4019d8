"""What is kept of visits: a row for each on a recovery link, and of the links beside it the newest time."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Exists, OuterRef

from recovery import surveys
from recovery.links.machines import SEVERAL_LINKS
from recovery.models import Click, Link

#: Of one link no more visits than this are kept: whoever hammers on it fills no table.
MOST_CLICKS = 200
_USER_AGENT = 400


def hammered() -> Exists:
    """For annotating links: so many visits are kept that no further one will be."""
    return Exists(Click.objects.filter(link=OuterRef("pk")).order_by()[MOST_CLICKS - 1 :])


def record(link: Link, *, machine_reason: str, user_agent: str, outcome: str, now: datetime) -> None:
    """Keep a visit to a recovery link."""
    Click.objects.create(
        link=link,
        store_id=link.store_id,
        message_id=link.message_id,
        cart_id=link.cart_id,
        at=now,
        user_agent=user_agent.replace("\0", "")[:_USER_AGENT],
        machine_reason=machine_reason,
        outcome=outcome,
    )
    _flag(link, now)


def saw(link: Link, *, now: datetime) -> None:
    """Note a GET on an unsubscribe or preferences link. It changes nothing but what we think of the click before it."""
    Link.objects.filter(pk=link.pk).update(seen_at=now)
    _flag(link, now)


def _flag(link: Link, now: datetime) -> None:
    """A click at the same moment as a visit to another link of the message was a scanner's.

    Each visit is written before the others are looked at, so of two at once at least one sees the other.
    """
    if link.message_id is None:
        return
    since = now - SEVERAL_LINKS
    others = Link.objects.filter(message=OuterRef("message"), seen_at__gte=since)
    clicks = Click.objects.filter(message_id=link.message_id, machine_reason="", at__gte=since)
    if clicks.filter(Exists(others)).update(machine_reason="several_links"):
        surveys.forget_asked(link.message_id, since)
