"""What a person said by way of a provider: a reply, a press of the mail program's unsubscribe, a report as spam."""

from __future__ import annotations

from datetime import datetime

from customers import consent
from customers.models import Channel
from recovery.bot import converse, letters
from recovery.bot.converse import Heard
from recovery.callbacks.ends import End
from recovery.links.optout import cancel_waiting
from recovery.models import EventState, Message, ProviderEvent
from recovery.providers.twilio.events import inbound_event

#: Of the events about a mail, those that a person caused by saying no.
PERSONAL = {"unsubscribed": "unsubscribed", "complained": "complaint"}

_KEPT = ("MessageSid", "AccountSid", "OptOutType", "NumMedia")


def take_leave(event: ProviderEvent, message: Message, now: datetime) -> None:
    """The proof of an unsubscribe, and an end to what waits for the person on this channel."""
    what = event.payload.get("event", {}).get("type", "")
    if what not in PERSONAL:
        return
    if what == "unsubscribed":
        source = f"unsubscribed at {event.provider}"
        consent.revoke(message.store, message.customer, Channel.EMAIL, now=now, source=source)
    cancel_waiting(message.customer_id, Channel.EMAIL, PERSONAL[what], now=now)


def hear(event: ProviderEvent, now: datetime) -> End:
    """A shopper wrote to a store."""
    if "mail" in event.payload:
        return _read_mail(event, now)
    told = inbound_event(event.payload["form"])
    if event.store is None or told.channel not in (Channel.SMS, Channel.WHATSAPP):
        return End(event, EventState.IGNORED, f"nobody listens to {told.channel}")
    heard = Heard(
        store=event.store,
        channel=told.channel,
        address=told.from_,
        text=told.body,
        button=told.button_payload,
        keyword=told.opt_out_type,
        provider_id=told.sid,
        answers=told.replied_to_sid,
        at=event.received_at,
        provider=event.provider,
    )
    done = converse.hear(heard, now=now)
    _forget_words(event)
    return End(event, EventState.DONE, done)


def _read_mail(event: ProviderEvent, now: datetime) -> End:
    """A mail holds its writer's words, so like a text it stays only where they can be erased with the person."""
    mail = event.payload["mail"]
    done, store_id = letters.hear(letters.Letter(**mail, provider=event.provider, at=event.received_at), now=now)
    kept = {name: mail[name] for name in ("id", "auto", "spam")}
    ProviderEvent.objects.filter(pk=event.pk).update(payload={"mail": kept})
    return End(event, EventState.DONE if store_id else EventState.IGNORED, done, store_id=store_id)


def _forget_words(event: ProviderEvent) -> None:
    """The reply keeps them, and is erased with the person; a second copy would outlive them."""
    kept = {name: event.payload["form"][name] for name in _KEPT if name in event.payload["form"]}
    ProviderEvent.objects.filter(pk=event.pk).update(payload={"form": kept})
