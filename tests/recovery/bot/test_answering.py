"""A person answers what a shopper wrote."""

from __future__ import annotations

from datetime import timedelta as td

import pytest

from customers.consent import suppress
from customers.models import Customer
from recovery.bot.answering import CannotAnswer, answer, settle, why_not
from recovery.callbacks import doors
from recovery.callbacks.process import take_events
from recovery.models import Notice, Reply
from recovery.outbox.notices import send_notices
from recovery.providers.console.provider import read_mailbox
from tests.factories import checkout, make_store, person, put
from tests.recovery.callbacks.posting import DUE, TOKEN, phone, write

pytestmark = pytest.mark.django_db(transaction=True)

SOON = DUE + td(minutes=5)


@pytest.fixture(autouse=True)
def _account(settings, tmp_path):
    settings.TWILIO_AUTH_TOKEN, settings.MAILBOX_DIR = TOKEN, tmp_path
    doors.forget()


@pytest.fixture
def anna() -> Customer:
    store = make_store()
    put(store, checkout(person=person(1, phone=phone(1), consents=("sms", "whatsapp"))))
    return Customer.objects.get(store=store)


def asks(anna: Customer, text: str, who: str = phone(1)) -> Reply:
    write(anna.store, Reply.objects.count() + 1, text, who)
    take_events(DUE)
    reply = Reply.objects.latest("pk")
    Reply.objects.filter(pk=reply.pk).update(at=DUE)
    return Reply.objects.get(pk=reply.pk)


def test_it_goes_to_the_number_that_wrote_and_only_once(anna, tmp_path):
    reply = asks(anna, "Does it come with a bulb?")
    for words in (" Yes, it does – “E27”.\r\n", "Yes, it does – “E27”."):
        answer(reply, words, now=SOON)
    send_notices(SOON), send_notices(SOON)
    (sent,) = read_mailbox(tmp_path)
    assert (sent.channel, sent.to, sent.text) == ("sms", phone(1), 'Yes, it does - "E27".')
    assert (Notice.objects.get().purpose, Notice.objects.get().reply_id) == ("answer", reply.pk)


def test_one_answer_is_enough_for_all_that_was_written_until_then(anna):
    first, second = asks(anna, "Is it in stock?"), asks(anna, "In green?")
    answer(second, "Both.", now=SOON)
    third = asks(anna, "And in red?")
    waits = dict(Reply.objects.values_list("pk", "answered_at"))
    assert waits == {first.pk: SOON, second.pk: SOON, third.pk: None}
    assert (settle(third, now=SOON), settle(third, now=SOON)) == (1, 0)


def test_who_said_stop_is_not_written_to_by_hand_either(anna, tmp_path):
    reply = asks(anna, "Is it in stock?")
    suppress(anna.store_id, "sms", phone(1), "stop", now=DUE)
    with pytest.raises(CannotAnswer, match="stop list"):
        answer(reply, "Yes", now=SOON)
    assert (Notice.objects.count(), Reply.objects.get().answered_at) == (0, None)


def test_whatsapp_takes_free_words_for_a_day(anna):
    reply = asks(anna, "Hello?", f"whatsapp:{phone(1)}")
    assert why_not(reply, DUE + td(hours=23, minutes=59)) == ""
    assert "24 hours" in why_not(reply, DUE + td(hours=24))
    again = asks(anna, "Anybody?", f"whatsapp:{phone(1)}")
    Reply.objects.filter(pk=again.pk).update(at=DUE + td(hours=2))
    assert why_not(reply, DUE + td(hours=25)) == ""


@pytest.mark.parametrize("words", ["", "  \n", "x" * 1001])
def test_nothing_and_too_much_are_refused(anna, words):
    with pytest.raises(CannotAnswer):
        answer(asks(anna, "Hello?"), words, now=SOON)
    assert not Notice.objects.exists()


def test_mail_is_answered_where_it_lies(anna):
    reply = Reply.objects.create(
        store=anna.store, customer=anna, channel="email", address="anna@mail.example", provider_id="x", at=DUE
    )
    assert "inbox" in why_not(reply, SOON)
    reply.address = ""
    assert "erased" in why_not(reply, SOON)
