"""What a person of the store does to one cart's walk through a flow, by hand.

Each deed holds the cart's row while it looks and writes, and names what it acts on (a step's position, a message), so
that the second of two presses finds the first one's work and is refused. None of them goes around the gate.
"""

from __future__ import annotations

from datetime import datetime
from datetime import timedelta as td

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Greatest

from carts.models import Cart, CartState
from config.lib.wake import wake
from recovery import ledger
from recovery.flows.enrol import enrol
from recovery.flows.exits import stop_carts, stop_enrolment
from recovery.flows.runner import plan_next
from recovery.ledger import Entry, entry_of
from recovery.models import Decision, Enrolment, EnrolmentState, FlowStatus, FlowStep, Message, MessageState
from recovery.models.messages import STOPPABLE
from recovery.outbox.gate import judge, whole
from recovery.outbox.verdicts import Defer, Skip, Verdict
from recovery.purchases import bought_since

#: Of a message of which nobody knows whether it went, word may still come; sending it again could make two of it.
UNSETTLED = td(minutes=30)
#: Who left for one of these left by their own word, or cannot be reached: nobody here takes that back.
SAID_NO = ("unsubscribed", "unsubscribe", "stop", "complaint", "erased", "bounce", "replied")
_BY_HAND = "by_hand"


class Declined(Exception):
    """Why a deed was not done. `reason` is a code of the ledger, `until` when it may be tried again."""

    def __init__(self, sentence: str, reason: str = "", until: datetime | None = None) -> None:
        super().__init__(sentence)
        self.sentence, self.reason, self.until = sentence, reason, until


@transaction.atomic
def send_now(enrolment_id: int, position: int, *, by: str, now: datetime) -> Message:
    """Let the waiting message of the step go at once, planning it if it was not. The gate is asked first: where it
    would not let it go, nothing changes. Raises Declined."""
    enrolment = _held(enrolment_id)
    message = _waiting(enrolment, position, now)
    verdict = _foreseen(message, now)
    if isinstance(verdict, Skip):
        raise Declined("It would not be sent", verdict.reason)
    if isinstance(verdict, Defer):
        raise Declined("It cannot go now", verdict.reason, verdict.until)
    Message.objects.filter(pk=message.pk).update(due_at=now)
    ledger.note([entry_of(message, "hastened", _BY_HAND, _said(by))], now=now)
    wake("recovery.tasks.send_due")
    return message


@transaction.atomic
def skip_step(enrolment_id: int, position: int, *, by: str, now: datetime) -> Message:
    """The step's message is not sent; those after it are. Raises Declined."""
    message = _waiting(_held(enrolment_id), position, now)
    Message.objects.filter(pk=message.pk).update(state=MessageState.SKIPPED, reason=_BY_HAND, ended_at=now)
    ledger.note([entry_of(message, "skipped", _BY_HAND, _said(by))], now=now)
    return message


@transaction.atomic
def take_out(enrolment_id: int, *, by: str, now: datetime) -> None:
    """The cart leaves the flow. Raises Declined."""
    enrolment = _held(enrolment_id)
    waits = enrolment.messages.filter(state__in=STOPPABLE).exists()
    if enrolment.state != EnrolmentState.RUNNING and not waits:
        raise Declined("It is not in the flow any more")
    stop_enrolment(enrolment.pk, _BY_HAND, now=now, detail=_said(by))


@transaction.atomic
def put_back(enrolment_id: int, *, by: str, now: datetime) -> None:
    """The cart goes on in the flow that it has left: what was cancelled waits again, what is left is planned at its own
    time. Raises Declined."""
    enrolment = _held(enrolment_id)
    _may_go_on(enrolment)
    cancelled = enrolment.messages.filter(state=MessageState.CANCELLED, expires_at__gt=now)
    again = cancelled.update(
        state=MessageState.QUEUED, due_at=Greatest("due_at", now), reason="", detail="", ended_at=None
    )
    step = _next_step(enrolment, now)
    if not again and step is None:
        raise Declined("The time of every step has passed: open the last message and send it again as new")
    state = EnrolmentState.RUNNING if step else EnrolmentState.DONE
    Enrolment.objects.filter(pk=enrolment.pk).update(
        state=state,
        stop_reason="",
        ended_at=None if step else now,
        next_position=step.position if step else enrolment.next_position,
        due_at=enrolment.anchor_at + step.delays[0] if step else None,
    )
    ledger.note([_entry(enrolment, "put_back", by)], now=now)
    wake("recovery.tasks.run_flows")
    wake("recovery.tasks.send_due")


@transaction.atomic
def put_in(cart_id: int, *, by: str, now: datetime) -> None:
    """A cart that is in no flow enters the live ones, by their own rules. Raises Declined."""
    cart = _cart(cart_id)
    if cart.state != CartState.ABANDONED:
        raise Declined("Only a cart that was left enters a flow", _reason_of(cart))
    if cart.enrolments.exists():
        raise Declined("It has been in a flow already")
    if not enrol([cart], now=now):
        told = Decision.objects.filter(cart=cart, verdict="refused", at=now).last()
        raise Declined("It may not enter", told.reason) if told else Declined("No flow of the store is live")
    entered = cart.enrolments.all()
    ledger.note([_entry(enrolment, "put_in", by) for enrolment in entered], now=now)
    wake("recovery.tasks.run_flows")


@transaction.atomic
def resend(message_id: int, *, by: str, now: datetime) -> tuple[Message, Verdict]:
    """A new message of the same step, with its own link and as the cart is now; once for each message.

    Returns it with what the gate says of it at this moment: where it has to wait, it waits. Raises Declined.
    """
    old = Message.objects.select_related("enrolment", "step").get(pk=message_id)
    _held(old.enrolment_id)
    old.refresh_from_db(fields=["state", "sent_at"])
    _may_go_again(old, now)
    message = Message.objects.create(
        store_id=old.store_id,
        enrolment_id=old.enrolment_id,
        step_id=old.step_id,
        variant_id=old.variant_id,
        cart_id=old.cart_id,
        customer_id=old.customer_id,
        channel=old.step.channel,
        resend_of=old,
        due_at=now,
        planned_at=now,
        expires_at=now + old.step.late_after,
        created_at=now,
    )
    verdict = _foreseen(message, now)
    if isinstance(verdict, Skip):
        raise Declined("It would not be sent", verdict.reason)
    ledger.note([entry_of(message, "resent", _BY_HAND, f"{_said(by)}, in place of {old}")], now=now)
    wake("recovery.tasks.send_due")
    return message, verdict


@transaction.atomic
def mark_test(cart_id: int, is_test: bool, *, by: str, now: datetime) -> None:
    """A test cart is in no report and in no flow. Raises Declined when it is marked so already."""
    cart = _cart(cart_id)
    if cart.is_test == is_test:
        raise Declined("It is a test cart already" if is_test else "It is no test cart")
    Cart.objects.filter(pk=cart.pk).update(is_test=is_test)
    verdict = "marked_test" if is_test else "not_a_test"
    ledger.note([Entry(cart.store_id, cart.pk, verdict, _BY_HAND, _said(by))], now=now)
    if is_test:
        stop_carts([cart.pk], "test", now=now)


# -- what the deeds ask


def _cart(cart_id: int) -> Cart:
    """The cart, held until the deed is done: two people, or two presses, come one after the other."""
    rows = Cart.objects.select_related("store", "customer").select_for_update(no_key=True, of=("self",))
    return rows.get(pk=cart_id)


def _held(enrolment_id: int) -> Enrolment:
    """The enrolment as it is once its cart is held."""
    _cart(Enrolment.objects.values_list("cart_id", flat=True).get(pk=enrolment_id))
    rows = Enrolment.objects.select_related("flow", "cart").select_for_update(no_key=True, of=("self",))
    return rows.get(pk=enrolment_id)


def _waiting(enrolment: Enrolment, position: int, now: datetime) -> Message:
    """The step's message that waits in the outbox, put there now if it was still to be planned."""
    of_step = enrolment.messages.filter(step__position=position, state=MessageState.QUEUED)
    found = of_step.select_for_update(no_key=True, of=("self",)).order_by("-pk").first()
    if found:
        return found
    if enrolment.state != EnrolmentState.RUNNING or enrolment.next_position != position or enrolment.due_at is None:
        raise Declined("That step has been dealt with already")
    plan_next([enrolment], now=now)
    planned = of_step.first()
    if planned is None:
        raise Declined("It would not be sent", "too_late")
    return planned


def _foreseen(message: Message, now: datetime) -> Verdict:
    """What the gate would say at this moment."""
    return judge(whole(Message.objects.filter(pk=message.pk)), now=now)[message.pk]


def _may_go_on(enrolment: Enrolment) -> None:
    cart = enrolment.cart
    if enrolment.state == EnrolmentState.RUNNING:
        raise Declined("It is in the flow already")
    if enrolment.stop_reason in SAID_NO:
        raise Declined("Only the shopper can take that back", enrolment.stop_reason)
    if cart.state != CartState.ABANDONED:
        raise Declined("Only a cart that was left goes on in a flow", _reason_of(cart))
    if cart.is_test:
        raise Declined("Nobody is written to about it", "test")
    if enrolment.flow.status == FlowStatus.DRAFT:
        raise Declined("The flow is not live")


def _reason_of(cart: Cart) -> str:
    return "returned" if cart.state == CartState.ACTIVE else cart.state


def _next_step(enrolment: Enrolment, now: datetime) -> FlowStep | None:
    """The first step that was never planned and whose time has not passed."""
    planned = set(enrolment.messages.values_list("step_id", flat=True))
    steps = FlowStep.objects.filter(version=enrolment.version_id).prefetch_related("variants")
    open_until = {step.pk: enrolment.anchor_at + step.delays[-1] + step.late_after for step in steps}
    return next((step for step in steps if step.pk not in planned and open_until[step.pk] > now), None)


def _may_go_again(old: Message, now: datetime) -> None:
    if old.state in STOPPABLE:
        raise Declined("It still waits, and goes by itself")
    if Message.objects.filter(resend_of=old).exists():
        raise Declined("It was sent again already: look at the newer one")
    since = now - UNSETTLED
    in_doubt = Message.objects.filter(Q(state=MessageState.UNKNOWN) | Q(state=MessageState.SENDING))
    last = in_doubt.filter(customer_id=old.customer_id, sent_at__gt=since).order_by("-sent_at").first()
    if last and last.sent_at:
        raise Declined(
            f"Nobody knows yet whether {last} arrived, and word may still come", "", last.sent_at + UNSETTLED
        )
    message = Message.objects.select_related("customer", "cart").get(pk=old.pk)
    if message.cart.state == CartState.ORDERED or bought_since({old.pk: (message.customer, message.cart.started_at)}):
        raise Declined("It is not sent again", "ordered")
    if old.enrolment.state == EnrolmentState.STOPPED:
        raise Declined("The cart has left the flow: put it back first", old.enrolment.stop_reason)


def _said(by: str) -> str:
    return f"by {by}"


def _entry(enrolment: Enrolment, verdict: str, by: str) -> Entry:
    return Entry(enrolment.store_id, enrolment.cart_id, verdict, _BY_HAND, _said(by), enrolment_id=enrolment.pk)
