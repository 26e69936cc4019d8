"""What belongs to no flow: answers and confirmations that a person asked for, a survey's question, the weekly numbers.

No gaps and no quiet hours (a survey is asked in the day, see recovery.bot.asking), and each goes once.

One at a time: a notice is `sending` only while it is being handed over, and there are few of them.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta as td

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from config.lib import batch, retry
from config.lib.clock import ticking
from config.lib.logline import handed
from config.lib.sealing import Unsealable
from customers.addresses import address_hash, address_hashes
from customers.consent import LIFTED_BY_YES, Allowed, may_contact, suppress
from customers.models import Channel, Consent, Customer, Store, Suppression
from customers.models.consent import ConsentState
from recovery import surveys
from recovery.channels.context import one_line
from recovery.channels.email import one_click
from recovery.channels.segments import measure
from recovery.links.mint import masked
from recovery.models import MessageState, Notice, ProviderPause, Reply
from recovery.outbox.breaker import Breaker
from recovery.outbox.callback_urls import callback_url
from recovery.outbox.carriers import Carrier, carrier_for, owns_provider
from recovery.outbox.throttle import seconds_to_wait
from recovery.providers.base import Accepted, Ambiguous, Envelope, Misconfigured, Permanent, SendError

log = logging.getLogger("cartback.notices")

_MOST = 20
_GOOD_FOR = td(hours=24)  # an answer that comes later answers nothing
#: Who said STOP is told so once, and who then asks for help gets it; nobody else on the stop list is written to.
#: Somebody of the store asked for the digest, whatever they say as a shopper.
_ANSWERS_TO_STOP = ("stopped", "help", "digest")

_breaker = Breaker()


@dataclass(frozen=True, slots=True)
class Wish:
    """A notice to be made. The same `dedupe_key` makes only one."""

    store: Store
    customer: Customer | None
    channel: str
    to: str
    purpose: str  # confirm | confirmed | stopped | started | help | answer | survey | digest
    text: str
    dedupe_key: str
    reply: Reply | None = None
    content_sid: str = ""  # the same with buttons, as Twilio knows it; WhatsApp only
    # Of e-mail:
    subject: str = ""
    html: str = ""
    unsubscribe_url: str = ""


def ask(wish: Wish, *, now: datetime) -> bool:
    """Put a notice into the queue; False when it is there already."""
    row = {
        "store_id": wish.store.pk,
        "customer_id": wish.customer.pk if wish.customer else None,
        "reply_id": wish.reply.pk if wish.reply else None,
        "channel": wish.channel,
        "purpose": wish.purpose,
        "dedupe_key": wish.dedupe_key[:200],
        "to": wish.to,
        "subject": wish.subject[:200],
        "text": wish.text,
        "content_sid": wish.content_sid,
        "html": wish.html,
        "unsubscribe_url": wish.unsubscribe_url,
        "state": str(MessageState.QUEUED),
        "due_at": now,
        "created_at": now,
        "attempts": 0,
        **dict.fromkeys(("provider", "provider_id", "reason", "detail"), ""),
    }
    return batch.insert(Notice, [row], conflict="(store_id, dedupe_key) DO NOTHING") > 0


def send_notices(now: datetime) -> int:
    """Send what is due, at most twenty; returns how many were dealt with. The clock starts at `now` and goes on."""
    clock, count = ticking(now), _rescue(now)
    for _ in range(_MOST):
        taken = _prepare(clock())
        if taken is None:
            break
        count += 1
        if isinstance(taken, _Ready):
            _settle(taken, _hand_over(taken), clock())
    if count:
        handed(log, "send_notices", count=count)
    return count


@dataclass(frozen=True, slots=True)
class _Ready:
    notice: Notice
    envelope: Envelope
    carrier: Carrier


@transaction.atomic
def _prepare(now: datetime) -> _Ready | Notice | None:
    """Claim the next one and mark it; the row alone where it does not go now, None where nothing is due."""
    due = Notice.objects.due(now).select_related("store", "customer")
    notice = due.select_for_update(skip_locked=True, no_key=True, of=("self",)).first()
    if notice is None:
        return None
    reason = _why_not(notice, now)
    if reason:
        if notice.purpose == "survey":
            surveys.never_asked(notice.dedupe_key)
        return _write(notice, state=MessageState.SKIPPED, reason=reason, **_blanked(notice))
    until = _paused_until(notice, now)
    try:
        carrier = carrier_for(notice.store, notice.channel)
    except (Misconfigured, Unsealable) as error:
        return _write(notice, due_at=now + td(minutes=15), reason="provider_paused", detail=str(error)[:300])
    if until:
        return _write(notice, due_at=until, reason="provider_paused")
    if wait := seconds_to_wait(
        carrier, str(notice.customer_id or address_hash(notice.to)), measure(notice.text).segments
    ):
        return _write(notice, due_at=now + td(seconds=wait), reason="rate_limit")
    envelope = _envelope(notice, carrier)
    _write(
        notice,
        state=MessageState.SENDING,
        sent_at=now,
        attempts=notice.attempts + 1,
        provider=carrier.name,
        reason="",
        detail="",
    )
    return _Ready(notice, envelope, carrier)


def _why_not(notice: Notice, now: datetime) -> str:
    if not notice.store.sends:
        return "store_is_off"
    if not notice.to or (notice.customer and notice.customer.erased_at):
        return "erased"
    if now - notice.created_at > _GOOD_FOR:
        return "too_late"
    if notice.purpose == "confirm" and not _still_asks(notice):
        return "no_longer_asked"
    if notice.purpose == "survey" and not _agreed(notice):
        return "no_consent"
    return "suppressed" if _is_suppressed(notice) else ""


def _agreed(notice: Notice) -> bool:
    """A question that nobody asked for goes to who said yes to the channel, as a reminder does."""
    person = notice.customer
    return person is not None and isinstance(may_contact(notice.store, [person], notice.channel)[person.pk], Allowed)


def _still_asks(notice: Notice) -> bool:
    pending = Consent.objects.filter(customer=notice.customer_id, channel=notice.channel, state=ConsentState.PENDING)
    return pending.exists()


def _is_suppressed(notice: Notice) -> bool:
    found = Suppression.objects.filter(
        store=notice.store_id, channel=notice.channel, address_hash__in=address_hashes(notice.to)
    )
    if notice.purpose in _ANSWERS_TO_STOP:
        found = found.exclude(reason__in=LIFTED_BY_YES)
    return found.exists()


def _paused_until(notice: Notice, now: datetime) -> datetime | None:
    own = owns_provider(notice.store, notice.channel)
    whose = Q(store=notice.store_id) if own else Q(store=notice.store_id) | Q(store=None)
    pauses = ProviderPause.objects.standing(now).filter(whose, channel=notice.channel)
    return max((pause.until or now + td(hours=1) for pause in pauses), default=None)


def _envelope(notice: Notice, carrier: Carrier) -> Envelope:
    send_id = f"n{notice.pk}.{notice.created_at:%Y%m%d%H%M%S}"
    if notice.channel != Channel.EMAIL:
        told = callback_url(notice)
        sid = notice.content_sid
        return Envelope(send_id, notice.channel, notice.to, "", notice.text, callback_url=told, content_sid=sid)
    sender = carrier.sender
    return Envelope(
        send_id,
        notice.channel,
        notice.to,
        sender=one_line(sender.address),
        text=notice.text,
        sender_name=one_line(sender.name),
        reply_to=one_line(sender.reply_to),
        subject=one_line(notice.subject),
        html=notice.html,
        message_id=f"<{send_id}@{sender.address.rpartition('@')[2]}>",
        headers=one_click(notice.unsubscribe_url),
    )


def _hand_over(ready: _Ready) -> Accepted | SendError:
    try:
        return ready.carrier.provider.send(ready.envelope)
    except SendError as error:
        return error
    except Exception as error:  # it may have sent or not: that is what ambiguous means
        log.exception("provider %s broke", ready.carrier.name)
        return Ambiguous("provider_broke", type(error).__name__)


def _settle(ready: _Ready, outcome: Accepted | SendError, now: datetime) -> None:
    """A row that a callback has moved on meanwhile is left as it is."""
    notice = ready.notice
    rows = Notice.objects.filter(pk=notice.pk, state=MessageState.SENDING)
    if isinstance(outcome, Accepted):
        rows.update(state=MessageState.SENT, provider_id=outcome.provider_id[:200], **_blanked(notice))
    else:
        state, due_at = _judged(notice, outcome, now)
        kept = {} if state == MessageState.QUEUED else _blanked(notice)
        rows.update(state=state, due_at=due_at, reason=outcome.code[:30], detail=outcome.detail[:300], **kept)
        if state == MessageState.FAILED and notice.purpose == "survey":
            surveys.never_asked(notice.dedupe_key)
    if isinstance(outcome, Permanent) and outcome.suppress:
        suppress(notice.store_id, notice.channel, notice.to, outcome.suppress, now=now, detail=outcome.code)
    _breaker.watch(ready.carrier, outcome, now=now)


def _blanked(notice: Notice) -> dict[str, str]:
    """What is kept of it: links grant something, and only their hashes stay."""
    if notice.purpose != "survey":
        return {}
    return {"text": masked(notice.text), "html": masked(notice.html), "unsubscribe_url": ""}


def _judged(notice: Notice, error: SendError, now: datetime) -> tuple[MessageState, datetime]:
    if isinstance(error, Permanent):
        return MessageState.FAILED, notice.due_at
    if isinstance(error, Ambiguous):
        return MessageState.UNKNOWN, notice.due_at
    if isinstance(error, Misconfigured):
        return MessageState.QUEUED, now + td(minutes=1)  # the pause holds it back for longer
    wait = retry.delay(notice.attempts, error.retry_after)
    return (MessageState.FAILED, notice.due_at) if wait is None else (MessageState.QUEUED, now + wait)


def _write(notice: Notice, **changes: object) -> Notice:
    for name, value in changes.items():
        setattr(notice, name, value)
    notice.save(update_fields=list(changes))
    return notice


def _rescue(now: datetime) -> int:
    """What a dead worker left behind is unknown, and not repeated."""
    lease = td(seconds=settings.SENDING_LEASE_SECONDS)
    stuck = Notice.objects.filter(state=MessageState.SENDING, sent_at__lt=now - lease)
    return stuck.update(state=MessageState.UNKNOWN, reason="worker_died")
