"""The whole round with a stand-in for Twilio: it takes what we send, tells how it ended, and people write back."""

from __future__ import annotations

from datetime import timedelta as td

import pytest
from django.conf import settings as configured
from django.test import Client

from carts.abandonment import sweep
from customers.models import Store, Suppression
from recovery import intake
from recovery.callbacks.process import take_events
from recovery.flows.runner import run_flows
from recovery.flows.standard import install_standard_flow
from recovery.models import Enrolment, Message, Notice, ProviderEvent
from recovery.outbox.notices import send_notices
from recovery.outbox.send import send_due
from tests.factories import ago, checkout, make_store, person, put
from tests.recovery.callbacks.posting import DUE, phone
from tests.standins.twilio import NUMBER, WHATSAPP_NUMBER, Callback

pytestmark = pytest.mark.django_db(transaction=True)


def posted(call: Callback) -> int:
    path = call.url.removeprefix(configured.PUBLIC_URL)
    headers = {name: value for name, value in call.headers.items() if name != "Content-Type"}
    return Client().post(path, call.body, content_type=call.headers["Content-Type"], headers=headers).status_code


def reminded(count: int) -> Store:
    """So many people who allowed SMS only, and are due."""
    store = make_store()
    install_standard_flow(store, now=ago(days=1), phone_first=True)
    who = [person(n, phone=phone(n), consents=("sms",)) for n in range(1, count + 1)]
    put(store, *[checkout(f"C{n}", person=one) for n, one in enumerate(who)])
    sweep(DUE), intake.take(DUE), run_flows(DUE)
    return store


def states() -> dict[str, str]:
    return dict(Message.objects.filter(fallback_of=None).order_by("to").values_list("to", "state"))


def test_callbacks_shuffled_and_doubled_tell_the_truth(twilio):
    reminded(4)
    fates = {phone(1): "delivered", phone(2): "sent", phone(3): "undelivered 30005", phone(4): "undelivered 30003"}
    twilio.account.fates = dict(fates)
    send_due(DUE)
    assert set(twilio.deliver(shuffle=True, double=True, post=posted)) == {204}
    while take_events(DUE):
        pass
    assert list(states().values()) == ["delivered", "sent", "failed", "queued"]
    assert [s.reason for s in Suppression.objects.all()] == ["invalid"]
    assert Message.objects.get(fallback_of__to=phone(3)).channel == "email"
    assert twilio.account.violations == []


def test_a_callback_closes_what_the_connection_lost(twilio):
    reminded(1)
    twilio.faults.append("drop_after")
    send_due(DUE)
    assert list(states().values()) == ["unknown"]
    twilio.deliver(post=posted)
    take_events(DUE)
    message = Message.objects.get()
    assert (message.state, message.provider_id) == ("delivered", twilio.messages[0].sid)


def test_it_goes_out_again_when_the_handset_was_off(twilio):
    reminded(1)
    twilio.account.fates = {phone(1): "undelivered 30008"}
    send_due(DUE)
    twilio.deliver(post=posted)
    take_events(DUE)
    twilio.account.fates = {}
    send_due(DUE + td(minutes=15))
    twilio.deliver(shuffle=True, post=posted)
    while take_events(DUE + td(minutes=16)):
        pass
    message = Message.objects.get()
    assert (message.state, message.attempts, twilio.account.taken) == ("delivered", 2, 2)


def test_a_shopper_answers_and_a_shopper_says_stop(twilio):
    store = reminded(2)
    twilio.inbound_url = f"{configured.PUBLIC_URL}/callbacks/twilio/inbound/{store.slug}/"
    twilio.account.advanced_opt_out = False
    send_due(DUE)
    whatsapp = f"whatsapp:{phone(2)}"
    assert posted(twilio.receive(phone(1), NUMBER, "Is it still there?")) == 200
    assert posted(twilio.receive(whatsapp, WHATSAPP_NUMBER, "stop")) == 200
    take_events(DUE), send_notices(DUE)
    assert Enrolment.objects.get(stop_reason="replied").customer.phone == phone(1)
    assert Suppression.objects.get().channel == "whatsapp"
    twilio.deliver(post=posted)
    while take_events(DUE):
        pass
    notice = Notice.objects.get()
    assert (notice.purpose, notice.state, notice.provider_id) == ("stopped", "delivered", twilio.messages[-1].sid)
    assert not ProviderEvent.objects.filter(state="dead").exists()
