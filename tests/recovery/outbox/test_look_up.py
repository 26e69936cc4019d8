"""Messages of which nobody knows whether they went: each is asked about in its turn, and none is sent again."""

from __future__ import annotations

from datetime import timedelta as td

import pytest

from carts.abandonment import sweep
from customers.models import Store
from recovery import intake
from recovery.flows.runner import run_flows
from recovery.flows.standard import install_standard_flow
from recovery.models import Message, ProviderPause
from recovery.outbox.reconcile import reconcile
from recovery.outbox.send import send_due
from tests.factories import NOW, after, checkout, make_store, person, put

pytestmark = pytest.mark.django_db(transaction=True)

DUE = after(minutes=31)
LATER = DUE + td(minutes=2)


@pytest.fixture(autouse=True)
def one_at_a_time(settings):
    settings.SENDING_THREADS = 1


def reminded(count: int) -> Store:
    store = make_store()
    install_standard_flow(store, now=NOW - td(days=1), phone_first=True)
    who = [person(n, phone=f"+3584012345{n:02}", consents=("sms",), country="FI") for n in range(count)]
    put(store, *[checkout(f"C{n}", person=one) for n, one in enumerate(who)])
    sweep(DUE), intake.take(DUE), run_flows(DUE)
    return store


def states() -> list[str]:
    return list(Message.objects.order_by("pk").values_list("state", flat=True))


def test_none_waits_behind_those_that_are_never_found(twilio, monkeypatch):
    monkeypatch.setattr("recovery.outbox.reconcile._BATCH", 2)
    reminded(4)
    twilio.faults.extend(["drop_before", "drop_before", "drop_after", "drop_after"])
    send_due(DUE)
    assert states() == ["unknown"] * 4
    assert [reconcile(LATER + td(seconds=20 * n)) for n in range(3)] == [0, 2, 0]
    assert (states(), twilio.account.taken) == (["unknown", "unknown", "sent", "sent"], 2)


def test_an_account_that_cannot_be_unsealed_does_not_keep_the_others_waiting(twilio):
    store = reminded(2)
    twilio.faults.extend(["drop_after", "drop_after"])
    send_due(DUE)
    broken = make_store(twilio="sealed under another key")
    Message.objects.filter(pk=Message.objects.earliest("pk").pk).update(store=broken)
    assert reconcile(LATER) == 1
    assert store.messages.get().state == "sent"


def test_a_provider_that_does_not_answer_is_left_alone_before_all_is_lost(twilio):
    reminded(8)
    twilio.faults.extend(["500"] * 8)
    send_due(DUE)
    assert states().count("unknown") == 5
    assert set(Message.objects.filter(state="queued").values_list("reason", flat=True)) == {"provider_paused"}
    assert ProviderPause.objects.get().code == "twilio_20500"
