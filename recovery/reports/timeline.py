"""What happened to one cart, in one column: events, decisions with their reasons, messages, clicks, orders, credit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from datetime import timedelta as td
from typing import Any

from carts.models import Cart, CartTransition, Order, Refund, TransitionKind
from recovery.models import Click, Credit, Decision, Message, MessageState, Notice, Reply
from recovery.reports.words import answer_in_words, machine_in_words, money, reason_in_words
from recovery.surveys import asks_of

#: A cart that is hammered with events stays readable.
_MOST = 500
#: How long after a cart's last activity a shopper's words may still be about it.
_TALKED_ABOUT = td(days=30)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line. `kind`: cart | decision | message | reply | click | order | credit | survey; `tone`: plain | good |
    bad | quiet."""

    at: datetime
    kind: str
    title: str
    detail: str = ""
    tone: str = "plain"
    code: str = ""  # the ledger's own word for the reason
    message_id: int | None = None

    def as_json(self, store_zone: Any) -> dict[str, Any]:
        """Plain values; the time in the store's zone, with its offset."""
        message = f"m{self.message_id}" if self.message_id else None
        return asdict(self) | {"at": self.at.astimezone(store_zone).isoformat(), "message_id": message}


def timeline(cart: Cart) -> list[Entry]:
    """Every entry of the cart, oldest first. Entries of one moment stand in the order of cause and effect."""
    messages = {message.pk: message for message in cart.messages.select_related("step").order_by("pk")[:_MOST]}
    entries = [
        Entry(cart.started_at, "cart", "Cart started"),
        *_transitions(cart),
        *_decisions(cart, messages),
        *_messages(messages.values()),
        *_talk(cart),
        *_clicks(cart),
        *_orders(cart),
        *_credits(cart),
        *_surveys(cart),
    ]
    return sorted(entries, key=lambda entry: (entry.at, _ORDER.index(entry.kind)))


_ORDER = ("order", "cart", "reply", "decision", "message", "click", "credit", "survey")

_TRANSITIONS = {
    TransitionKind.ABANDONED: ("Last sign of life before the cart went silent", "bad"),
    TransitionKind.RETURNED: ("Came alive again", "good"),
    TransitionKind.EMPTIED: ("Was emptied", "quiet"),
    TransitionKind.ORDERED: ("Was ordered", "good"),
    TransitionKind.CANCELLED: ("Its order was cancelled", "bad"),
}


def _transitions(cart: Cart) -> Iterable[Entry]:
    for row in CartTransition.objects.filter(cart=cart).order_by("id")[:_MOST]:
        if row.kind in (TransitionKind.ORDERED, TransitionKind.CANCELLED) and row.order_id:
            continue  # the order itself is told
        title, tone = _TRANSITIONS[TransitionKind(row.kind)]
        yield Entry(row.at, "cart", title, tone=tone)


_VERDICTS = {
    "enrolled": ("Entered the flow", "plain"),
    "refused": ("Did not enter the flow", "quiet"),
    "stopped": ("Left the flow", "quiet"),
    "planned": ("Planned", "quiet"),
    "sent": ("Taken by the provider", "quiet"),
    "delivered": ("Delivered", "good"),
    "read": ("Read", "good"),
    "rerouted": ("Goes by another channel", "plain"),
    "fell_back": ("Failed, another channel takes over", "plain"),
    "cancelled": ("Cancelled", "quiet"),
    "deferred": ("Put off", "quiet"),
    "skipped": ("Not sent", "quiet"),
    "drawn": ("Drawn for a test", "quiet"),
    "offered": ("Carries a discount code", "good"),
    "no_offer": ("Goes without its discount", "quiet"),
    "code_made": ("The shop made the discount code", "quiet"),
    "code_late": ("The shop did not make the discount code yet", "bad"),
    "code_failed": ("The discount code was not made", "bad"),
    "code_used": ("The discount code was used", "good"),
    "code_revoked": ("The discount code was taken back", "quiet"),
    "retry": ("Could not be sent, tried again later", "bad"),
    "failed": ("Failed", "bad"),
    "unknown": ("Perhaps sent, never repeated", "bad"),
}


def known_verdicts() -> list[tuple[str, str]]:
    """(verdict, words) of the ledger."""
    return [(verdict, words) for verdict, (words, _) in _VERDICTS.items()]


def verdict_in_words(verdict: str) -> str:
    """Taken by the provider: a verdict of the ledger as a marketer would say it."""
    return _VERDICTS[verdict][0] if verdict in _VERDICTS else verdict.replace("_", " ").capitalize()


def _decisions(cart: Cart, messages: dict[int, Message]) -> Iterable[Entry]:
    for row in Decision.objects.filter(cart=cart)[:_MOST]:
        title, tone = verdict_in_words(row.verdict), _VERDICTS.get(row.verdict, ("", "plain"))[1]
        message = messages.get(row.message_id or 0)
        if message and row.verdict == "sent" and row.reason != "told_later":
            continue  # the message itself is told
        if message:
            title = f"{named(message)}: {title[0].lower()}{title[1:]}"
        why = [reason_in_words(row.reason) if row.reason else "", row.detail]
        yield Entry(row.at, "decision", title, " · ".join(filter(None, why)), tone, row.reason, row.message_id)


def named(message: Message) -> str:
    """E-mail 2: the channel and the step."""
    return f"{message.get_channel_display()} {message.step.position}"


_STATES = {
    MessageState.SENDING: "plain",
    MessageState.SENT: "good",
    MessageState.DELIVERED: "good",
    MessageState.READ: "good",
    MessageState.UNKNOWN: "bad",
    MessageState.FAILED: "bad",
}


def _messages(messages: Iterable[Message]) -> Iterable[Entry]:
    for message in messages:
        if message.state in _STATES and message.sent_at:
            state = message.get_state_display()
            title = f"{named(message)}: {state[0].lower()}{state[1:]}"
            tone = _STATES[MessageState(message.state)]
            yield Entry(message.sent_at, "message", title, message.subject, tone, message.reason, message.pk)
        elif message.state == MessageState.QUEUED:
            why = f"waiting: {reason_in_words(message.reason)}" if message.reason else ""
            yield Entry(message.due_at, "message", f"{named(message)}: due", why, "quiet", message.reason, message.pk)


_INTENTS = {
    "stop": "asked to stop",
    "start": "asked to be written to again",
    "help": "asked for help",
    "yes": "said yes",
}
_PURPOSES = {
    "confirm": "Asked to confirm the yes to messages",
    "confirmed": "Thanked for the yes to messages",
    "stopped": "Told that no more messages come",
    "started": "Told that messages come again",
    "help": "Told how to get help",
    "answer": "Answered",
    "survey": "Asked a question",
    "digest": "The numbers of the week",
}


def intent_in_words(reply: Reply) -> str:
    """What the shopper's words were taken for; "" for anything but a keyword."""
    return _INTENTS.get(reply.intent, "")


def purpose_in_words(notice: Notice) -> str:
    return _PURPOSES.get(notice.purpose, notice.purpose)


def _talk(cart: Cart) -> Iterable[Entry]:
    """What the shopper wrote to the store while the cart was there or in the weeks after, and what was answered.

    A reply names no cart, so it is told in the story of each cart that it may have been about.
    """
    if cart.customer_id is None:
        return
    span = (cart.started_at, cart.last_activity_at + _TALKED_ABOUT)
    for reply in Reply.objects.filter(customer_id=cart.customer_id, at__range=span)[:_MOST]:
        title = f"{reply.get_channel_display()}: the shopper {intent_in_words(reply) or 'wrote'}"
        yield Entry(reply.at, "reply", title, shortened(reply.body), "bad" if reply.intent == "stop" else "good")
    notices = Notice.objects.filter(customer_id=cart.customer_id, created_at__range=span).order_by("pk")
    for notice in notices[:_MOST]:
        state = notice.get_state_display().lower()
        why = reason_in_words(notice.reason) if notice.reason else ""
        title = f"{notice.get_channel_display()}: {purpose_in_words(notice)[0].lower()}{purpose_in_words(notice)[1:]}"
        yield Entry(
            notice.sent_at or notice.created_at, "reply", title, " · ".join(filter(None, (state, why))), "quiet"
        )


def shortened(text: str) -> str:
    """One line of a shopper's words."""
    line = " ".join(text.split())
    return f"“{line[:159]}…”" if len(line) > 160 else f"“{line}”" if line else ""


_OUTCOMES = {
    "restored": "led back to the cart",
    "ordered": "the cart was ordered already",
    "expired": "the link had expired",
    "no_address": "the store gave no way back to the cart",
}


def _clicks(cart: Cart) -> Iterable[Entry]:
    for click in Click.objects.filter(cart=cart)[:_MOST]:
        outcome = _OUTCOMES.get(click.outcome, click.outcome)
        if click.machine_reason:
            detail = " · ".join(filter(None, [machine_in_words(click.machine_reason), outcome]))
            title, tone = "A machine opened the link: counts for nothing", "quiet"
        else:
            title, detail, tone = "Clicked the link", outcome, "good"
        yield Entry(click.at, "click", title, detail, tone, click.machine_reason, click.message_id)


def _orders(cart: Cart) -> Iterable[Entry]:
    orders = list(Order.objects.filter(cart=cart).order_by("placed_at")[:_MOST])
    for order in orders:
        notes = [money(order.total, order.currency), "" if order.paid else "not paid yet"]
        notes += ["a test" if order.is_test else ""]
        title, tone = (f"Ordered: {order}", "good") if order.is_placed else (f"Order {order} was begun", "plain")
        yield Entry(order.placed_at, "order", title, " · ".join(filter(None, notes)), tone)
        if order.cancelled_at:
            yield Entry(order.cancelled_at, "order", f"Order {order} was cancelled", tone="bad")
        if order.deleted_at:
            yield Entry(order.deleted_at, "order", f"Order {order} was deleted", tone="bad")
    known = [order.external_id for order in orders]
    for refund in Refund.objects.filter(store_id=cart.store_id, order_external_id__in=known).order_by("at"):
        yield Entry(refund.at, "order", "Refunded", money(refund.amount, refund.currency), "bad")


def _credits(cart: Cart) -> Iterable[Entry]:
    found = Credit.objects.filter(message__cart=cart).select_related("order", "message__step", "click")
    for row in found.order_by("at")[:_MOST]:
        clicked = row.click.at.astimezone(cart.store.zone)
        detail = f"clicked {clicked:%d %b %H:%M}, ordered {row.order}"
        yield Entry(row.at, "credit", f"Credited to {named(row.message)}", detail, "good", message_id=row.message_id)
        if row.withdrawn_at:
            taken = f"Credit of {named(row.message)} taken back"
            yield Entry(row.withdrawn_at, "credit", taken, "the order was cancelled", "bad", message_id=row.message_id)


def _surveys(cart: Cart) -> Iterable[Entry]:
    for row in asks_of(cart):
        where = row.get_via_display()
        yield Entry(row.asked_at, "survey", f"Asked: {row.get_kind_display().lower()}", where, "quiet")
        if row.answered_at:
            told = answer_in_words(row.code) if row.code else f"{row.score}"
            detail = " · ".join(filter(None, [told, shortened(row.comment), where]))
            yield Entry(row.answered_at, "survey", f"Answered: {row.get_kind_display().lower()}", detail, "good")
