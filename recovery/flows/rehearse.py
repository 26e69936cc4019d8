"""A flow walked through by shoppers of the past, in memory: the same gate, the same laws, with time as an argument.

Everything is asked at the moments at which it would have been asked, in their order, one shopper after the other: what
a shopper got of one cart counts for the gap and the caps of their next. Nothing is written, locked or sent.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime
from datetime import timedelta as td
from itertools import count

from django.conf import settings

from carts.models import Cart, CartState
from customers.models import Customer, Store
from recovery.channels import sms
from recovery.channels.liquid import TemplateBroken
from recovery.experiments.door import Trials
from recovery.flows.enrol import LiveFlow, refusal
from recovery.flows.past import Past, read
from recovery.links.mint import MessageLinks
from recovery.models import Enrolment, EnrolmentState, Flow, FlowStatus, FlowStep, FlowVersion, Message
from recovery.outbox.answers import Earlier
from recovery.outbox.context import context_of
from recovery.outbox.gate import verdict_on
from recovery.outbox.languages import choose
from recovery.outbox.prepare import take_variant
from recovery.outbox.verdicts import Defer, Send

#: A message that is put off so often is not waiting for a moment, but for a person.
_MOST_SHIFTS = 200


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that would have happened to one cart. `step` 0: at the entrance of the flow."""

    cart_id: int
    customer_id: int
    step: int
    outcome: str  # entered | refused, at the entrance; else sent | skipped | held_out
    at: datetime
    planned_at: datetime
    channel: str = ""
    reason: str = ""
    detail: str = ""
    shifts: tuple[str, ...] = ()  # why it was put off, in their order
    variant: str = ""
    segments: int = 0  # of an SMS
    country: str = ""


@dataclass(slots=True)
class Rehearsal:
    """A flow on stage: copies of the store, the flow and the version, as if they were live."""

    store: Store
    live: LiveFlow
    steps: list[FlowStep]
    trials: Trials
    now: datetime

    def play(self, carts: Sequence[Cart]) -> Iterator[Line]:
        """Every line of a batch of carts. They come with their customers, all carts of one customer in one batch."""
        past = read(self.store, self.live.flow, self.live.version, carts, self.trials, self.now)
        by_person: dict[int, list[Cart]] = {}
        for cart in carts:
            by_person.setdefault(cart.customer_id or -cart.pk, []).append(cart)
        for some in by_person.values():
            yield from _Walk(self, past).of(some)


def stage(flow: Flow, version: FlowVersion, trials: Trials, *, since: datetime, now: datetime) -> Rehearsal:
    """The version as if it had been live since then. It comes with its steps, their fallbacks and variants."""
    store, flow, version = copy(flow.store), copy(flow), copy(version)
    store.is_active, store.uninstalled_at = True, None
    flow.store, flow.status = store, FlowStatus.LIVE
    version.flow, version.published_at = flow, since
    steps = list(version.steps.all())
    return Rehearsal(store, LiveFlow(flow, version, steps[0].delays[0]), steps, trials, now)


@dataclass(order=True, slots=True)
class _Moment:
    at: datetime
    order: int
    cart: Cart = field(compare=False)
    message: Message | None = field(compare=False, default=None)  # None: the cart is at the entrance
    shifts: tuple[str, ...] = field(compare=False, default=())


class _Walk:
    """One shopper's way through the flow, with every cart of theirs."""

    def __init__(self, rehearsal: Rehearsal, past: Past) -> None:
        self._on, self._past = rehearsal, past
        self._moments: list[_Moment] = []
        self._numbers = count(1)
        self._recent: dict[tuple[int, int], datetime] = {}
        self._inside: set[int] = set()  # carts

    def of(self, carts: Iterable[Cart]) -> Iterator[Line]:
        for cart in carts:
            silences = self._past.silences.get(cart.pk) or [cart.first_abandoned_at or cart.last_activity_at]
            for silent_since in silences:
                self._push(silent_since + self._on.store.abandon_after, self._as_of(cart, silent_since))
        while self._moments and self._moments[0].at <= self._on.now:
            moment = heapq.heappop(self._moments)
            yield from self._asked(moment, moment.message) if moment.message else self._entering(moment)

    def _push(self, at: datetime, cart: Cart, message: Message | None = None, shifts: tuple[str, ...] = ()) -> None:
        heapq.heappush(self._moments, _Moment(at, next(self._numbers), cart, message, shifts))

    def _as_of(self, cart: Cart, silent_since: datetime) -> Cart:
        """The cart as it stood when it was found silent, as far as that is kept."""
        then = copy(cart)
        then.store, then.state, then.abandoned_at = self._on.store, CartState.ABANDONED, silent_since
        return then

    def _entering(self, moment: _Moment) -> Iterator[Line]:
        cart, at = moment.cart, moment.at
        if cart.pk in self._inside:
            return
        bought = self._past.bought_between(cart.customer_id or 0, cart.started_at, at)
        why = refusal(cart, self._on.live, bought, self._recent)
        if why:
            yield Line(cart.pk, cart.customer_id or 0, 0, "refused", at, at, reason=why)
            return
        self._inside.add(cart.pk)
        self._recent[self._on.live.flow.pk, cart.customer_id or 0] = at
        enrolment = self._enrolment(cart, at)
        yield Line(cart.pk, cart.customer_id or 0, 0, "entered", at, at)
        for step in self._on.steps:
            message = self._message(cart, enrolment, step)
            self._push(max(at, message.planned_at), cart, message)

    def _enrolment(self, cart: Cart, at: datetime) -> Enrolment:
        flow, version = self._on.live.flow, self._on.live.version
        assert cart.abandoned_at is not None
        return Enrolment(
            store=self._on.store, flow=flow, version=version, cart=cart, customer=cart.customer,
            anchor_at=cart.abandoned_at, enrolled_at=at,
        )  # fmt: skip

    def _message(self, cart: Cart, enrolment: Enrolment, step: FlowStep) -> Message:
        first, last = enrolment.anchor_at + step.delays[0], enrolment.anchor_at + step.delays[-1]
        return Message(
            pk=next(self._numbers), store=self._on.store, enrolment=enrolment, step=step, cart=cart,
            customer=cart.customer, channel=step.channel, due_at=first, planned_at=first,
            expires_at=last + step.late_after,
        )  # fmt: skip

    def _asked(self, moment: _Moment, message: Message) -> Iterator[Line]:
        at = moment.at
        self._leave(message, at)
        verdict = verdict_on(message, self._past.answers(message, at), at)
        take_variant(message, verdict)
        if isinstance(verdict, Defer) and len(moment.shifts) < _MOST_SHIFTS:
            again = max(verdict.until, at + td(seconds=1))
            self._push(again, moment.cart, message, (*moment.shifts, verdict.reason))
        elif isinstance(verdict, Send):
            yield self._sent(message, verdict, moment)
        else:
            outcome = "held_out" if verdict.reason == "held_out" else "skipped"
            yield _line(message, moment, outcome, reason=verdict.reason, detail=verdict.detail)

    def _leave(self, message: Message, at: datetime) -> None:
        """What intake would have told the flow by then."""
        how = self._past.leaving(message.cart.pk, message.enrolment.anchor_at, at)
        if how:
            message.enrolment.state, message.enrolment.stop_reason = EnrolmentState.STOPPED, how

    def _sent(self, message: Message, verdict: Send, moment: _Moment) -> Line:
        channel = verdict.route.channel
        text = choose(self._past.texts.get(verdict.route.template_id, {}), message)
        if text is None:
            return _line(message, moment, "skipped", reason="template_broken", detail="no text in any language")
        try:
            segments = _segments(message, sms.CompiledSms(text.compiled_text, text.locale)) if channel == "sms" else 0
        except TemplateBroken as error:
            return _line(message, moment, "skipped", reason="template_broken", detail=str(error))
        earlier = Earlier(channel, message.cart.pk, moment.at)
        self._past.sent.setdefault(message.customer_id, []).append(earlier)
        return _line(message, moment, "sent", channel=channel, segments=segments)


def _line(
    message: Message, moment: _Moment, outcome: str, *, channel: str = "", reason: str = "", detail: str = "",
    segments: int = 0,
) -> Line:  # fmt: skip
    customer: Customer = message.customer
    return Line(
        message.cart.pk, customer.pk, message.step.position, outcome, moment.at, message.planned_at,
        channel or message.channel, reason, detail, moment.shifts, message.variant.name if message.variant else "",
        segments, message.cart.country or customer.country,
    )  # fmt: skip


#: Of the same length as real ones: an SMS costs by its length.
_LINKS = ("r", "u", "preferences")


def _segments(message: Message, compiled: sms.CompiledSms) -> int:
    urls = MessageLinks(*(f"{settings.PUBLIC_URL}/{path}/{'x' * 16}/" for path in _LINKS))
    store = message.store
    shaped = sms.shape_sms(
        compiled, context_of(message, urls, compiled.locale), sms.SmsSender("+15005550006"), send_id="rehearsal",
        to=message.customer.phone, max_segments=store.sms_max_segments, folding=store.sms_fold,
    )  # fmt: skip
    return shaped.measure.segments
