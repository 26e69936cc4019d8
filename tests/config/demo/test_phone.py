"""Phone conversations in the development mailbox, and the hours that hold them back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from config.demo.quiet import detour
from customers.consent import Refused, may_contact
from customers.models import Customer
from recovery.callbacks.process import take_events
from recovery.demo import open_demo
from recovery.flows.runner import run_flows
from recovery.intake import take
from recovery.models import Message, Notice, Reply
from recovery.outbox.notices import send_notices
from recovery.outbox.send import send_due
from tests.factories import NOW, abandoned_cart, after, person

DAWN, DAY, NIGHT = (datetime(2026, 3, 10, hour, tzinfo=UTC) for hour in (6, 12, 21))
ANNA = {"country": "FI", "phone": "040 1234567", "yes_sms": True, "yes_whatsapp": False, "reminders": "yes"}


@pytest.mark.parametrize(
    ("changed", "now", "told"),
    [
        ({}, DAY, ""),
        ({"yes_sms": False}, NIGHT, ""),
        ({}, NIGHT, "until Wednesday 10:00 there (Helsinki), so the reminder comes by e-mail."),
        ({"yes_whatsapp": True}, NIGHT, "WhatsApp and SMS wait for"),
        ({"reminders": "no"}, NIGHT, "too late, so none is sent."),
        ({"reminders": "no"}, DAWN, "until 10:00 there (Helsinki), and so does the reminder."),
        ({"country": "US", "phone": "+12125550123", "yes_whatsapp": True}, DAWN, "SMS waits for the shopper's daytime"),
        ({"country": "JP"}, datetime(2026, 3, 10, 3, tzinfo=UTC), ""),
    ],
)
def test_the_hours_that_hold_a_phone_message_back_are_told(changed: dict[str, Any], now: datetime, told: str):
    assert told in detour(ANNA | changed, now) if told else detour(ANNA | changed, now) == ""


@pytest.fixture
def sms(db: None, settings: Any, tmp_path: Any) -> str:
    """The file of an SMS reminder that the demo store has sent to Anna."""
    store, _ = open_demo(tmp_path, now=NOW)
    anna = person(phone="+358401234567", country="FI", consents=("sms", "email"))
    abandoned_cart(store, person=anna)
    due = after(minutes=2)
    take(due), run_flows(due), send_due(due)
    (path,) = settings.MAILBOX_DIR.glob("sms-*.json")
    return str(path.name)


def answered(name: str, text: str) -> str:
    """The conversation after the answer was heard."""
    field = "quick" if text.isupper() else "text"
    response = Client().post(f"/demo/mailbox/{name}/reply/", {"text": "", field: text})
    assert (response.status_code, response.headers["Location"]) == (302, "../")
    take_events(after(minutes=5)), send_notices(after(minutes=5))
    return Client().get(f"/demo/mailbox/{name}/").content.decode()


def test_an_sms_is_a_bubble_with_its_price(sms: str):
    page = Client().get(f"/demo/mailbox/{sms}/").content.decode()
    assert 'class="handset sms"' in page and "1 segment," in page and "GSM-7" in page


def test_stop_stops_and_is_confirmed_once(sms: str):
    assert 'class="bubble mine"' in answered(sms, "STOP")
    anna = Customer.objects.get()
    (verdict,) = may_contact(anna.store, [anna], "sms").values()
    assert isinstance(verdict, Refused)
    answered(sms, "stop")
    assert [reply.intent for reply in Reply.objects.all()] == ["stop", "stop"]
    assert list(Notice.objects.values_list("purpose", "state", "provider")) == [("stopped", "sent", "mailbox")]


def test_any_other_answer_pauses_and_no_machine_answers(sms: str):
    page = answered(sms, "Is it <b>washable</b>?")
    assert "Is it &lt;b&gt;washable&lt;/b&gt;?" in page
    assert (Reply.objects.get().intent, Notice.objects.count()) == ("", 0)
    assert Message.objects.get().enrolment.stop_reason == "replied"


def test_an_empty_answer_says_nothing(sms: str):
    answered(sms, "  ")
    assert Reply.objects.count() == 0


def test_who_answers_needs_our_form_a_post_and_a_message_that_is_there(sms: str):
    assert Client(enforce_csrf_checks=True).post(f"/demo/mailbox/{sms}/reply/", {"text": "STOP"}).status_code == 403
    assert Client().get(f"/demo/mailbox/{sms}/reply/").status_code == 405
    Message.objects.update(provider_id="mailbox-m1.20200101000000")
    assert Client().post(f"/demo/mailbox/{sms}/reply/", {"text": "STOP"}).status_code == 404
    assert Reply.objects.count() == 0
