"""Carts with a past, for reports: what a test says about each is what happened to it."""

from __future__ import annotations

from datetime import datetime
from datetime import timedelta as td
from typing import Any

from carts.models import Cart, Order
from customers.models import Store
from recovery.models import Click, Credit, Enrolment, Flow, FlowStep, FlowVersion, Link, Message
from recovery.reports.figures import Figures, figures
from recovery.reports.period import period
from tests.factories import NOW, abandoned_cart, after, make_flow, order, person, put

DAY = td(days=1)


def report(store: Store, *, as_of: datetime | None = None) -> Figures:
    """Of the carts started on NOW's day, as of twenty days later."""
    as_of = as_of or after(days=20)
    return figures(store, period(NOW.date(), NOW.date(), as_of=as_of, zone=store.zone), as_of=as_of)


def silent(store: Store, n: int, **fields: Any) -> Cart:
    """Shopper n's cart, started at NOW and silent since."""
    return abandoned_cart(store, f"C{n}", NOW, person=person(n), **fields)


def bought(store: Store, n: int, at: datetime, **fields: Any) -> Order:
    """Shopper n's order of their cart."""
    put(store, order(f"O{n}", at, f"C{n}", person=person(n), **fields), at=at)
    return Order.objects.get(store=store, external_id=f"O{n}")


def message(cart: Cart, *, sent_at: datetime | None = None, state: str = "sent", **fields: Any) -> Message:
    """A message about the cart, of the first step of its store's flow."""
    flow = Flow.objects.filter(store=cart.store).first() or make_flow(cart.store)
    step = FlowStep.objects.filter(version__flow=flow).order_by("position")[cart.messages.count()]
    assert cart.customer
    enrolment, _ = Enrolment.objects.get_or_create(
        cart=cart,
        flow=flow,
        defaults={
            "store": cart.store, "version": step.version, "customer": cart.customer, "anchor_at": NOW,
            "enrolled_at": NOW,
        },
    )  # fmt: skip
    planned = after(minutes=30)
    defaults = {
        "due_at": planned, "planned_at": planned, "expires_at": after(hours=7), "sent_at": sent_at or planned,
        "channel": "email",
    }  # fmt: skip
    return Message.objects.create(
        store=cart.store, enrolment=enrolment, step=step, cart=cart, customer=cart.customer, state=state,
        **(defaults | fields),
    )  # fmt: skip


def enter_another_flow(cart: Cart, at: datetime) -> Flow:
    """The cart goes through a second flow too, which writes nothing."""
    flow, _ = Flow.objects.get_or_create(store=cart.store, name="Win back")
    version, _ = FlowVersion.objects.get_or_create(flow=flow, number=1)
    assert cart.customer
    Enrolment.objects.get_or_create(
        cart=cart,
        flow=flow,
        defaults={
            "store": cart.store, "version": version, "customer": cart.customer, "anchor_at": at, "enrolled_at": at,
        },
    )  # fmt: skip
    return flow


def click(sent: Message, at: datetime, *, machine_reason: str = "") -> Click:
    """A visit to the message's link."""
    link = Link.objects.create(
        token_hash=f"{sent.pk}-{at}", kind="recover", store=sent.store, customer=sent.customer, message=sent,
        cart=sent.cart, expires_at=at + 30 * DAY,
    )  # fmt: skip
    return Click.objects.create(
        link=link, store=sent.store, message=sent, cart=sent.cart, at=at, machine_reason=machine_reason
    )


def credit(clicked: Click, order: Order) -> Credit:
    assert clicked.message and clicked.cart
    return Credit.objects.create(
        store=order.store, order=order, cart=clicked.cart, message=clicked.message, click=clicked, at=order.placed_at
    )
