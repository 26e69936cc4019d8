"""The question by WhatsApp: with buttons where Twilio carries it, and its numbers everywhere."""

from __future__ import annotations

from datetime import timedelta as td
from typing import Any

import pytest

from customers import consent
from customers.models import Customer, Store
from recovery.bot.asking import ask_due
from recovery.bot.converse import Heard, hear
from recovery.channels.texts import LOCALES
from recovery.channels.whatsapp import QuickReply, button_problems
from recovery.links.words import page_words
from recovery.models import Notice, Reply, SurveyAsk, SurveyButtons
from recovery.outbox.notices import send_notices
from recovery.surveys import REASONS
from tests.factories import NOW, abandoned_cart, make_store, person
from tests.recovery.callbacks.posting import phone
from tests.standins.twilio import WHATSAPP_NUMBER, TwilioStandin

pytestmark = pytest.mark.django_db

NOON = NOW.replace(hour=10)


def answered(store: Store, n: int) -> Customer:
    """Somebody with a cart who wrote by WhatsApp an hour ago and was answered by a person."""
    anna = abandoned_cart(store, f"C{n}", NOON - td(days=1), person=person(n, phone=phone(n))).customer
    assert anna
    consent.grant(store, anna, "whatsapp", now=NOON - td(days=1), source="test", words="yes")
    asked = {"store": store, "customer": anna, "channel": "whatsapp"}
    Reply.objects.create(**asked, address=phone(n), body="Is it linen?", provider_id=f"R{n}", at=NOON - td(hours=1))
    Notice.objects.create(**asked, to=phone(n), purpose="answer", dedupe_key=f"a{n}", text="It is.", state="sent",
                          due_at=NOON, created_at=NOON - td(minutes=30))  # fmt: skip
    return anna


def test_it_goes_with_buttons_that_are_made_once(twilio: TwilioStandin) -> None:
    store = make_store(ask_why_by_text=True)
    for n in (1, 2):
        answered(store, n)
        twilio.account.hear(f"whatsapp:{phone(n)}", WHATSAPP_NUMBER, "Is it linen?")
    assert ask_due(NOON) == 2
    send_notices(NOON)
    (made,) = twilio.account.templates.values()
    actions = made.types["twilio/quick-reply"]["actions"]
    assert [action["id"] for action in actions] == ["why_extra_costs", "why_later", "why_other"]
    assert "Reply with a number: 1 extra costs" in made.types["twilio/quick-reply"]["body"]
    assert {message.content_sid for message in twilio.account.messages.values()} == {made.sid}
    assert (SurveyButtons.objects.count(), twilio.account.violations) == (1, [])


def test_a_tap_is_an_answer_about_the_cart(twilio: TwilioStandin) -> None:
    store = make_store(ask_why_by_text=True)
    anna = answered(store, 1)
    ask_due(NOON)
    tap = Heard(store, "whatsapp", phone(1), "Just comparing", "SM9", NOON + td(minutes=5), button="why_later")
    assert hear(tap, now=NOON + td(minutes=5)) == "survey"
    assert SurveyAsk.objects.values_list("customer", "code", "via").get() == (anna.pk, "later", "whatsapp")


def test_other_words_are_made_anew(twilio: TwilioStandin) -> None:
    store = make_store(ask_why_by_text=True)
    answered(store, 1)
    ask_due(NOON)
    Store.objects.update(name="Puro & Co")
    answered(Store.objects.get(), 2)
    ask_due(NOON)
    assert len(twilio.account.templates) == 2
    assert SurveyButtons.objects.get().content_sid == list(twilio.account.templates)[1]


def test_numbers_must_do_where_twilio_will_not_make_them(twilio: TwilioStandin) -> None:
    twilio.account.token = "another"
    answered(make_store(ask_why_by_text=True), 1)
    assert ask_due(NOON) == 1
    notice = Notice.objects.get(purpose="survey")
    assert (notice.content_sid, "Reply with a number" in notice.text) == ("", True)


def test_numbers_must_do_without_twilio(settings: Any, tmp_path: Any) -> None:
    settings.MAILBOX_DIR = tmp_path
    answered(make_store(ask_why_by_text=True), 1)
    assert ask_due(NOON) == 1
    assert Notice.objects.get(purpose="survey").content_sid == ""


@pytest.mark.parametrize("locale", LOCALES)
def test_buttons_are_short_enough_in_every_language(locale: str) -> None:
    words = page_words("survey_buttons", locale)
    reasons = [name for name in REASONS if name in words]
    assert len(reasons) == 3
    assert button_problems([QuickReply(f"why_{name}", words[name]) for name in reasons]) == []
