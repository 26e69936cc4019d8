"""The gate asks again at the door. Each question is put to a whole batch at once, in order of finality."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from datetime import timedelta as td
from typing import TypedDict

from django.db.models import Count, Max, Q

from carts.abandonment import unread_since
from carts.models import CartState, Delivery, Order
from config.lib.hours import quiet_until
from customers.consent import Refused, may_contact
from customers.models import Channel, Customer, Store
from recovery.channels.whatsapp import offered
from recovery.conditions import BadConditions, CartFacts, Conditions, item_keys
from recovery.models import EnrolmentState, FlowStatus, Message, ProviderPause, Reply, TemplateText
from recovery.models.messages import PERHAPS_REACHED
from recovery.outbox.carriers import owns_provider, twilio_account
from recovery.outbox.languages import APPROVED, choose, texts_of
from recovery.outbox.routes import Route, open_routes
from recovery.purchases import bought_since

#: An inbox that is this far behind may hold the order that would stop a message.
_INBOX_BEHIND = td(seconds=10)
_ASK_AGAIN = td(seconds=3)
_FLOW_PAUSED = td(minutes=5)
#: WhatsApp's customer-service window, from the shopper's last message.
_SESSION = td(hours=24)


@dataclass(frozen=True, slots=True)
class Send:
    """It may go, by this route. `because` says why the routes before it were passed over."""

    route: Route
    because: str = ""


@dataclass(frozen=True, slots=True)
class Skip:
    """It is not sent, ever."""

    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Defer:
    """Not now; ask again then."""

    until: datetime
    reason: str
    detail: str = ""


Verdict = Send | Skip | Defer


@dataclass(slots=True)
class _Answers:
    """What the questions found, for one batch."""

    bought: set[int] = field(default_factory=set)  # message ids
    refused: dict[tuple[str, int], Refused] = field(default_factory=dict)  # (channel, customer id)
    last_sent: dict[int, datetime] = field(default_factory=dict)  # customer id
    orders: dict[int, int] = field(default_factory=dict)  # customer id
    pauses: dict[tuple[str, int | None], datetime] = field(default_factory=dict)  # (channel, store id or None)
    unread: dict[int, datetime] = field(default_factory=dict)  # store id
    whatsapp_texts: dict[int, dict[str, TemplateText]] = field(default_factory=dict)  # template id
    in_session: set[int] = field(default_factory=set)  # customers who wrote by WhatsApp within a day
    replied: dict[int, datetime] = field(default_factory=dict)  # customer id: their last word on any channel


def judge(messages: Sequence[Message], *, now: datetime) -> dict[int, Verdict]:
    """A verdict for each message, by its id.

    The messages come with store, customer, cart, step (with its fallbacks) and enrolment (with its flow), so that the
    number of queries does not grow with the batch.
    """
    answers = _ask(messages, now)
    verdicts: dict[int, Verdict] = {}
    for message in sorted(messages, key=lambda m: (m.planned_at, m.pk)):
        verdict = _verdict(message, answers, now)
        if isinstance(verdict, Send):
            # Two messages to one person in a batch: the second sees the first as sent.
            answers.last_sent[message.customer_id] = now
        verdicts[message.pk] = verdict
    return verdicts


def _ask(messages: Sequence[Message], now: datetime) -> _Answers:
    customers = {m.customer_id: m.customer for m in messages}
    stores = {m.store_id for m in messages}
    sent = Message.objects.filter(customer_id__in=customers, state__in=PERHAPS_REACHED)
    orders = Order.objects.filter(customer_id__in=customers, cancelled_at=None, is_test=False)
    pauses = ProviderPause.objects.standing(now).filter(Q(store=None) | Q(store_id__in=stores))
    return _Answers(
        bought=bought_since({m.pk: (m.customer, m.cart.started_at) for m in messages}),
        refused=_refused(messages, customers),
        last_sent=dict(sent.order_by().values_list("customer_id").annotate(Max("sent_at", default=now))),
        orders=dict(orders.order_by().values_list("customer_id").annotate(Count("pk"))),
        pauses={(p.channel, p.store_id): p.until or now + td(days=3650) for p in pauses},
        unread=_unread(stores, now),
        whatsapp_texts=texts_of(_whatsapp_templates(messages)),
        **_replies(customers, now),
    )


def _whatsapp_templates(messages: Sequence[Message]) -> set[int]:
    return {r.template_id for m in messages for r in open_routes(m) if r.channel == Channel.WHATSAPP}


class _Replies(TypedDict):
    in_session: set[int]
    replied: dict[int, datetime]


def _replies(customers: Mapping[int, Customer], now: datetime) -> _Replies:
    """Who wrote to us: lately by WhatsApp, and when for the last time at all (words of opt-in and help left aside)."""
    rows = Reply.objects.filter(customer_id__in=customers, at__lte=now).order_by("at")
    replied: dict[int, datetime] = {}
    in_session: set[int] = set()
    for customer_id, channel, intent, at in rows.values_list("customer_id", "channel", "intent", "at"):
        if channel == Channel.WHATSAPP and at > now - _SESSION:
            in_session.add(customer_id)
        if not intent:
            replied[customer_id] = at
    return {"in_session": in_session, "replied": replied}


def _refused(messages: Sequence[Message], customers: Mapping[int, Customer]) -> dict[tuple[str, int], Refused]:
    """Who may not be written to, on every channel that any of the messages might go by."""
    asked: dict[tuple[int, str], dict[int, Store]] = {}
    for message in messages:
        for route in open_routes(message):
            asked.setdefault((message.store_id, route.channel), {})[message.customer_id] = message.store
    refused: dict[tuple[str, int], Refused] = {}
    for (_, channel), people in asked.items():
        store = next(iter(people.values()))
        answers = may_contact(store, [customers[pk] for pk in people], channel)
        refused |= {(channel, pk): answer for pk, answer in answers.items() if isinstance(answer, Refused)}
    return refused


def _unread(stores: set[int], now: datetime) -> dict[int, datetime]:
    """Stores whose unread deliveries may hold an order: any that speaks of orders, or whatever has waited too long."""
    oldest = {pk: since for pk, since in unread_since().items() if pk in stores}
    if not oldest:
        return {}
    orders = Delivery.objects.pending().filter(store_id__in=oldest, topic__icontains="order").order_by()
    speaking = set(orders.values_list("store_id", flat=True).distinct())
    return {pk: since for pk, since in oldest.items() if pk in speaking or since < now - _INBOX_BEHIND}


def _verdict(message: Message, answers: _Answers, now: datetime) -> Verdict:
    for question in _FINAL:
        found = question(message, answers, now)
        if found:
            return found
    way = choose_way(message, answers, now)
    if isinstance(way, Skip):
        return way
    for question in _PASSING:
        found = question(message, answers, now)
        if found:
            return _in_time(message, found)
    return _in_time(message, way)


def _in_time(message: Message, verdict: Verdict) -> Verdict:
    """A wait that outlives the step's own window is a refusal."""
    if isinstance(verdict, Defer) and verdict.until > message.expires_at:
        return Skip("too_late", f"{verdict.reason} until {verdict.until:%Y-%m-%d %H:%M} UTC")
    return verdict


def choose_way(message: Message, answers: _Answers, now: datetime) -> Verdict:
    """The first of the step's channels on which the shopper can be reached at this moment.

    Where every channel that is open to them has to wait, the one that waits least is waited for; where none is open,
    the marketer's first choice says why.
    """
    barred: list[tuple[str, Skip]] = []
    waiting: list[Defer] = []
    for route in open_routes(message):
        bar = _barred(message, route, answers, now)
        hold = None if bar else _held(message, route, answers, now)
        if bar:
            barred.append((route.channel, bar))
        elif hold:
            waiting.append(hold)
        else:
            return Send(route, "; ".join(f"{channel}: {bar.reason}" for channel, bar in barred))
    if waiting:
        return min(waiting, key=lambda defer: defer.until)
    first = barred[0][1]
    others = "; ".join(f"{channel}: {bar.reason}" for channel, bar in barred[1:])
    return Skip(first.reason, "; ".join(part for part in (first.detail, others) if part))


def _barred(message: Message, route: Route, answers: _Answers, now: datetime) -> Skip | None:
    """Why the shopper cannot be reached by this route at all."""
    refused = answers.refused.get((route.channel, message.customer_id))
    if refused:
        return Skip(refused.reason, refused.detail)
    return _no_whatsapp(message, route, answers) if route.channel == Channel.WHATSAPP else None


def _no_whatsapp(message: Message, route: Route, answers: _Answers) -> Skip | None:
    """Outside the 24 hours after the shopper's last word only an approved template is carried."""
    if not offered(message.customer.phone, message.cart.country or message.customer.country):
        return Skip("whatsapp_not_offered", "Meta delivers no marketing to numbers of the United States")
    text = choose(answers.whatsapp_texts.get(route.template_id, {}), message)
    free = message.customer_id in answers.in_session or not twilio_account(message.store)
    if text is None or not (text.approval == APPROVED or free):
        status = (text and text.approval) or "not submitted"
        return Skip("template_not_approved", f"the WhatsApp template is {status}")
    return None


def _held(message: Message, route: Route, answers: _Answers, now: datetime) -> Defer | None:
    """Why this route has to wait."""
    return _quiet(message, route, answers, now) or _provider_paused(message, route, answers, now)


def _store_is_off(message: Message, answers: _Answers, now: datetime) -> Verdict | None:
    return None if message.store.sends else Skip("store_is_off")


def _erased(message: Message, answers: _Answers, now: datetime) -> Verdict | None:
    return Skip("erased") if message.customer.erased_at else None


def _ordered(message: Message, answers: _Answers, now: datetime) -> Verdict | None:
    bought = message.cart.state == CartState.ORDERED or message.pk in answers.bought
    return Skip("ordered") if bought else None


def _left(message: Message, answers: _Answers, now: datetime) -> Verdict | None:
    """The cart or the shopper left the flow, and the outbox was not told yet."""
    if message.enrolment.state == EnrolmentState.STOPPED:
        return Skip(message.enrolment.stop_reason or "stopped")
    if message.cart.state != CartState.ABANDONED:
        return Skip("returned" if message.cart.state == CartState.ACTIVE else message.cart.state)
    return None


def _replied(message: Message, answers: _Answers, now: datetime) -> Verdict | None:
    """Who answered talks with a person now: no further reminder of this cart."""
    word = answers.replied.get(message.customer_id)
    return Skip("replied") if word and word >= message.enrolment.enrolled_at else None


def _unmet(message: Message, answers: _Answers, now: datetime) -> Verdict | None:
    cart = message.cart
    facts = CartFacts(
        total=cart.total,
        country=cart.country or message.customer.country,
        items=item_keys(cart.lines),
        earlier_orders=answers.orders.get(message.customer_id, 0),
    )
    try:
        unmet = Conditions.parse(message.step.conditions).unmet(facts)
    except BadConditions as error:
        return Skip("broken_conditions", str(error))
    return Skip("condition", unmet) if unmet else None


def _too_late(message: Message, answers: _Answers, now: datetime) -> Verdict | None:
    return Skip("too_late") if now > message.expires_at else None


def _inbox_behind(message: Message, answers: _Answers, now: datetime) -> Verdict | None:
    return Defer(now + _ASK_AGAIN, "inbox_behind") if message.store_id in answers.unread else None


def _flow_paused(message: Message, answers: _Answers, now: datetime) -> Verdict | None:
    paused = message.enrolment.flow.status == FlowStatus.PAUSED
    return Defer(now + _FLOW_PAUSED, "flow_paused") if paused else None


def _too_soon(message: Message, answers: _Answers, now: datetime) -> Verdict | None:
    last = answers.last_sent.get(message.customer_id)
    free = last + message.enrolment.flow.minimum_gap if last else now
    return Defer(free, "minimum_gap") if free > now else None


def _quiet(message: Message, route: Route, answers: _Answers, now: datetime) -> Defer | None:
    store = message.store
    until = quiet_until(now, store.zone, store.quiet_from, store.quiet_until)
    return Defer(until, "quiet_hours") if until else None


def _provider_paused(message: Message, route: Route, answers: _Answers, now: datetime) -> Defer | None:
    own = owns_provider(message.store, route.channel)
    until = answers.pauses.get((route.channel, message.store_id if own else None))
    return Defer(until, "provider_paused") if until else None


_Question = Callable[[Message, _Answers, datetime], Verdict | None]
#: Whoever is told no here is never asked again …
_FINAL: list[_Question] = [_store_is_off, _erased, _ordered, _left, _replied, _unmet, _too_late]
#: … and here, later.
_PASSING: list[_Question] = [_inbox_behind, _flow_paused, _too_soon]
