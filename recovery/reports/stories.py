"""What happened around a cart, row by row, as lines of its story."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from carts.models import Cart, TransitionKind
from carts.models.carts import StageChoice
from customers.models import Channel
from recovery.models import CodeState, ExperimentKind, Message, MessageState, Notice, Reply
from recovery.models.surveys import SurveyKind, SurveyVia
from recovery.reports.entries import Entry, named, shortened
from recovery.reports.happenings import Row, happenings
from recovery.reports.words import answer_in_words, machine_in_words, money, reason_in_words

Messages = Mapping[int, Message]


def told(cart: Cart, messages: Messages) -> Iterable[Entry]:
    """Every line but those of messages and decisions, in no order."""
    return (entry for row in happenings(cart) for entry in _TOLD[row.kind](row, cart, messages))


_TRANSITIONS = {
    TransitionKind.ABANDONED: ("Last sign of life before the cart went silent", "bad"),
    TransitionKind.RETURNED: ("Came alive again", "good"),
    TransitionKind.EMPTIED: ("Was emptied", "quiet"),
    TransitionKind.ORDERED: ("Was ordered", "good"),
    TransitionKind.CANCELLED: ("Its order was cancelled", "bad"),
}


def _transition(row: Row, cart: Cart, messages: Messages) -> Iterable[Entry]:
    if row["kind"] in (TransitionKind.ORDERED, TransitionKind.CANCELLED) and row["order_id"]:
        return  # the order itself is told
    title, tone = _TRANSITIONS[TransitionKind(row["kind"])]
    yield Entry(row.time("at"), "cart", title, tone=tone)


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


def _reply(row: Row, cart: Cart, messages: Messages) -> Iterable[Entry]:
    said = _INTENTS.get(row["intent"], "wrote")
    tone = "bad" if row["intent"] == "stop" else "good"
    yield Entry(row.time("at"), "reply", f"{_channel(row)}: the shopper {said}", shortened(row["body"]), tone)


def _notice(row: Row, cart: Cart, messages: Messages) -> Iterable[Entry]:
    purpose = _PURPOSES.get(row["purpose"], row["purpose"])
    why = reason_in_words(row["reason"]) if row["reason"] else ""
    detail = " · ".join(filter(None, (MessageState(row["state"]).label.lower(), why)))
    at = row.maybe("sent_at") or row.time("created_at")
    yield Entry(at, "reply", f"{_channel(row)}: {purpose[0].lower()}{purpose[1:]}", detail, "quiet")


def _channel(row: Row) -> str:
    return str(Channel(row["channel"]).label)


_OUTCOMES = {
    "restored": "led back to the cart",
    "ordered": "the cart was ordered already",
    "expired": "the link had expired",
    "no_address": "the store gave no way back to the cart",
}


def _click(row: Row, cart: Cart, messages: Messages) -> Iterable[Entry]:
    outcome = _OUTCOMES.get(row["outcome"], row["outcome"])
    title, detail, tone = "Clicked the link", outcome, "good"
    machine = row["machine_reason"]
    if machine:
        detail = " · ".join(filter(None, [machine_in_words(machine), outcome]))
        title, tone = "A machine opened the link: counts for nothing", "quiet"
    yield Entry(row.time("at"), "click", title, detail, tone, machine, row["message_id"])


def _order(row: Row, cart: Cart, messages: Messages) -> Iterable[Entry]:
    name = row["number"] or row["external_id"]
    notes = [money(row.amount("total"), row["currency"]), "" if row["paid"] else "not paid yet"]
    notes += ["a test" if row["is_test"] else ""]
    title, tone = (f"Ordered: {name}", "good") if row["is_placed"] else (f"Order {name} was begun", "plain")
    yield Entry(row.time("placed_at"), "order", title, " · ".join(filter(None, notes)), tone)
    for field, what in (("cancelled_at", "cancelled"), ("deleted_at", "deleted")):
        if row[field]:
            yield Entry(row.time(field), "order", f"Order {name} was {what}", tone="bad")


def _refund(row: Row, cart: Cart, messages: Messages) -> Iterable[Entry]:
    yield Entry(row.time("at"), "order", "Refunded", money(row.amount("amount"), row["currency"]), "bad")


def _credit(row: Row, cart: Cart, messages: Messages) -> Iterable[Entry]:
    whose, pk = _whose(row, messages), row["message_id"]
    clicked = row.time("clicked").astimezone(cart.store.zone)
    detail = f"clicked {clicked:%d %b %H:%M}, ordered {row['number'] or row['order']}"
    yield Entry(row.time("at"), "credit", f"Credited to {whose}", detail, "good", message_id=pk)
    if row["withdrawn_at"]:
        taken = f"Credit of {whose} taken back"
        yield Entry(row.time("withdrawn_at"), "credit", taken, "the order was cancelled", "bad", message_id=pk)


def _whose(row: Row, messages: Messages) -> str:
    message = messages.get(row["message_id"] or 0)
    return named(message) if message else "a message"


def _change(row: Row, cart: Cart, messages: Messages) -> Iterable[Entry]:
    what, at = row["what"], row.time("at")
    if what.get("lines"):
        lines = "; ".join(_line(*line) for line in what["lines"])
        yield Entry(at, "cart", f"Cart changed: {lines}", f"now {money(row.amount('total'), cart.currency)}")
    if what.get("stage"):
        yield Entry(at, "cart", f"Got as far as: {StageChoice(what['stage']).label.lower()}")
    if what.get("payment_failed"):
        yield Entry(at, "cart", "A payment failed", tone="bad")


def _line(title: str, was: int, now: int) -> str:
    """2 × Lamp added; Mug removed; Shirt from 1 to 3"""
    name = title or "something without a title"
    if not was:
        return f"{now} × {name} added"
    return f"{name} from {was} to {now}" if now else f"{name} removed"


def _code(row: Row, cart: Cart, messages: Messages) -> Iterable[Entry]:
    name, offer = f"Discount code {row['code']}", f"offer “{row['offer']}”"
    if row["given_at"]:
        until = row.maybe("expires_at")
        valid = f", valid until {until.astimezone(cart.store.zone):%d %b %H:%M}" if until else ""
        yield Entry(row.time("given_at"), "code", f"{name} was given", f"{offer}{valid}")
    elif row["state"] == CodeState.FAILED:
        why = reason_in_words(row["reason"]) if row["reason"] else ""
        yield Entry(row.time("created_at"), "code", f"{name} could not be made", why or offer, "bad")
    else:
        yield Entry(row.time("created_at"), "code", f"{name}: {CodeState(row['state']).label.lower()}", offer, "quiet")
    if row["redeemed_at"]:
        saved = money(row.amount("amount_redeemed"), row["currency"]) if row["amount_redeemed"] else ""
        detail = " · ".join(filter(None, [f"order {row['order']}" if row["order"] else "", saved and f"{saved} off"]))
        yield Entry(row.time("redeemed_at"), "code", f"{name} was used", detail, "good")
    if row["revoked_at"]:
        yield Entry(row.time("revoked_at"), "code", f"{name} was taken back", tone="quiet")
    ran_out = row.maybe("expires_at")
    if row["state"] == CodeState.EXPIRED and ran_out:
        yield Entry(ran_out, "code", f"{name} ran out unused", tone="quiet")


def _draw(row: Row, cart: Cart, messages: Messages) -> Iterable[Entry]:
    whose = f"flow “{row['flow']}”" if row["flow"] else "all flows of the store"
    if row["what"] == ExperimentKind.VARIANTS:
        title, tone = f"Drawn into variant “{row['arm']}” of message {row['position']}", "quiet"
    elif row["arm"] == "holdout":
        title, tone = "Held out: gets no message, so that those who do can be compared", "plain"
    else:
        title, tone = "Drawn to get messages: others are held out for comparison", "quiet"
    yield Entry(row.time("at"), "draw", title, f"test of {whose}", tone)


def _survey(row: Row, cart: Cart, messages: Messages) -> Iterable[Entry]:
    what, where = str(SurveyKind(row["kind"]).label).lower(), str(SurveyVia(row["via"]).label)
    yield Entry(row.time("asked_at"), "survey", f"Asked: {what}", where, "quiet")
    if row["answered_at"]:
        told = answer_in_words(row["code"]) if row["code"] else f"{row['score']}"
        detail = " · ".join(filter(None, [told, shortened(row["comment"]), where]))
        yield Entry(row.time("answered_at"), "survey", f"Answered: {what}", detail, "good")


_TOLD: dict[str, Callable[[Row, Cart, Messages], Iterable[Entry]]] = {
    "transition": _transition,
    "reply": _reply,
    "notice": _notice,
    "click": _click,
    "order": _order,
    "refund": _refund,
    "credit": _credit,
    "change": _change,
    "code": _code,
    "draw": _draw,
    "survey": _survey,
}
