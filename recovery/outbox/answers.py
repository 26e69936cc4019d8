"""What the gate must know, asked for a whole batch at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from datetime import timedelta as td
from typing import TypedDict

from django.db.models import Count, Max, Q

from carts.abandonment import unread_since
from carts.models import Delivery, Order
from config.lib import batch
from customers.consent import Allowed, Refused, may_contact
from customers.models import Channel, Consent, Customer, Store
from customers.models.consent import ConsentState
from recovery.conditions import History
from recovery.experiments.door import Trials, ask_trials
from recovery.models import Message, ProviderEvent, ProviderPause, Reply, TemplateText
from recovery.models.messages import PERHAPS_REACHED
from recovery.outbox.languages import texts_of
from recovery.outbox.routes import open_routes
from recovery.purchases import bought_since

#: An inbox that is this far behind may hold the order that would stop a message.
_INBOX_BEHIND = td(seconds=10)
#: WhatsApp's customer-service window, from the shopper's last message.
_SESSION = td(hours=24)
#: The longest stretch of time that a cap may cover (Store.cap_days).
_LOOKING_BACK = td(days=91)


@dataclass(frozen=True, slots=True)
class Earlier:
    """One message that the person was perhaps sent."""

    channel: str
    cart_id: int
    at: datetime


@dataclass(slots=True)
class Answers:
    """What the questions found, for one batch."""

    bought: set[int] = field(default_factory=set)  # message ids
    contact: dict[tuple[str, int], Allowed | Refused] = field(default_factory=dict)  # (channel, customer id)
    sent: dict[int, list[Earlier]] = field(default_factory=dict)  # customer id
    orders: dict[int, History] = field(default_factory=dict)  # customer id
    opted_in: dict[int, frozenset[str]] = field(default_factory=dict)  # customer id: channels they said yes to
    pauses: dict[tuple[str, int | None], datetime] = field(default_factory=dict)  # (channel, store id or None)
    unread: set[int] = field(default_factory=set)  # store ids
    whatsapp_texts: dict[int, dict[str, TemplateText]] = field(default_factory=dict)  # template id
    in_session: set[int] = field(default_factory=set)  # customers who wrote by WhatsApp within a day
    replied: dict[int, datetime] = field(default_factory=dict)  # customer id: their last word on any channel
    trials: Trials = field(default_factory=Trials)


def ask(messages: Sequence[Message], now: datetime) -> Answers:
    customers = {m.customer_id: m.customer for m in messages}
    stores = {m.store_id for m in messages}
    pauses = ProviderPause.objects.standing(now).filter(Q(store=None) | Q(store_id__in=stores))
    return Answers(
        bought=bought_since({m.pk: (m.customer, m.cart.started_at) for m in messages}),
        contact=_contact(messages, customers),
        sent=_sent(customers, now),
        orders=_orders(customers),
        opted_in=opted_in(customers) if any(map(_asks_channels, messages)) else {},
        pauses={(p.channel, p.store_id): p.until or now + td(days=3650) for p in pauses},
        unread=_unread(stores, now),
        whatsapp_texts=texts_of(_whatsapp_templates(messages)),
        trials=ask_trials(messages),
        **_replies(customers, now),
    )


def _whatsapp_templates(messages: Sequence[Message]) -> set[int]:
    routes = {route for message in messages for route in open_routes(message) if route.channel == Channel.WHATSAPP}
    return {template for route in routes for template in route.templates}


def _asks_channels(message: Message) -> bool:
    return isinstance(message.step.conditions, dict) and "channels" in message.step.conditions


def _orders(customers: Mapping[int, Customer]) -> dict[int, History]:
    orders = Order.objects.filter(customer_id__in=batch.ids(customers), cancelled_at=None, is_test=False).order_by()
    rows = orders.values_list("customer_id").annotate(Count("pk"), Max("placed_at"))
    return {customer_id: History(count, last_at) for customer_id, count, last_at in rows}


def opted_in(customers: Iterable[int]) -> dict[int, frozenset[str]]:
    """The channels that each customer said yes to."""
    rows = Consent.objects.filter(customer_id__in=batch.ids(customers), state=ConsentState.GRANTED)
    found: dict[int, frozenset[str]] = {}
    for customer_id, channel in rows.values_list("customer_id", "channel"):
        found[customer_id] = found.get(customer_id, frozenset()) | {channel}
    return found


class _Replies(TypedDict):
    in_session: set[int]
    replied: dict[int, datetime]


def _replies(customers: Mapping[int, Customer], now: datetime) -> _Replies:
    """Who wrote to us: lately by WhatsApp, and when for the last time at all (words of opt-in and help left aside)."""
    rows = Reply.objects.filter(customer_id__in=batch.ids(customers), at__lte=now).order_by("at")
    replied: dict[int, datetime] = {}
    in_session: set[int] = set()
    for customer_id, channel, intent, at in rows.values_list("customer_id", "channel", "intent", "at"):
        if channel == Channel.WHATSAPP and at > now - _SESSION:
            in_session.add(customer_id)
        if not intent:
            replied[customer_id] = at
    return {"in_session": in_session, "replied": replied}


def _sent(customers: Mapping[int, Customer], now: datetime) -> dict[int, list[Earlier]]:
    """What each person was perhaps sent lately, on any channel."""
    rows = Message.objects.filter(
        customer_id__in=batch.ids(customers), state__in=PERHAPS_REACHED, sent_at__gt=now - _LOOKING_BACK
    )
    found: dict[int, list[Earlier]] = {}
    for customer_id, channel, cart_id, sent_at in rows.values_list("customer_id", "channel", "cart_id", "sent_at"):
        found.setdefault(customer_id, []).append(Earlier(channel, cart_id, sent_at or now))
    return found


def _contact(
    messages: Sequence[Message], customers: Mapping[int, Customer]
) -> dict[tuple[str, int], Allowed | Refused]:
    """Who may be written to, on every channel that any of the messages might go by."""
    asked: dict[tuple[int, str], dict[int, Store]] = {}
    for message in messages:
        for route in open_routes(message):
            asked.setdefault((message.store_id, route.channel), {})[message.customer_id] = message.store
    found: dict[tuple[str, int], Allowed | Refused] = {}
    for (_, channel), people in asked.items():
        store = next(iter(people.values()))
        answers = may_contact(store, [customers[pk] for pk in people], channel)
        found |= {(channel, pk): answer for pk, answer in answers.items()}
    return found


def _unread(stores: set[int], now: datetime) -> set[int]:
    """Stores with something unread that may stop a message: an order, a reply, or whatever has waited too long."""
    waiting = ProviderEvent.objects.pending().filter(kind="inbound").order_by()
    replies = set(waiting.values_list("store_id", flat=True).distinct())
    replies = stores if None in replies else replies & stores  # whose a mail is, is found out when it is read
    oldest = {pk: since for pk, since in unread_since().items() if pk in stores}
    if not oldest:
        return replies
    orders = Delivery.objects.pending().filter(store_id__in=oldest, topic__icontains="order").order_by()
    speaking = set(orders.values_list("store_id", flat=True).distinct())
    return replies | speaking | {pk for pk, since in oldest.items() if since < now - _INBOX_BEHIND}
