"""Every hand-over beside itself: nothing is done twice, nothing is lost."""

from __future__ import annotations

import json
from datetime import timedelta as td

import pytest

from carts.abandonment import sweep
from carts.inbox.process import drain
from carts.models import Cart, CartTransition, Delivery, Order
from customers.models import Customer
from recovery import intake
from recovery.flows.runner import run_flows
from recovery.models import Decision, Enrolment, Message
from recovery.outbox.send import send_due
from recovery.providers.console.provider import read_mailbox
from tests.carts.sources.signing import load
from tests.factories import NOW, after, checkout, make_flow, make_store, order, person, put
from tests.races.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def deliveries(store, count: int) -> None:
    template = json.loads(load("generic", "checkout_updated"))
    rows = []
    for n in range(count):
        template["data"] |= {"id": f"k{n % 40}", "cart_id": f"c{n % 40}"}
        template["data"]["customer"] |= {"id": f"u{n % 40}", "email": f"p{n % 40}@mail.example", "phone": ""}
        body = json.dumps(template).encode()
        rows.append(Delivery(store=store, topic="checkout.updated", dedupe_key=str(n), body=body, received_at=NOW))
    Delivery.objects.bulk_create(rows)


def test_four_drains_apply_everything_once():
    store = make_store()
    deliveries(store, 400)
    counts = at_once(*[lambda: sum(iter(lambda: drain(NOW, limit=50), 0))] * 4)
    assert sum(counts) == 400
    assert set(Delivery.objects.values_list("state", flat=True)) == {"done"}
    assert (Cart.objects.count(), Customer.objects.count()) == (40, 40)


def test_the_first_sight_of_one_shopper_by_many_drains_makes_one_customer_and_one_cart():
    store = make_store()
    body = load("generic", "checkout_updated")
    Delivery.objects.bulk_create(
        Delivery(store=store, topic="checkout.updated", dedupe_key=str(n), body=body, received_at=NOW) for n in range(8)
    )
    at_once(*[lambda: drain(NOW, limit=1)] * 8)
    assert (Cart.objects.count(), Customer.objects.count()) == (1, 1)


def abandoned_carts(count: int):
    store = make_store()
    make_flow(store)
    carts = [
        checkout(f"C{n}", NOW, person=person(n), tokens=(f"checkout:C{n}",), restore_url=f"https://shop.example/{n}")
        for n in range(count)
    ]
    put(store, *carts)
    return store


def test_four_sweeps_tell_each_silence_once():
    abandoned_carts(60)
    counts = at_once(*[lambda: sum(iter(lambda: sweep(after(hours=1), limit=10), 0))] * 4)
    assert sum(counts) == 60
    assert CartTransition.objects.count() == Cart.objects.filter(state="abandoned").count() == 60


def test_four_intakes_and_runners_enrol_and_plan_each_cart_once():
    abandoned_carts(60)
    sweep(after(hours=1))
    at_once(*[lambda: sum(iter(lambda: intake.take(after(hours=1), limit=10), 0))] * 4)
    assert Enrolment.objects.count() == 60
    at_once(*[lambda: sum(iter(lambda: run_flows(after(hours=1), limit=10), 0))] * 4)
    assert Message.objects.count() == 60


def test_four_senders_send_each_message_once(settings, tmp_path):
    settings.MAILBOX_DIR, settings.SENDING_THREADS = tmp_path, 8
    abandoned_carts(60)
    sweep(after(hours=1)), intake.take(after(hours=1)), run_flows(after(hours=1))
    counts = at_once(*[lambda: send_due(after(hours=1))] * 4)
    assert sum(counts) == 60
    assert Message.objects.filter(state="sent", attempts=1).count() == 60
    assert Decision.objects.filter(verdict="sent").count() == 60
    assert len(read_mailbox(tmp_path, 100)) == 60


def test_two_carts_of_one_shopper_keep_the_gap_between_senders(settings, tmp_path):
    settings.MAILBOX_DIR = tmp_path
    store = make_store()
    flow = make_flow(store)
    type(flow).objects.update(days_between=0, minimum_gap=td(hours=2))
    put(store, checkout("A"), checkout("B"))
    sweep(after(hours=1)), intake.take(after(hours=1)), run_flows(after(hours=1))
    assert Message.objects.count() == 2
    at_once(*[lambda: send_due(after(hours=1))] * 4)
    assert sorted(Message.objects.values_list("state", "reason")) == [("queued", "minimum_gap"), ("sent", "")]
    assert len(read_mailbox(tmp_path)) == 1


def test_orders_and_their_carts_applied_at_once_meet():
    store = make_store()
    at_once(
        *[lambda n=n: put(store, checkout(f"C{n}", person=person(n))) for n in range(10)],
        *[lambda n=n: put(store, order(f"O{n}", token=f"C{n}", person=person(n))) for n in range(10)],
    )
    assert Order.objects.filter(cart__isnull=False).count() == 10
    assert set(Cart.objects.values_list("state", flat=True)) == {"ordered"}


def test_an_order_and_its_own_cart_that_come_at_once_find_each_other():
    store = make_store()
    put(store, checkout("OLD", NOW))
    own, bought = checkout("OWN", after(minutes=1)), order(at=after(minutes=2), token="OWN")
    at_once(lambda: put(store, bought), lambda: put(store, own))
    assert Order.objects.get().cart == Cart.objects.get(tokens__token="checkout:OWN")
    assert Cart.objects.get(tokens__token="checkout:OLD").state == "active"
