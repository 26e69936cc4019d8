"""Held out or treated: the same people under the same conditions, but for the lots."""

from __future__ import annotations

from datetime import datetime, time

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from carts.models import Cart
from customers.models import Consent, Customer
from recovery.experiments.plans import set_store_holdout
from recovery.models import Assignment, Decision, Enrolment, Experiment, Flow, Message
from recovery.outbox.prepare import prepare
from tests.factories import UTC, after, ago, checkout, make_flow, make_store, order, person, put
from tests.recovery.experiments.scene import DUE, MANY, arm, fall_silent, holding_out, run

pytestmark = pytest.mark.django_db


def states() -> dict[str, set[tuple[str, str]]]:
    """By arm, what became of the messages."""
    found: dict[str, set[tuple[str, str]]] = {}
    for message in Message.objects.all():
        found.setdefault(arm(message.customer_id), set()).add((message.state, message.reason))
    return found


def test_whoever_is_held_out_gets_nothing_and_is_counted_alike():
    fall_silent(holding_out(), MANY)
    run()
    assert states() == {"treated": {("sending", "")}, "holdout": {("skipped", "held_out")}}
    rows = Assignment.objects.values_list("customer_id", "arm", "cart_id", "assigned_at")
    assert {(pk, name) for pk, name, _, _ in rows} == {
        (pk, arm(pk)) for pk in Customer.objects.values_list("pk", flat=True)
    }
    assert {cart for _, _, cart, _ in rows} == set(Cart.objects.values_list("pk", flat=True))
    assert {at for _, _, _, at in rows} == {DUE}
    assert set(Message.objects.filter(reason="held_out").values_list("to", "sent_at")) == {("", None)}


def held_out_shopper() -> Customer:
    """One of those who get nothing, after the first message would have gone out."""
    fall_silent(holding_out(), MANY)
    run()
    return Assignment.objects.filter(arm="holdout").order_by("pk")[0].customer


def test_they_walk_the_flow_to_its_end_in_silence():
    shopper = held_out_shopper()
    run(after(hours=25))
    run(after(hours=73))
    told = Message.objects.filter(customer=shopper).order_by("step__position")
    assert list(told.values_list("step__position", "reason")) == [(n, "held_out") for n in (1, 2, 3)]
    assert Enrolment.objects.get(customer=shopper).state == "done"
    assert Assignment.objects.filter(customer=shopper).count() == 1


def test_the_ledger_says_who_was_drawn_and_why_nothing_came():
    shopper = held_out_shopper()
    told = Decision.objects.filter(cart__customer=shopper).order_by("pk").values_list("verdict", "reason")
    assert list(told) == [("enrolled", ""), ("drawn", "holdout"), ("skipped", "held_out")]


def test_they_stay_held_out_with_their_next_cart_and_under_the_next_version():
    shopper = held_out_shopper()
    store = shopper.store
    make_next_version(store)
    at = after(days=5)
    put(store, checkout("N", at, person=person_of(shopper), tokens=("checkout:N",)), at=at)
    run(after(days=5, minutes=31))
    newest = Message.objects.get(cart__tokens__token="checkout:N")
    assert (newest.customer_id, newest.reason) == (shopper.pk, "held_out")
    assert newest.step.version.number == 3
    assert Assignment.objects.filter(customer=shopper).count() == 1


def person_of(shopper: Customer):
    return person(email=shopper.email)


def make_next_version(store) -> None:
    from recovery.flows.publish import draft_of, publish

    flow = Flow.objects.get(store=store)
    draft_of(flow).steps.filter(position=2).delete()
    publish(flow, now=after(days=4))
    assert Experiment.objects.count() == 1


REFUSED = {
    "no_consent": lambda: Consent.objects.all().delete(),
    "ordered": lambda: put(store_of(), order(at=after(minutes=30), token="C1"), at=after(minutes=30)),
    "returned": lambda: put(store_of(), checkout("C1", after(minutes=30)), at=after(minutes=30)),
}


def store_of():
    return Cart.objects.get().store


@pytest.mark.parametrize("reason", REFUSED)
def test_who_would_have_got_nothing_anyway_is_not_drawn(reason):
    fall_silent(holding_out(), 1)
    from carts.abandonment import sweep
    from recovery import intake
    from recovery.flows.runner import run_flows

    sweep(DUE), intake.take(DUE), run_flows(DUE)
    REFUSED[reason]()
    prepare(DUE, 500)
    assert Message.objects.get().reason == reason
    assert not Assignment.objects.exists()


def test_a_message_that_waits_draws_nobody_until_it_may_go():
    fall_silent(holding_out(quiet_from=time(14), quiet_until=time(16)), 6)  # 12:31 UTC is 14:31 in Helsinki
    run()
    assert set(Message.objects.values_list("state", "reason")) == {("queued", "quiet_hours")}
    assert not Assignment.objects.exists()
    opens = datetime(2026, 3, 10, 14, tzinfo=UTC)
    run(opens)
    assert set(Assignment.objects.values_list("assigned_at", flat=True)) == {opens}
    assert Assignment.objects.count() == 6


def test_a_holdout_of_the_store_goes_over_every_flow():
    store = make_store()
    make_flow(store)
    set_store_holdout(store, 50, now=ago(days=1))
    fall_silent(store, MANY)
    run()
    assert states() == {"treated": {("sending", "")}, "holdout": {("skipped", "held_out")}}
    assert set(Message.objects.filter(reason="held_out").values_list("detail", flat=True)) == {
        "by the holdout of the store"
    }


def test_a_holdout_of_the_store_leaves_alone_who_is_within_a_flow():
    store = make_store()
    make_flow(store)
    fall_silent(store, 12)
    run()
    set_store_holdout(store, 50, now=after(hours=1))
    run(after(hours=25))
    assert set(Message.objects.filter(step__position=2).values_list("state", flat=True)) == {"sending"}
    assert not Assignment.objects.exists()


def test_only_whom_the_store_lets_through_is_drawn_by_the_flow():
    store = holding_out()
    set_store_holdout(store, 50, now=ago(days=1))
    fall_silent(store, 30)
    run()
    whole, part = Experiment.objects.get(flow=None), Experiment.objects.exclude(flow=None).get()
    through = set(Assignment.objects.filter(experiment=whole, arm="treated").values_list("customer_id", flat=True))
    assert Assignment.objects.filter(experiment=whole).count() == 30
    assert set(Assignment.objects.filter(experiment=part).values_list("customer_id", flat=True)) == through


def test_after_its_end_nobody_is_counted_and_nobody_in_the_flow_is_let_in():
    store = holding_out()
    fall_silent(store, MANY)
    Experiment.objects.update(ended_at=after(minutes=10))
    run()
    assert states() == {"treated": {("sending", "")}, "holdout": {("skipped", "held_out")}}
    assert not Assignment.objects.exists()


def statements(count: int, first: int) -> int:
    fall_silent(Flow.objects.get().store, count, first=first)
    from carts.abandonment import sweep
    from recovery import intake
    from recovery.flows.runner import run_flows

    sweep(DUE), intake.take(DUE), run_flows(DUE)
    with CaptureQueriesContext(connection) as seen:
        prepare(DUE, 500)
    return len(seen)


def test_the_number_of_statements_does_not_grow_with_the_batch():
    holding_out()
    assert statements(10, 1) == statements(100, 1001)
    assert Assignment.objects.count() == 110
