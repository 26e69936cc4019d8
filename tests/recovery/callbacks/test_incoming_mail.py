"""Mail that shoppers answer with: it pauses every channel, may say no, and is kept where it can be erased."""

from __future__ import annotations

import pytest
from anymail.inbound import AnymailInboundMessage

from customers.models import Consent, Customer, Store, Suppression
from recovery.callbacks.incoming_mail import is_automatic, own_words
from recovery.callbacks.process import take_events
from recovery.models import Enrolment, Message, ProviderEvent, Reply
from tests.factories import make_store
from tests.recovery.callbacks.posting import DUE, on_their_way
from tests.recovery.callbacks.test_anymail import basic, post

pytestmark = pytest.mark.django_db(transaction=True)

DOOR = "/callbacks/anymail/postmark/inbound/"


@pytest.fixture(autouse=True)
def postmark(settings):
    settings.ANYMAIL_ESP, settings.ANYMAIL = "postmark", {"server_token": "x"}
    settings.ANYMAIL_WEBHOOK_SECRET = ["hook:secret"]


def write(text: str, who: str, secret: str = "hook:secret", n: int = 1, **headers: str) -> int:
    """Postmark's inbound webhook, as its docs show it."""
    body = {
        "MessageID": f"in-{n}",
        "FromFull": {"Email": who, "Name": "Anna"},
        "ToFull": [{"Email": "hello@shop.example", "Name": ""}],
        "Subject": "Re: You forgot",
        "TextBody": text,
        "Headers": [{"Name": name.replace("_", "-"), "Value": value} for name, value in headers.items()],
    }
    return post(DOOR, body, basic(secret))


@pytest.fixture
def mail() -> Message:
    (sent,) = on_their_way(1, "email", state="sent", provider_id="u-1")
    return sent


def test_an_answer_pauses_every_channel_and_is_kept_once(mail):
    for _ in range(2):
        assert (
            write("Is it still there?\n\nOn Monday Puro wrote:\n> unsubscribe", mail.to, In_Reply_To="<u-1@mt>") == 200
        )
    assert take_events(DUE) == 1
    reply = Reply.objects.get()
    assert (reply.customer, reply.channel, reply.intent) == (mail.customer, "email", "")
    assert reply.body == "Re: You forgot\n\nIs it still there?"
    assert Enrolment.objects.get().stop_reason == "replied"
    assert not Message.objects.filter(state="queued").exists() and not Suppression.objects.exists()


def test_what_is_kept_of_the_event_holds_no_words(mail):
    write("Is it still there?", mail.to, In_Reply_To="<u-1@mt>")
    assert "still there" in str(ProviderEvent.objects.get().payload)
    take_events(DUE)
    event = ProviderEvent.objects.get()
    assert (event.state, event.store_id, event.reason) == ("done", mail.store_id, "paused")
    assert event.payload == {"mail": {"id": "in-1", "auto": False, "spam": False}}


def test_without_a_reference_the_stores_address_and_the_writers_tell(mail):
    write("A question", mail.to.upper())
    take_events(DUE)
    assert Reply.objects.get().customer == mail.customer


def test_an_answer_from_another_address_is_still_the_customers(mail):
    write("A question", "work@else.example", In_Reply_To="<x@y>", References="<a@b> <u-1@mtasv.net>")
    take_events(DUE)
    assert (Reply.objects.get().customer, Reply.objects.get().address) == (mail.customer, "work@else.example")


@pytest.mark.parametrize("words", ["STOP", "Please stop e-mailing me.", "unsubscribe"])
def test_a_no_by_mail_is_a_no(mail, words):
    write(words, mail.to, In_Reply_To="<u-1@mt>")
    take_events(DUE)
    assert Consent.objects.get(customer=mail.customer, channel="email").state == "revoked"
    assert [(s.channel, s.reason) for s in Suppression.objects.all()] == [("email", "stop")]


@pytest.mark.parametrize("words", ["START", "YES"])
def test_a_yes_by_mail_proves_nothing(mail, words):
    Consent.objects.update(state="revoked")
    write(words, mail.to, In_Reply_To="<u-1@mt>")
    take_events(DUE)
    assert Consent.objects.get(customer=mail.customer, channel="email").state == "revoked"
    assert Reply.objects.get().intent == ""


def test_who_is_on_holiday_has_not_replied(mail):
    write("I am back on Monday", mail.to, In_Reply_To="<u-1@mt>", Auto_Submitted="auto-replied")
    take_events(DUE)
    assert (ProviderEvent.objects.get().state, ProviderEvent.objects.get().reason) == ("ignored", "a machine's answer")
    assert not Reply.objects.exists() and Enrolment.objects.get().stop_reason == ""


def test_a_mail_to_an_address_that_stores_share_is_nobodys(mail):
    make_store()
    write("A question", mail.to)
    take_events(DUE)
    assert ProviderEvent.objects.get().state == "ignored" and not Reply.objects.exists()


def test_a_mail_that_nobody_has_read_yet_holds_messages_back(mail):
    from recovery.outbox.answers import ask

    write("A question", mail.to)
    assert ask([mail], DUE).unread == {mail.store_id}
    take_events(DUE)
    assert ask([mail], DUE).unread == set()


@pytest.mark.parametrize(("secret", "status"), [("hook:wrong", 403), ("", 403)])
def test_a_forged_mail_is_refused_and_nothing_is_kept(mail, secret, status):
    assert write("STOP", mail.to, secret) == status
    assert not ProviderEvent.objects.exists()


def test_a_service_that_only_tells_where_the_mail_lies_is_not_listened_to(settings):
    settings.ANYMAIL_ESP = "resend"
    assert post(DOOR.replace("postmark", "resend"), {}, {}) == 404


def test_a_mail_that_cannot_be_read_is_a_dead_letter():
    assert post(DOOR, {"RecordType": "Bounce"}, basic("hook:secret")) == 200
    take_events(DUE)
    assert (ProviderEvent.objects.get().state, Store.objects.count(), Customer.objects.count()) == ("dead", 0, 0)


QUOTES = [
    ("Hi\n> old", "Hi"),
    ("Hi\n\nAm Mo., 9. März 2026 um 12:00 schrieb\nPuro <hello@shop.example>:\n\n> alt", "Hi"),
    ("Two things:\nthis\nand that", "Two things:\nthis\nand that"),
    ("Hi\r\n\r\n-----Original Message-----\r\nFrom: x", "Hi"),
    ("> all quoted", ""),
]


@pytest.mark.parametrize(("text", "own"), QUOTES)
def test_the_quotation_is_left_away(text, own):
    assert own_words(text) == own


@pytest.mark.parametrize(("header", "auto"), [
    ("Auto-Submitted: no", False), ("Auto-Submitted: auto-replied; x", True), ("Precedence: bulk", True),
    ("X-Autoreply: yes", True), ("Content-Type: multipart/report", True), ("Precedence: normal", False),
])  # fmt: skip
def test_machines_are_told_apart(header, auto):
    assert is_automatic(AnymailInboundMessage.parse_raw_mime(f"{header}\n\nHi")) is auto
