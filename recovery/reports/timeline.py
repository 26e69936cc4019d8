"""What happened to one cart, in one column: events, decisions with their reasons, messages, clicks, orders, credit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from carts.models import Cart
from recovery.models import Decision, Message, MessageState
from recovery.reports.entries import Entry, named
from recovery.reports.happenings import MOST
from recovery.reports.stories import told
from recovery.reports.words import detail_in_words, reason_in_words


def cart_messages(cart: Cart) -> dict[int, Message]:
    """The cart's messages by their ids, with their steps."""
    rows = cart.messages.select_related("step").defer("body_html").order_by("pk")
    return {message.pk: message for message in rows[:MOST]}


def timeline(cart: Cart, messages: Mapping[int, Message] | None = None) -> list[Entry]:
    """Every entry of the cart, oldest first. Entries of one moment stand in the order of cause and effect.

    `messages`: those of the cart, where the caller has read them already.
    """
    messages = cart_messages(cart) if messages is None else messages
    entries = [
        Entry(cart.started_at, "cart", "Cart started"),
        *_decisions(cart, messages),
        *_messages(messages.values()),
        *told(cart, messages),
    ]
    return sorted(entries, key=lambda entry: (entry.at, _ORDER.index(entry.kind)))


_ORDER = ("order", "cart", "reply", "draw", "code", "decision", "message", "click", "credit", "survey")

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
    "hastened": ("To go at once", "plain"),
    "resent": ("Sent again as a new message", "plain"),
    "put_back": ("Put back into the flow", "plain"),
    "put_in": ("Put into the flow", "plain"),
    "marked_test": ("Marked as a test cart", "quiet"),
    "not_a_test": ("No test cart after all", "plain"),
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


def _decisions(cart: Cart, messages: Mapping[int, Message]) -> Iterable[Entry]:
    for row in Decision.objects.filter(cart=cart)[:MOST]:
        title, tone = verdict_in_words(row.verdict), _VERDICTS.get(row.verdict, ("", "plain"))[1]
        message = messages.get(row.message_id or 0)
        if message and row.verdict == "sent" and row.reason != "told_later":
            continue  # the message itself is told
        if message:
            title = f"{named(message)}: {title[0].lower()}{title[1:]}"
        if row.verdict in ("drawn", "code_used", "code_revoked") or (row.verdict, row.reason) == ("offered", ""):
            continue  # the draw and the code themselves are told
        why = [reason_in_words(row.reason) if row.reason else "", detail_in_words(row.detail)]
        yield Entry(row.at, "decision", title, " · ".join(filter(None, why)), tone, row.reason, row.message_id)


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
