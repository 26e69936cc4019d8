"""What to do with what a shopper wrote. A no comes before everything, and a machine answers only what is certain.

Decision: whatever is none of the keywords pauses every channel for that shopper and waits for a person; there is no
automatic answer. Who asked something and gets the next reminder was ignored, and a polite robot does not mend that.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from config.lib import batch
from config.lib.logline import handed
from customers import consent
from customers.addresses import address_hash, address_hashes, normal_phone
from customers.consent import LIFTED_BY_YES
from customers.models import Consent, Customer, Store, Suppression
from customers.models.consent import ConsentState
from customers.models.suppression import SuppressionReason
from recovery import surveys
from recovery.bot.double_opt_in import words_asked
from recovery.bot.keywords import Keyword, intent, twilio_answers_itself
from recovery.bot.senders import people_at
from recovery.bot.texts import sentence
from recovery.flows.exits import stop_customers
from recovery.models import Reply
from recovery.outbox.notices import Wish, ask

log = logging.getLogger("cartback.bot")

#: The source, as the proof of consent names it.
SOURCE = "reply"


@dataclass(frozen=True, slots=True)
class Heard:
    """One incoming message. `keyword` is STOP, START or HELP where the provider has dealt with it already."""

    store: Store
    channel: str
    address: str
    text: str
    provider_id: str
    at: datetime
    button: str = ""  # what a tapped button stands for
    keyword: str = ""
    answers: str = ""  # the provider's id of the message of ours that they answered
    provider: str = "twilio"  # others answer no keyword by themselves


@dataclass(frozen=True, slots=True)
class _Talk:
    """What was heard, from which number, from whom, and whether the provider answers it by itself."""

    heard: Heard
    phone: str
    people: Sequence[Customer]
    reply: Reply
    answered: bool

    @property
    def store(self) -> Store:
        return self.heard.store

    @property
    def channel(self) -> str:
        return self.heard.channel


def hear(heard: Heard, *, now: datetime) -> str:
    """Keep the reply and do what it asks for; returns what it was taken for. One that is known already does nothing.

    Runs inside the caller's transaction.
    """
    phone = normal_phone(heard.address)
    people = people_at(heard.store, phone, answers=heard.answers, now=now) if phone else []
    locale = (people[0].locale if people else "") or heard.store.locale
    wish = intent(heard.text, heard.keyword, heard.button, locale)
    reply = keep_reply(heard, phone or heard.address, people, wish)
    if reply is None:
        return "heard before"
    consent.is_reachable_again(heard.store.pk, heard.channel, [phone])
    twilio = heard.provider == "twilio"
    answered = twilio and twilio_answers_itself(heard.text, heard.keyword, channel=heard.channel)
    done = _DEEDS[wish](_Talk(heard, phone, people, reply, answered), now)
    handed(log, "reply", reply=reply.pk, channel=heard.channel, intent=wish or "none", people=len(people), did=done)
    return done


def keep_reply(heard: Heard, address: str, people: Sequence[Customer], wish: Keyword) -> Reply | None:
    """The reply as a row; None for one that is known already."""
    row = {
        "store_id": heard.store.pk,
        "customer_id": people[0].pk if people else None,
        "channel": heard.channel,
        "address": address[:254],
        "body": heard.text,
        "intent": str(wish),
        "provider_id": heard.provider_id[:200],
        "at": heard.at,
        "answered_at": None,
    }
    if not batch.insert(Reply, [row], conflict="(store_id, provider_id) DO NOTHING"):
        return None
    return Reply.objects.get(store=heard.store, provider_id=row["provider_id"])


# -- what each intent leads to


def _stop(talk: _Talk, now: datetime) -> str:
    """Never again on this channel, and nothing more about the carts of today on any: every other reply stops as much.
    Confirmed once: not to who had stopped it before."""
    was_on = not _standing(talk).exists()
    consent.suppress(talk.store.pk, talk.channel, talk.phone, SuppressionReason.STOP, now=now, detail=SOURCE)
    for person in talk.people:
        consent.revoke(talk.store, person, talk.channel, now=now, source=SOURCE, words=talk.heard.text)
    stop_customers([person.pk for person in talk.people], "stop", now=now, patient=False)
    if was_on:
        _say(talk, "stopped", now)
    return "stop"


def _start(talk: _Talk, now: datetime) -> str:
    """An own act, and so a yes: what STOP forbade is allowed again. A dead number stays dead."""
    lifted = bool(_standing(talk).filter(reason__in=LIFTED_BY_YES).delete()[0])
    if _agree(talk, talk.people, talk.heard.text, now) or lifted:
        _say(talk, "started", now)
    return "start"


def _yes(talk: _Talk, now: datetime) -> str:
    """The second half of a double opt-in; after a STOP the same as START, as networks take it; else just a reply."""
    asked = Consent.objects.filter(customer__in=talk.people, channel=talk.channel, state=ConsentState.PENDING)
    waiting = set(asked.values_list("customer_id", flat=True))
    if waiting:
        people = [person for person in talk.people if person.pk in waiting]
        for person in people:
            words = f"{words_asked(person)} → {talk.heard.text}".strip()
            _agree(talk, [person], words, now)
        _say(talk, "confirmed", now)
        return "yes"
    stopped = _standing(talk).filter(reason__in=LIFTED_BY_YES).exists()
    return _start(talk, now) if stopped else _pause(talk, now)


def _help(talk: _Talk, now: datetime) -> str:
    """At most once an hour: two machines that ask each other for help would never end."""
    _say(talk, "help", now, once_per=f"{now:%Y%m%d%H}")
    return "help"


def _pause(talk: _Talk, now: datetime) -> str:
    """They want to talk to somebody: no more reminders, by whichever channel, for any of their carts.

    A number that answers a question of ours is no wish to talk.
    """
    heard, ids = talk.heard, [person.pk for person in talk.people]
    if surveys.answer_by_text(ids, talk.channel, heard.text, heard.button, since=heard.at, now=now):
        return "survey"
    stop_customers([person.pk for person in talk.people], "replied", now=now)
    return "paused"


_DEEDS: dict[Keyword, Callable[[_Talk, datetime], str]] = {
    Keyword.STOP: _stop,
    Keyword.START: _start,
    Keyword.HELP: _help,
    Keyword.YES: _yes,
    Keyword.NONE: _pause,
}


def _agree(talk: _Talk, people: Sequence[Customer], words: str, now: datetime) -> bool:
    """Whoever has this number says yes to this channel; False when they all had before."""
    theirs = [person for person in people if person.address(talk.channel) == talk.phone]
    granted = Consent.objects.filter(customer__in=theirs, channel=talk.channel, state=ConsentState.GRANTED)
    news = len(theirs) > granted.count()
    for person in theirs:
        consent.grant(talk.store, person, talk.channel, now=now, source=SOURCE, words=words)
    return news


def _standing(talk: _Talk) -> QuerySet[Suppression]:
    """The number's places on the stop list of this channel."""
    return Suppression.objects.filter(
        store=talk.store, channel=talk.channel, address_hash__in=address_hashes(talk.phone)
    )


def _say(talk: _Talk, purpose: str, now: datetime, *, once_per: str = "") -> None:
    if talk.answered or not talk.phone:
        return
    person = talk.people[0] if talk.people else None
    key = f"{purpose}:{talk.channel}:{address_hash(talk.phone)[:32]}:{once_per or talk.heard.provider_id}"
    text = sentence(purpose, talk.store, person, talk.channel)
    ask(Wish(talk.store, person, talk.channel, talk.phone, purpose, text, key, talk.reply), now=now)
