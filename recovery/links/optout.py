"""Saying no by a link, and saying yes again. Whatever became of the person since, the address written to is left alone.

Decision: a no on one channel cancels what waits in the outbox for that channel and nothing else. The flow goes on; the
gate refuses the rest of that channel at the door, so a yes said again takes effect for the steps that still come.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from customers import consent
from customers.addresses import address_hashes
from customers.consent import LIFTED_BY_YES, Allowed, Refused, may_contact
from customers.models import Channel, Customer, Suppression
from customers.models.consent import ConsentState
from customers.models.suppression import SuppressionReason
from recovery import ledger
from recovery.ledger import Entry
from recovery.models import Link, Message, MessageState
from recovery.models.messages import STOPPABLE

#: Sources, as the proof of consent names them.
LINK, ONE_CLICK, PAGE = "unsubscribe link", "one-click", "preferences page"

_A_YES = (ConsentState.GRANTED, ConsentState.SOFT)


@dataclass(frozen=True, slots=True)
class Standing:
    """One channel of a person: whether they are written to, and whether this link may change a no into a yes."""

    channel: str
    on: bool
    may_turn_on: bool


@transaction.atomic
def stop(link: Link, channels: Iterable[str], *, source: str, words: str, now: datetime) -> None:
    """Never write again on these channels, to the person or to the link's address. Repeating it changes nothing."""
    person = _locked(link)
    for channel in channels:
        if person:
            consent.revoke(link.store, person, channel, now=now, source=source, words=words)
            cancel_waiting(person.pk, channel, "unsubscribed", now=now)
        if channel == link.channel and link.address_hash:
            reason = SuppressionReason.UNSUBSCRIBE
            consent.suppress_hash(link.store_id, channel, link.address_hash, reason, now=now, detail=source)


@transaction.atomic
def resume(link: Link, channel: str, *, source: str, words: str, now: datetime) -> bool:
    """The person says yes (again) on a channel; False, and nothing is changed, where this link may not say so."""
    person = _locked(link)
    if person is None or now >= link.expires_at or not _may_say_yes(link, person, channel):
        return False
    consent.grant(link.store, person, channel, now=now, source=source, words=words)
    return True


def standings(link: Link, *, now: datetime) -> list[Standing]:
    """Where the link's person stands on each channel that reaches them; [] for nobody or somebody erased."""
    person = link.customer
    if person is None or person.erased_at:
        return []
    rows = []
    for channel in Channel.values:
        if not person.address(channel):
            continue
        on = isinstance(may_contact(link.store, [person], channel)[person.pk], Allowed)
        rows.append(Standing(channel, on, now < link.expires_at and _may_say_yes(link, person, channel)))
    return rows


@transaction.atomic
def choose(link: Link, wanted: Iterable[str], *, words: Mapping[tuple[str, bool], str], now: datetime) -> None:
    """Bring the person's channels to what they ticked. `words`: what the page said for (channel, ticked).

    A yes that stands is not said again by leaving it ticked: a box that was ticked beforehand proves nothing.
    """
    ticked = set(wanted)
    said = consent.standing(link.customer) if link.customer else {}
    for row in standings(link, now=now):
        channel = row.channel
        if channel not in ticked and said[channel] in _A_YES:
            stop(link, [channel], source=PAGE, words=words[channel, False], now=now)
        elif channel in ticked and not row.on and row.may_turn_on:
            resume(link, channel, source=PAGE, words=words[channel, True], now=now)


def is_stopped(link: Link) -> bool:
    """Is the address that the link was sent to never written to again?"""
    stopped = Suppression.objects.filter(store=link.store, channel=link.channel, address_hash=link.address_hash)
    return stopped.exists()


def cancel_waiting(customer_id: int, channel: str, reason: str, *, now: datetime) -> int:
    """Cancel what waits in the outbox for the person on this channel; returns how many messages that were.

    What a sender holds at this moment is not waited for: it asks whether they said no before it lets go.
    """
    waiting = Message.objects.filter(customer_id=customer_id, channel=channel, state__in=STOPPABLE)
    rows = list(waiting.select_for_update(skip_locked=True, no_key=True, of=("self",)).order_by("pk"))
    Message.objects.filter(pk__in=[m.pk for m in rows]).update(
        state=MessageState.CANCELLED, reason=reason[:30], ended_at=now
    )
    ledger.note(
        (Entry(m.store_id, m.cart_id, "cancelled", reason, enrolment_id=m.enrolment_id, message_id=m.pk) for m in rows),
        now=now,
    )
    return len(rows)


def _locked(link: Link) -> Customer | None:
    """The link's person, locked, so that of many opt-outs at once only the first finds a yes to take back.

    Asked twice: while the lock was waited for, they may have been merged into somebody else, and the link with them.
    """
    for _ in range(2):
        people = Customer.objects.filter(links=link.pk, erased_at=None)
        person = people.select_for_update(no_key=True, of=("self",)).first()
        if person:
            return person
    return None


def _may_say_yes(link: Link, person: Customer, channel: str) -> bool:
    """The link proves that its holder reads the address it was sent to, and no other. A dead mailbox or a spam report
    stays, whatever anybody says."""
    address = person.address(channel)
    if not address or link.address_hash not in address_hashes(address):
        return False
    verdict = may_contact(link.store, [person], channel)[person.pk]
    return not isinstance(verdict, Refused) or verdict.reason != "suppressed" or verdict.detail in LIFTED_BY_YES
