"""A cart on its way to a message with an offer."""

from __future__ import annotations

from datetime import datetime
from datetime import timedelta as td
from typing import Any

from carts.abandonment import sweep
from carts.models import Cart
from recovery import intake
from recovery.flows.publish import StepPlan, publish, write_steps
from recovery.flows.runner import run_flows
from recovery.flows.standard import install_template
from recovery.models import Decision, DiscountCode, Flow, Message, Offer
from recovery.outbox.send import send_due
from tests.factories import NOW, after, checkout, put

#: When the message of a cart left at NOW goes out.
DUE = after(minutes=31)
#: A little later: what was wanted then is due now.
SOON = DUE + td(seconds=10)


def flow_with(offer: Offer, **plan: Any) -> Flow:
    """One step after half an hour, with the offer."""
    flow = Flow.objects.create(store=offer.store, name=f"With {offer}", days_between=0, minimum_gap=td(0))
    template = install_template(offer.store, "reminder", now=NOW)
    write_steps(flow, [StepPlan(td(minutes=30), template, offer=offer, **plan)])
    publish(flow, now=NOW)
    return flow


def left(offer: Offer, token: str = "C1", at: datetime = NOW, **fields: Any) -> Message:
    """A cart is left, and its message waits in the outbox."""
    put(offer.store, checkout(token, at, **fields), at=at)
    due = at + td(minutes=31)
    sweep(due), intake.take(due), run_flows(due)
    return Message.objects.get(cart=Cart.objects.get(tokens__token=f"checkout:{token}"))


def sent(offer: Offer, token: str = "C1", at: datetime = NOW, **fields: Any) -> Message:
    """As `left`, and the outbox was emptied."""
    message = left(offer, token, at, **fields)
    send_due(at + td(minutes=31))
    message.refresh_from_db()
    return message


def code_in(message: Message) -> DiscountCode:
    """The code that the message carries."""
    assert message.discount_code is not None
    return message.discount_code


def why(message: Message) -> list[tuple[str, str]]:
    """What the ledger says of the message."""
    return list(Decision.objects.filter(message=message).order_by("id").values_list("verdict", "reason"))
