"""What a person wrote and was answered: given to them who asks for it, and erased with them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from customers.models import Customer, PrivacyRequest
from recovery import privacy
from recovery.callbacks.process import take_events
from recovery.models import Notice, ProviderEvent, Reply
from recovery.outbox.notices import send_notices
from recovery.reports.person import everything_of
from tests.recovery.callbacks.posting import DUE, inbound_form, on_their_way, phone, status_form

pytestmark = pytest.mark.django_db(transaction=True)


def keep(kind: str, form: dict[str, Any], **fields: object) -> ProviderEvent:
    given = {"provider": "twilio", "kind": kind, "dedupe_key": str(form["MessageSid"]), "payload": {"form": form}}
    return ProviderEvent.objects.create(**given | fields)


@pytest.fixture
def anna(settings, tmp_path) -> Customer:
    """She asked for help by WhatsApp, and was helped; a callback tells of her message."""
    settings.MAILBOX_DIR = tmp_path
    (message,) = on_their_way(1)
    form = {name: [value] for name, value in inbound_form(1, "help", f"whatsapp:{phone(1)}").items()}
    keep("inbound", form, store=message.store, payload={"form": form})
    take_events(DUE)
    send_notices(DUE)
    keep("status", status_form(2, "sent"), message=message, state="done")
    return message.customer


def erase(person: Customer) -> None:
    PrivacyRequest.objects.create(store=person.store, customer=person, kind="erase")
    assert privacy.carry_out(DUE) == 1


def test_access_tells_what_they_wrote_what_they_were_answered_and_what_providers_told(anna):
    told = json.loads(json.dumps(everything_of(anna)))
    assert [(row["body"], row["intent"], row["address"]) for row in told["replies"]] == [("help", "help", phone(1))]
    assert [(row["purpose"], row["state"], row["to"]) for row in told["answers"]] == [("help", "sent", phone(1))]
    assert [row["payload"]["form"]["To"] for row in told["told_by_providers"]] == [phone(1)]


def test_erasing_takes_the_words_and_the_addresses(anna):
    erase(anna)
    assert list(Reply.objects.values_list("address", "body", "intent")) == [("", "", "help")]
    assert list(Notice.objects.values_list("to", "text", "purpose")) == [("", "", "help")]
    assert phone(1) not in str(list(ProviderEvent.objects.values_list("payload", flat=True)))


def test_erasing_finds_events_that_were_tied_to_nobody(anna):
    dead = keep("inbound", inbound_form(3, "my name is Anna"), store=anna.store, state="dead", reason="x")
    waiting = keep("tracking", {"MessageSid": "y", "recipient": anna.email.upper()})
    others = keep("inbound", inbound_form(4, "hello", phone(2)), store=anna.store, state="dead")
    erase(anna)
    for event in (dead, waiting, others):
        event.refresh_from_db()
    assert [(e.payload, e.state) for e in (dead, waiting)] == [({}, "ignored")] * 2
    assert (others.state, bool(others.payload)) == ("dead", True)


def test_erasing_takes_strangers_words_from_the_same_number(anna):
    Reply.objects.update(customer=None)
    Notice.objects.update(customer=None)
    erase(anna)
    assert (Reply.objects.get().body, Notice.objects.get().text) == ("", "")
