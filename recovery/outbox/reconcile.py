"""Asking the provider about messages of which nobody knows whether they went. Found: they did. Never repeated."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Callable
from datetime import datetime
from datetime import timedelta as td

from config.lib.sealing import Unsealable
from recovery import ledger
from recovery.ledger import Entry
from recovery.models import Link, LinkKind, Message, MessageState
from recovery.outbox.carriers import carrier_for
from recovery.providers.base import SendError
from recovery.providers.twilio.provider import Found, TwilioProvider

log = logging.getLogger("cartback.reconcile")

#: Twilio lists a message some moments after it took it; after a while it would have told us by itself.
_AFTER = td(minutes=1)
_UNTIL = td(minutes=15)
_BATCH = 20
_TOKEN = re.compile(r"/r/([0-9A-Za-z]{8,32})")


def reconcile(now: datetime) -> int:
    """Look up unknown SMS and WhatsApp messages once they are a minute old; returns how many were found.

    One that is not found within a quarter of an hour rests as unknown: for a reminder a lost message costs less than a
    double one.
    """
    unknown = Message.objects.filter(
        state=MessageState.UNKNOWN,
        channel__in=["sms", "whatsapp"],
        provider="twilio",
        provider_id="",
        sent_at__lte=now - _AFTER,
        sent_at__gt=now - _UNTIL,
    )
    # An unknown message is due for nothing, so `due_at` tells when it was last asked about: each gets its turn.
    asked = list(unknown.select_related("store").order_by("due_at", "pk")[:_BATCH])
    found = sum(_settle(message, now) for message in asked)
    Message.objects.filter(pk__in=[m.pk for m in asked], state=MessageState.UNKNOWN).update(due_at=now)
    return found


def _settle(message: Message, now: datetime) -> int:
    found = _look_up(message)
    if found is None:
        return 0
    changed = Message.objects.filter(pk=message.pk, state=MessageState.UNKNOWN).update(
        state=MessageState.SENT, provider_id=found.sid, reason="", detail="", ended_at=None
    )
    entry = Entry(
        message.store_id,
        message.cart_id,
        "sent",
        "found_at_provider",
        found.status,
        enrolment_id=message.enrolment_id,
        message_id=message.pk,
    )
    ledger.note([entry] if changed else [], now=now)
    return changed


def _look_up(message: Message) -> Found | None:
    try:
        provider = carrier_for(message.store, message.channel).provider
        if not isinstance(provider, TwilioProvider) or message.sent_at is None or not message.to:
            return None
        return provider.look_up(message.to, message.channel, message.sent_at, _carries_link_of(message))
    except (SendError, Unsealable) as error:
        log.warning("look-up failed message=m%s error=%s", message.pk, error)
        return None


def _carries_link_of(message: Message) -> Callable[[str], bool]:
    """Does a text carry one of the message's own recovery links? Only their hashes are known."""
    links = Link.objects.filter(message=message, kind=LinkKind.RECOVER)
    hashes = set(links.values_list("token_hash", flat=True))
    return lambda text: any(hashlib.sha256(t.encode()).hexdigest() in hashes for t in _TOKEN.findall(text))
