"""The gate asks again at the door. Each question is put to a whole batch at once, in order of finality."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from datetime import timedelta as td

from django.db.models import QuerySet

from carts.models import CartState
from customers.models import Store
from recovery.conditions import BadConditions, Conditions, History, facts_of
from recovery.experiments.door import Draw
from recovery.models import EnrolmentState, FlowStatus, FlowStep, FlowVersion, Message
from recovery.outbox.answers import Answers, Earlier, ask
from recovery.outbox.reach import choose_way
from recovery.outbox.routes import by_variant
from recovery.outbox.verdicts import Defer, Send, Skip, Verdict

_ASK_AGAIN = td(seconds=3)
_FLOW_PAUSED = td(minutes=5)


#: Wide, and of no use to the gate or to a template.
_UNREAD = ("body_html", "body_text", "cart__restore_url", "cart__referrer", "cart__landing_page", "cart__user_agent")


def whole(rows: QuerySet[Message]) -> list[Message]:
    """The messages with all that `judge` looks at. What many have in common (store, step, version) is read once and is
    one and the same object for all of them."""
    messages = list(rows.select_related("customer", "cart", "enrolment").defer(*_UNREAD))
    stores = Store.objects.in_bulk({message.store_id for message in messages})
    steps = FlowStep.objects.prefetch_related("fallbacks", "variants").in_bulk({m.step_id for m in messages})
    versions = FlowVersion.objects.select_related("flow").in_bulk({m.enrolment.version_id for m in messages})
    for message in messages:
        message.store, message.step = stores[message.store_id], steps[message.step_id]
        message.enrolment.version = versions[message.enrolment.version_id]
        message.enrolment.flow = message.enrolment.version.flow
    return messages


def judge(messages: Sequence[Message], *, now: datetime) -> dict[int, Verdict]:
    """A verdict for each message, by its id. Nothing is written: the caller does, draws included.

    The messages come as `whole` reads them.
    """
    answers = ask(messages, now)
    verdicts: dict[int, Verdict] = {}
    for message in sorted(messages, key=lambda m: (m.planned_at, m.pk)):
        verdict = verdict_on(message, answers, now)
        answers.trials.remember(verdict.exposures)
        if isinstance(verdict, Send):
            # Two messages to one person in a batch: the second sees the first as sent.
            earlier = Earlier(verdict.route.channel, message.cart_id, now)
            answers.sent.setdefault(message.customer_id, []).append(earlier)
        verdicts[message.pk] = verdict
    return verdicts


def verdict_on(message: Message, answers: Answers, now: datetime) -> Verdict:
    """One message, by what is known. The draw comes last, see experiments.door."""
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
    if isinstance(way, Send):
        return _drawn(message, way, answers.trials.draw(message), now)
    return _in_time(message, way)


def _drawn(message: Message, way: Send, draw: Draw, now: datetime) -> Verdict:
    """What is left of the way after the draw: nothing for who is held out, a wait for who was drawn to get it later."""
    if draw.held_out:
        return Skip("held_out", draw.held_out, exposures=draw.exposures)
    if draw.variant is None or message.variant_id:
        return replace(way, variant=draw.variant, exposures=draw.exposures)
    step = message.step
    planned = message.enrolment.anchor_at + draw.variant.delay_of(step)
    if planned > now:
        return Defer(planned, "variant_delay", f"variant {draw.variant}", draw.variant, draw.exposures)
    if now > planned + step.late_after:
        return Skip("too_late", f"variant {draw.variant}", draw.variant, draw.exposures)
    route = by_variant(way.route, step, draw.variant)
    return replace(way, route=route, variant=draw.variant, exposures=draw.exposures)


def _in_time(message: Message, verdict: Verdict) -> Verdict:
    """A wait that outlives the step's own window is a refusal."""
    if isinstance(verdict, Defer) and verdict.until > message.expires_at:
        return Skip("too_late", f"{verdict.reason} until {verdict.until:%Y-%m-%d %H:%M} UTC")
    return verdict


def _store_is_off(message: Message, answers: Answers, now: datetime) -> Verdict | None:
    return None if message.store.sends else Skip("store_is_off")


def _erased(message: Message, answers: Answers, now: datetime) -> Verdict | None:
    return Skip("erased") if message.customer.erased_at else None


def _ordered(message: Message, answers: Answers, now: datetime) -> Verdict | None:
    bought = message.cart.state == CartState.ORDERED or message.pk in answers.bought
    return Skip("ordered") if bought else None


def _left(message: Message, answers: Answers, now: datetime) -> Verdict | None:
    """The cart or the shopper left the flow, and the outbox was not told yet."""
    if message.enrolment.state == EnrolmentState.STOPPED:
        return Skip(message.enrolment.stop_reason or "stopped")
    if message.cart.state != CartState.ABANDONED:
        return Skip("returned" if message.cart.state == CartState.ACTIVE else message.cart.state)
    return None


def _replied(message: Message, answers: Answers, now: datetime) -> Verdict | None:
    """Who answered talks with a person now: no further reminder of this cart."""
    word = answers.replied.get(message.customer_id)
    return Skip("replied") if word and word >= message.enrolment.enrolled_at else None


def _unmet(message: Message, answers: Answers, now: datetime) -> Verdict | None:
    history = answers.orders.get(message.customer_id, History())
    opted_in = answers.opted_in.get(message.customer_id, frozenset())
    facts = facts_of(message.cart, message.customer, history, opted_in, now)
    try:
        unmet = Conditions.parse(message.step.conditions).unmet(facts)
    except BadConditions as error:
        return Skip("broken_conditions", str(error))
    return Skip("condition", unmet) if unmet else None


def _too_late(message: Message, answers: Answers, now: datetime) -> Verdict | None:
    return Skip("too_late") if now > message.expires_at else None


def _inbox_behind(message: Message, answers: Answers, now: datetime) -> Verdict | None:
    return Defer(now + _ASK_AGAIN, "inbox_behind") if message.store_id in answers.unread else None


def _flow_paused(message: Message, answers: Answers, now: datetime) -> Verdict | None:
    paused = message.enrolment.flow.status == FlowStatus.PAUSED
    return Defer(now + _FLOW_PAUSED, "flow_paused") if paused else None


def _too_soon(message: Message, answers: Answers, now: datetime) -> Verdict | None:
    last = max((row.at for row in answers.sent.get(message.customer_id, [])), default=None)
    free = last + message.enrolment.flow.minimum_gap if last else now
    return Defer(free, "minimum_gap") if free > now else None


_Question = Callable[[Message, Answers, datetime], Verdict | None]
#: Whoever is told no here is never asked again …
_FINAL: list[_Question] = [_store_is_off, _erased, _ordered, _left, _replied, _unmet, _too_late]
#: … and here, later.
_PASSING: list[_Question] = [_inbox_behind, _flow_paused, _too_soon]
