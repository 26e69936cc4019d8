"""Answers by e-mail: whose they are, and what they ask for. They pause every channel, as an answer by text does.

Anybody can write any sender into a mail, so a mail may say no but never yes: START and YES are words for a person.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from config.lib.logline import handed
from customers import consent, identity
from customers.addresses import normal_email
from customers.models import Channel, Customer, Store
from customers.models.suppression import SuppressionReason
from recovery.bot.converse import SOURCE, Heard, keep_reply
from recovery.bot.keywords import Keyword, intent
from recovery.flows.exits import stop_customers
from recovery.models import Message

log = logging.getLogger("cartback.bot")


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One incoming mail. `answers`: ids of mails that it replies to; `text`: the writer's own words."""

    id: str
    to: Sequence[str]
    answers: Sequence[str]
    subject: str
    text: str
    auto: bool
    spam: bool
    provider: str
    at: datetime
    sender: str


def hear(letter: Letter, *, now: datetime) -> tuple[str, int | None]:
    """Keep the mail as a reply and do what it asks for; what it was taken for, and the store (None: nobody's).

    Runs inside the caller's transaction.
    """
    if letter.auto or letter.spam:
        return "a machine's answer" if letter.auto else "spam", None
    answered = _answered(letter)
    store = answered.store if answered else _store_at(letter.to)
    if store is None:
        return "about no mail of ours, and to no store's address", None
    people = _people(store, letter, answered)
    wish = Keyword.STOP if intent(letter.text, locale=store.locale) is Keyword.STOP else Keyword.NONE
    body = f"{letter.subject}\n\n{letter.text}".strip()
    heard = Heard(store, Channel.EMAIL, letter.sender, body, letter.id, letter.at, provider=letter.provider)
    reply = keep_reply(heard, normal_email(letter.sender) or letter.sender, people, wish)
    if reply is None:
        return "heard before", store.pk
    done = _stop(store, letter, people, now) if wish else _pause(people, now)
    handed(log, "reply", reply=reply.pk, channel="email", intent=wish or "none", people=len(people), did=done)
    return done, store.pk


def _stop(store: Store, letter: Letter, people: Sequence[Customer], now: datetime) -> str:
    """Never again by e-mail, to the address that wrote and to every one of theirs; and nothing more about the carts of
    today on any channel, as after every other reply."""
    if address := normal_email(letter.sender):
        consent.suppress(store.pk, Channel.EMAIL, address, SuppressionReason.STOP, now=now, detail=SOURCE)
    for person in people:
        consent.revoke(store, person, Channel.EMAIL, now=now, source=SOURCE, words=letter.text[:1_000])
    stop_customers([person.pk for person in people], "stop", now=now, patient=False)
    return "stop"


def _pause(people: Sequence[Customer], now: datetime) -> str:
    stop_customers([person.pk for person in people], "replied", now=now)
    return "paused"


def _answered(letter: Letter) -> Message | None:
    """The message of ours that it answers. Services name it by the whole Message-ID, or by the part before the @."""
    names = {form for one in letter.answers for form in (one, f"<{one}>", one.partition("@")[0]) if form}
    if not names:
        return None
    sent = Message.objects.filter(channel=Channel.EMAIL, provider_id__in=names).select_related("store", "customer")
    return sent.order_by("-planned_at").first()


def _store_at(addresses: Sequence[str]) -> Store | None:
    """The store whose own address it was sent to; None where several share it, since nobody can tell whose it is."""
    wanted = Q()
    for address in addresses:
        wanted |= Q(reply_to__iexact=address) | Q(sender_email__iexact=address)
    found = list(Store.objects.filter(wanted)[:2]) if addresses else []
    return found[0] if len(found) == 1 else None


def _people(store: Store, letter: Letter, answered: Message | None) -> list[Customer]:
    """Who was written to, then whose address it is."""
    owners = identity.find(store.pk, email=letter.sender)
    first = {answered.customer_id} if answered else set()
    found = Customer.objects.filter(pk__in=owners | first, store=store, erased_at=None)
    return sorted(found, key=lambda person: (person.pk not in first, person.pk))
