"""Questions that a store switched on: once, in the day, to who said yes, and never after a STOP."""

from __future__ import annotations

from datetime import datetime
from datetime import timedelta as td
from typing import Any

import pytest

from customers import consent
from customers.models import Customer, Store
from recovery.bot.asking import ask_due
from recovery.models import Enrolment, Message, Notice, SurveyAsk
from recovery.outbox.notices import send_notices
from recovery.providers.console.provider import Captured, read_mailbox, read_message
from tests.factories import NOW, abandoned_cart, make_store, order, person, put
from tests.recovery.callbacks.posting import on_their_way, phone

pytestmark = pytest.mark.django_db

#: Noon at the store.
NOON = NOW.replace(hour=10)
LATER = NOON + td(days=14, hours=2)


@pytest.fixture(autouse=True)
def _mailbox(settings, tmp_path):
    settings.MAILBOX_DIR = tmp_path


def captured(settings) -> Captured:
    """The one message that was sent."""
    (mail,) = read_mailbox(settings.MAILBOX_DIR)
    whole = read_message(settings.MAILBOX_DIR, mail.name)
    assert whole is not None
    return whole


def bought(store: Store, **fields: Any) -> Customer:
    abandoned_cart(store, at=NOON)
    put(store, order(at=NOON + td(hours=1), **fields), at=NOON + td(hours=1))
    return Customer.objects.get(store=store)


def test_who_ordered_is_asked_once_by_mail_with_a_way_out(settings):
    store = make_store(ask_after_order="nps")
    bought(store)
    assert [ask_due(LATER), ask_due(LATER), ask_due(LATER + td(days=1))] == [1, 0, 0]
    assert SurveyAsk.objects.values_list("kind", "via", "answered_at").get() == ("nps", "email", None)
    send_notices(LATER)
    mail = captured(settings)
    assert mail.subject == "One question about your order"
    assert "How likely are you to recommend Puro to a friend?" in mail.text and "/survey/" in mail.html
    notice = Notice.objects.get()
    assert (notice.state, notice.unsubscribe_url) == ("sent", "")
    assert "/survey/····" in notice.text and "/u/····" in notice.html


@pytest.mark.parametrize("when", [LATER + td(hours=12), LATER - td(days=1), LATER + td(days=4)])
def test_at_night_too_early_and_much_too_late_nobody_is_asked(when: datetime):
    bought(make_store(ask_after_order="csat"))
    assert (ask_due(when), Notice.objects.count()) == (0, 0)


def test_a_store_that_did_not_switch_it_on_asks_nobody():
    bought(make_store())
    assert ask_due(LATER) == 0


def test_without_a_yes_nobody_is_asked_and_a_no_at_the_door_was_no_question():
    store = make_store(ask_after_order="ces")
    anna = bought(store)
    assert ask_due(LATER) == 1
    consent.revoke(store, anna, "email", now=LATER, source="test", words="no")
    send_notices(LATER)
    assert Notice.objects.values_list("state", "reason").get() == ("skipped", "no_consent")
    assert not SurveyAsk.objects.exists() and ask_due(LATER) == 0


@pytest.mark.parametrize("fields", [{"paid": False}, {"is_test": True}, {"cancelled_at": NOON + td(days=1)}])
def test_what_was_no_sale_is_not_asked_about(fields):
    bought(make_store(ask_after_order="nps"), **fields)
    assert ask_due(LATER) == 0


def texted(**store: object) -> Message:
    """A flow that ended with an SMS a day and more ago, without an order."""
    (message,) = on_their_way(1, store=make_store(ask_why_by_text=True, **store), state="delivered")
    Enrolment.objects.update(state="done", due_at=None)
    when = message.sent_at or NOW
    for anna in Customer.objects.all():
        consent.grant(anna.store, anna, "sms", now=when, source="test", words="yes")
    return message


def test_a_flow_that_ended_by_sms_is_followed_by_one_question(settings):
    message = texted()
    when = NOON + td(days=2)
    assert [ask_due(when), ask_due(when + td(minutes=15))] == [1, 0]
    send_notices(when)
    sms = captured(settings)
    assert sms.to == phone(1) and "Reply with a number: 1 extra costs" in sms.text
    assert SurveyAsk.objects.values_list("cart", "via").get() == (message.cart_id, "sms")


def test_who_said_stop_is_asked_nothing():
    message = texted()
    consent.suppress(message.store_id, "sms", phone(1), "stop", now=NOW)
    assert (ask_due(NOON + td(days=2)), Notice.objects.count()) == (0, 0)


def test_a_person_who_is_erased_is_asked_nothing():
    store = make_store(ask_after_order="nps")
    bought(store, person=person())
    Customer.objects.update(erased_at=LATER)
    assert ask_due(LATER) == 0
