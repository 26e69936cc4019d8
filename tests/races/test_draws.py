"""Two doors at the same moment draw a shopper once."""

from __future__ import annotations

import pytest

from carts.abandonment import sweep
from customers.identity import merge
from customers.models import Customer
from recovery import intake
from recovery.flows.runner import run_flows
from recovery.models import Assignment, Flow, Message
from recovery.outbox.prepare import prepare
from recovery.outbox.send import send_due
from recovery.providers.console.provider import read_mailbox
from tests.factories import after, checkout, person, put
from tests.races.threads import at_once
from tests.recovery.experiments.scene import DUE, arm, fall_silent, holding_out

pytestmark = pytest.mark.django_db(transaction=True)


def planned(count: int) -> None:
    fall_silent(holding_out(), count)
    sweep(DUE), intake.take(DUE), run_flows(DUE)


def test_four_senders_draw_each_shopper_once_and_write_to_the_treated_only(settings, tmp_path):
    settings.MAILBOX_DIR = tmp_path
    planned(40)
    at_once(*[lambda: send_due(DUE)] * 4)
    drawn = dict(Assignment.objects.values_list("customer_id", "arm"))
    assert drawn == {pk: arm(pk) for pk in Customer.objects.values_list("pk", flat=True)}
    treated = [pk for pk, name in drawn.items() if name == "treated"]
    assert sorted(Message.objects.filter(state="sent").values_list("customer_id", flat=True)) == sorted(treated)
    assert len(read_mailbox(tmp_path, 100)) == len(treated)


def test_two_carts_of_one_shopper_at_two_doors_are_one_draw():
    store = holding_out()
    Flow.objects.update(days_between=0)
    for n in range(6):
        put(store, checkout(f"C{n}", person=person(1), tokens=(f"checkout:C{n}",)))
    sweep(DUE), intake.take(DUE), run_flows(DUE)
    at_once(*[lambda: prepare(DUE, 2)] * 3)
    assert Assignment.objects.count() == 1


def test_two_shoppers_who_merge_at_the_door_are_drawn_once():
    planned(2)
    one, other = Customer.objects.order_by("pk").values_list("pk", flat=True)
    at_once(lambda: prepare(DUE, 50), lambda: prepare(DUE, 50), lambda: merge(one, other))
    prepare(after(minutes=32), 50)
    assert list(Assignment.objects.values_list("customer_id", flat=True)) == [one]
