"""Buttons for what a person does to a cart's walk through its flows: which make sense, and what they say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.http import HttpRequest

from carts.models import Cart, CartState
from customers.admin.base import Deed, NotDone, local
from customers.models import Store
from recovery.flows.desk import Declined
from recovery.models import Enrolment, EnrolmentState, FlowStep, Message, MessageState
from recovery.reports.words import reason_in_words

_MAY = "recovery.change_enrolment"
SEND_NOW = Deed("send_now", "Send now", "send", permission=_MAY, apart=True)
SKIP = Deed("skip_step", "Skip this message", "skip_next", permission=_MAY, apart=True)
TAKE_OUT = Deed("take_out", "Take out of the flow", "logout", permission=_MAY, apart=True)
PUT_BACK = Deed("put_back", "Put back into the flow", "login", permission=_MAY, apart=True)
PUT_IN = Deed("put_in", "Put into the flow", "login", permission=_MAY)
RESEND = Deed(
    "resend",
    "Send again as new",
    "forward_to_inbox",
    "The shopper may get it twice. A new message is made, with a link of its own and the cart as it is now; consent, "
    "quiet hours and limits are asked as ever. It can be done once for each message.",
    permission=_MAY,
)
MARK_TEST = Deed(
    "mark_test",
    "Mark as test",
    "science",
    "It leaves its flow, and no report counts it.",
    permission="carts.change_cart",
)
NO_TEST = Deed("no_test", "Not a test after all", "science", permission="carts.change_cart")

_T = TypeVar("_T")


def tried(deed: Callable[[], _T], store: Store) -> _T:
    """Do it; where it is refused, the reason in words. Raises NotDone."""
    try:
        return deed()
    except Declined as why:
        raise NotDone(in_words(why, store)) from None


def in_words(why: Declined, store: Store) -> str:
    """It cannot go now: quiet hours. Possible from 09 Mar 08:00."""
    reason = f": {reason_in_words(why.reason)}" if why.reason else ""
    return f"{why.sentence}{reason}.{_from(why.until, store)}"


def _from(until: datetime | None, store: Store) -> str:
    return f" Possible from {until.astimezone(store.zone):%d %b %H:%M}." if until else ""


def named(request: HttpRequest, name: str) -> int:
    """What the button carried. Raises NotDone for nonsense."""
    told = request.POST.get(name, "")
    if not (told.isascii() and told.isdigit() and len(told) < 19):
        raise NotDone("The page was too old to tell what was meant. Look again, and press once more.")
    return int(told)


@dataclass(frozen=True, slots=True)
class Walk:
    """One flow that the cart is or was in: where it stands, and the buttons for it."""

    enrolment: Enrolment
    standing: str
    next_step: str
    due: object
    deeds: Sequence[tuple[Deed, dict[str, int]]]


def walks(cart: Cart, messages: Iterable[Message]) -> list[Walk]:
    """Every flow of the cart, oldest first. `messages` are the cart's, with their steps."""
    found = enrolments_of(cart)
    steps = _next_steps(found)
    waiting = {m.enrolment_id: m for m in messages if m.state == MessageState.QUEUED}
    return [_walk(cart, one, waiting.get(one.pk), steps.get((one.version_id, one.next_position))) for one in found]


def enrolments_of(cart: Cart) -> list[Enrolment]:
    """With their flows; read once for each cart object, which is once a request."""
    known: list[Enrolment] | None = cart.__dict__.get("_cartback_enrolments")
    if known is None:
        known = list(cart.enrolments.select_related("flow").order_by("pk"))
        cart.__dict__["_cartback_enrolments"] = known
    return known


def _next_steps(enrolments: Sequence[Enrolment]) -> dict[tuple[int, int], FlowStep]:
    running = [one for one in enrolments if one.due_at]
    if not running:
        return {}
    rows = FlowStep.objects.filter(version__in={one.version_id for one in running})
    return {(step.version_id, step.position): step for step in rows}


def _walk(cart: Cart, enrolment: Enrolment, waiting: Message | None, step: FlowStep | None) -> Walk:
    position, channel, due = None, "", None
    if waiting:
        position, channel, due = waiting.step.position, waiting.get_channel_display(), waiting.due_at
    elif step and enrolment.due_at:
        position, channel, due = step.position, step.get_channel_display(), enrolment.due_at
    return Walk(
        enrolment,
        _standing(enrolment, waiting),
        f"{channel} {position}" if position else "",
        local(due, cart.store),
        _deeds(cart, enrolment, position),
    )


def _standing(enrolment: Enrolment, waiting: Message | None) -> str:
    if enrolment.state == EnrolmentState.STOPPED:
        return f"Left: {reason_in_words(enrolment.stop_reason or 'stopped')}"
    if waiting and waiting.reason:
        return f"Waiting: {reason_in_words(waiting.reason)}"
    return "Running" if waiting or enrolment.state == EnrolmentState.RUNNING else "All messages dealt with"


def _deeds(cart: Cart, enrolment: Enrolment, position: int | None) -> list[tuple[Deed, dict[str, int]]]:
    whose = {"enrolment": enrolment.pk}
    if position:
        at = whose | {"position": position}
        return [(SEND_NOW, at), (SKIP, at), (TAKE_OUT, whose)]
    back = cart.state == CartState.ABANDONED and enrolment.state == EnrolmentState.STOPPED
    return [(PUT_BACK, whose)] if back else []


def by_whom(request: HttpRequest) -> str:
    user: Any = request.user
    return str(user.get_username())
