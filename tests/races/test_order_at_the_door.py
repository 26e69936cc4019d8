"""An order that comes in while its reminder is on its way out stops it, at whatever moment it comes."""

from __future__ import annotations

import pytest

from carts.abandonment import sweep
from recovery import intake
from recovery.flows.runner import run_flows
from recovery.models import Message
from recovery.outbox import prepare, send
from recovery.providers.console.provider import read_mailbox
from tests.factories import NOW, after, checkout, make_flow, make_store, order, person, put
from tests.races.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)

DUE = after(hours=1)


@pytest.fixture
def store(settings, tmp_path):
    settings.MAILBOX_DIR = tmp_path
    store = make_store()
    make_flow(store)
    put(store, checkout())
    sweep(DUE), intake.take(DUE), run_flows(DUE)
    assert Message.objects.get().state == "queued"
    return store


def buy(store, **fields) -> None:
    at_once(lambda: put(store, order(at=DUE, **fields), at=DUE))


@pytest.mark.parametrize("room", ["_claim", "_lock_customers", "judge", "_write_refusals", "_composed"])
def test_an_order_applied_at_any_step_of_preparing_stops_it(store, monkeypatch, tmp_path, room):
    """The order is committed by another connection just before the named step runs."""
    real = getattr(prepare, room)

    def with_order(*args, **kwargs):
        monkeypatch.setattr(prepare, room, real)
        buy(store)
        return real(*args, **kwargs)

    monkeypatch.setattr(prepare, room, with_order)
    send.send_due(DUE)
    assert read_mailbox(tmp_path) == []
    assert (Message.objects.get().state, Message.objects.get().reason) == ("skipped", "ordered")


def test_an_order_that_nobody_has_taken_in_yet_stops_it_at_the_gate(store, tmp_path):
    put(store, order(at=DUE), at=DUE)
    send.send_due(DUE)
    assert (Message.objects.get().reason, read_mailbox(tmp_path)) == ("ordered", [])


@pytest.mark.parametrize(
    ("_case", "buyer"),
    [
        ("same e-mail, no token", {"token": ""}),
        (
            "same phone, other e-mail",
            {"token": "", "person": person(9, email="other@mail.example", phone="+358401234567")},
        ),
        ("same customer id", {"token": "", "person": person(9, email="other@mail.example", external_id="u1")}),
    ],
)
def test_an_order_by_any_identity_stops_every_message(_case, buyer, settings, tmp_path):
    settings.MAILBOX_DIR = tmp_path
    store = make_store()
    make_flow(store)
    put(store, checkout(person=person(phone="+358401234567", external_id="u1")))
    sweep(DUE), intake.take(DUE), run_flows(DUE)
    put(store, order(at=DUE, lines=(), **buyer), at=DUE)
    send.send_due(DUE)
    assert (Message.objects.get().reason, read_mailbox(tmp_path)) == ("ordered", [])


def test_an_order_waiting_unread_in_the_inbox_holds_the_message_back(store, tmp_path):
    from carts.models import Delivery

    Delivery.objects.create(store=store, topic="order.created", dedupe_key="1", body=b"{}", received_at=DUE)
    send.send_due(DUE)
    message = Message.objects.get()
    assert (message.state, message.reason, message.due_at > DUE) == ("queued", "inbox_behind", True)
    assert read_mailbox(tmp_path) == []


def test_taking_in_the_order_while_it_is_prepared_never_dead_locks(store, tmp_path):
    put(store, order(at=DUE), at=DUE)
    at_once(lambda: intake.take(DUE), lambda: send.send_due(DUE), lambda: send.send_due(DUE))
    assert Message.objects.get().state in ("cancelled", "skipped")
    assert read_mailbox(tmp_path) == []


def test_it_is_sent_when_nobody_bought(store, tmp_path):
    send.send_due(DUE)
    assert (Message.objects.get().state, len(read_mailbox(tmp_path))) == ("sent", 1)
    assert Message.objects.get().cart.abandoned_at == NOW
