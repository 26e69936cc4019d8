"""What the door would have found at any moment of the past, read for a batch of carts at once; nothing is locked.

Orders, replies, messages of other flows and what became of the carts are known by their times. Consent, stop lists,
addresses and contents of carts are read as they stand now: no history of them is kept that could be asked at once.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from datetime import timedelta as td

from carts.models import Cart, CartTransition, Order, TransitionKind
from customers.consent import Allowed, Refused, may_contact
from customers.models import Channel, Customer, Store
from recovery.conditions import History
from recovery.experiments.door import Trials
from recovery.models import Flow, FlowStep, FlowVersion, Message, Reply, TemplateText
from recovery.models.messages import PERHAPS_REACHED
from recovery.outbox.answers import Answers, Earlier, opted_in
from recovery.outbox.languages import texts_of
from recovery.purchases import bought_at

#: The longest stretch of time that a cap may cover.
_LOOKING_BACK = td(days=91)
_SESSION = td(hours=24)
_LEAVING = (TransitionKind.RETURNED, TransitionKind.EMPTIED, TransitionKind.ORDERED)


@dataclass(slots=True)
class Past:
    """Of one batch of carts and their customers."""

    silences: dict[int, list[datetime]] = field(default_factory=dict)  # cart: the last sign of life before each silence
    leavings: dict[int, list[tuple[datetime, str]]] = field(default_factory=dict)  # cart: when it left silence, and how
    bought: dict[int, list[datetime]] = field(default_factory=dict)  # customer, by any identity
    orders: dict[int, list[datetime]] = field(default_factory=dict)  # customer: those that conditions count
    sent: dict[int, list[Earlier]] = field(default_factory=dict)  # customer: by other flows, and by this rehearsal
    replies: dict[int, list[tuple[datetime, str, bool]]] = field(default_factory=dict)  # customer: at, channel, a word
    contact: dict[tuple[str, int], Allowed | Refused] = field(default_factory=dict)
    opted_in: dict[int, frozenset[str]] = field(default_factory=dict)
    texts: dict[int, dict[str, TemplateText]] = field(default_factory=dict)  # template
    trials: Trials = field(default_factory=Trials)

    def answers(self, message: Message, at: datetime) -> Answers:
        """For one message at that moment, as `recovery.outbox.answers.ask` would have found them then."""
        who, since = message.customer_id, message.cart.started_at
        replies = [reply for reply in self.replies.get(who, []) if reply[0] <= at]
        words = [when for when, _, is_word in replies if is_word]
        by_whatsapp = any(channel == Channel.WHATSAPP and when > at - _SESSION for when, channel, _ in replies)
        return Answers(
            bought={message.pk} if self.bought_between(who, since, at) else set(),
            contact=self.contact,
            sent={who: [earlier for earlier in self.sent.get(who, []) if earlier.at <= at]},
            orders={who: self._history(who, at)},
            opted_in=self.opted_in,
            whatsapp_texts=self.texts,
            in_session={who} if by_whatsapp else set(),
            replied={who: words[-1]} if words else {},
            trials=self.trials,
        )

    def bought_between(self, customer_id: int, since: datetime, until: datetime) -> bool:
        return any(since <= moment <= until for moment in self.bought.get(customer_id, []))

    def leaving(self, cart_id: int, entered: datetime, at: datetime) -> str:
        """How the cart left its silence between the two moments; "" when it did not."""
        return next((kind for when, kind in self.leavings.get(cart_id, []) if entered < when <= at), "")

    def _history(self, customer_id: int, at: datetime) -> History:
        times = self.orders.get(customer_id, [])
        count = bisect_right(times, at)
        return History(count, times[count - 1]) if count else History()


def read(store: Store, flow: Flow, version: FlowVersion, carts: Sequence[Cart], trials: Trials, now: datetime) -> Past:
    """All that is to be known, in a number of statements that does not grow with the batch."""
    customers = {cart.customer_id: cart.customer for cart in carts if cart.customer and cart.customer_id}
    first = min((cart.started_at for cart in carts), default=now)
    silences, leavings = _transitions(carts)
    templates = {template for step in version.steps.all() for template in templates_of(step)}
    return Past(
        silences=silences,
        leavings=leavings,
        bought=bought_at(set(customers.values()), first) if customers else {},
        orders=_orders(customers, now),
        sent=_sent(customers, flow, first - _LOOKING_BACK),
        replies=_replies(customers, now),
        contact=_contact(store, list(customers.values())),
        opted_in=opted_in(customers),
        texts=texts_of(templates),
        trials=trials,
    )


def templates_of(step: FlowStep) -> set[int]:
    """Every template that some shopper may get of the step."""
    others = {fallback.template_id for fallback in step.fallbacks.all()}
    return {step.template_id} | others | {variant.template_of(step) for variant in step.variants.all()}


def _transitions(carts: Sequence[Cart]) -> tuple[dict[int, list[datetime]], dict[int, list[tuple[datetime, str]]]]:
    silences: dict[int, list[datetime]] = defaultdict(list)
    leavings: dict[int, list[tuple[datetime, str]]] = defaultdict(list)
    rows = CartTransition.objects.filter(cart_id__in=[cart.pk for cart in carts]).order_by("at", "id")
    for cart_id, kind, at in rows.values_list("cart_id", "kind", "at"):
        if kind == TransitionKind.ABANDONED:
            silences[cart_id].append(at)
        elif kind in _LEAVING:
            leavings[cart_id].append((at, kind))
    return dict(silences), dict(leavings)


def _orders(customers: dict[int, Customer], now: datetime) -> dict[int, list[datetime]]:
    rows = Order.objects.filter(customer_id__in=customers, cancelled_at=None, is_test=False, placed_at__lte=now)
    found: dict[int, list[datetime]] = defaultdict(list)
    for customer_id, placed_at in rows.order_by("placed_at").values_list("customer_id", "placed_at"):
        found[customer_id or 0].append(placed_at)
    return dict(found)


def _sent(customers: dict[int, Customer], flow: Flow, since: datetime) -> dict[int, list[Earlier]]:
    """By other flows: what this one sent is what the rehearsal stands in for."""
    rows = Message.objects.filter(customer_id__in=customers, state__in=PERHAPS_REACHED, sent_at__gt=since)
    found: dict[int, list[Earlier]] = defaultdict(list)
    others = rows.exclude(enrolment__flow=flow).values_list("customer_id", "channel", "cart_id", "sent_at")
    for customer_id, channel, cart_id, sent_at in others:
        if sent_at:
            found[customer_id].append(Earlier(channel, cart_id, sent_at))
    return dict(found)


def _replies(customers: dict[int, Customer], now: datetime) -> dict[int, list[tuple[datetime, str, bool]]]:
    rows = Reply.objects.filter(customer_id__in=customers, at__lte=now).order_by("at")
    found: dict[int, list[tuple[datetime, str, bool]]] = defaultdict(list)
    for customer_id, at, channel, intent in rows.values_list("customer_id", "at", "channel", "intent"):
        found[customer_id or 0].append((at, channel, not intent))
    return dict(found)


def _contact(store: Store, people: Sequence[Customer]) -> dict[tuple[str, int], Allowed | Refused]:
    return {
        (channel, pk): answer
        for channel in Channel.values
        for pk, answer in may_contact(store, people, channel).items()
    }
