"""One question, asked of people: a POST answers it, a GET never does, and a machine was never asked."""

from __future__ import annotations

from datetime import timedelta as td

import pytest

from carts.models import Cart
from customers.models import Customer, Store
from recovery.links.mint import new_token, token_hash
from recovery.models import Link, Reply, SurveyAsk
from recovery.surveys import REASONS, answer_by_text, note_asked, read_answer
from tests.factories import make_store, order, put
from tests.recovery.links.written import CLICKED, Written, written

pytestmark = pytest.mark.django_db


def question(link: Written, token_of: str = "recover") -> str:
    return f"/survey/{getattr(link, token_of).strip('/').split('/')[-1]}/"


def lost(link: Written) -> Written:
    """Its cart cannot be restored any more."""
    Cart.objects.filter(pk=link.cart.pk).update(restore_url="")
    return link


def kept() -> tuple[str, str, bool]:
    ask = SurveyAsk.objects.get()
    return ask.code, ask.comment, ask.answered_at is not None


def test_where_no_cart_opens_a_person_is_asked_and_may_answer(browser):
    link = lost(written())
    html = browser.get(link.recover).content.decode()
    assert "What kept you from ordering?" in html and html.count('type="radio"') == len(REASONS)
    assert kept() == ("", "", False)
    answer = browser.post(question(link), {"answer": "slow_delivery", "comment": " Two\n weeks? "})
    assert "Thank you, your answer is noted." in answer.content.decode()
    assert kept() == ("slow_delivery", "Two weeks?", True)


def test_who_answers_again_changes_the_answer(browser):
    link = lost(written())
    for code in ("trust", "later"):
        browser.post(question(link), {"answer": code})
    assert kept() == ("later", "", True)


def test_a_machine_was_never_asked(browser):
    link = lost(written())
    browser.get(link.recover, headers={"User-Agent": "Barracuda Sentinel"})
    browser.get(question(link), headers={"User-Agent": "curl/8.1"})
    browser.head(question(link))
    assert SurveyAsk.objects.count() == 0


def test_who_opens_every_link_at_once_was_never_asked(browser):
    link = lost(written())
    browser.get(link.recover)
    browser.get(link.unsubscribe)
    assert SurveyAsk.objects.count() == 0


def test_a_get_with_an_answer_in_it_decides_nothing(browser):
    link = written()
    browser.get(question(link) + "?answer=trust")
    assert kept() == ("", "", False)


def test_after_unsubscribing_by_the_button_a_person_is_asked_but_not_by_one_click(browser):
    link = written()
    browser.post(link.unsubscribe, {"List-Unsubscribe": "One-Click"})
    assert SurveyAsk.objects.count() == 0
    assert "What kept you" in browser.post(link.unsubscribe, {"action": "stop"}).content.decode()
    browser.post(question(link, "unsubscribe"), {"answer": "other", "comment": "x" * 900})
    assert kept() == ("other", "x" * 500, True)


def test_settings_lead_to_the_question_and_an_ordered_cart_is_asked_otherwise(browser):
    link = written()
    assert question(link, "preferences") in browser.get(link.preferences).content.decode()
    put(link.store, order(at=CLICKED), at=CLICKED)
    assert "What made you hesitate before?" in browser.get(link.recover).content.decode()


def test_a_store_that_does_not_ask_and_a_person_who_is_gone_are_left_alone(browser):
    link = lost(written(make_store(ask_why=False)))
    assert 'type="radio"' not in browser.get(link.recover).content.decode()
    assert browser.post(question(link), {"answer": "trust"}).status_code == 410
    Store.objects.update(ask_why=True)
    Customer.objects.update(erased_at=CLICKED)
    assert browser.post(question(link), {"answer": "trust"}).status_code == 410
    assert SurveyAsk.objects.count() == 0


@pytest.mark.parametrize(("code", "comment"), [("", ""), ("nonsense", "words"), ("11", "")])
def test_what_is_no_answer_is_asked_again(browser, code, comment):
    link = written()
    assert browser.post(question(link), {"answer": code, "comment": comment}).status_code == 200
    assert not SurveyAsk.objects.exclude(answered_at=None)


def asked_after_order(link: Written, kind: str) -> str:
    token = new_token()
    row = Link.objects.create(
        token_hash=token_hash(token), kind="survey", store=link.store, customer=link.customer, channel="email",
        expires_at=CLICKED + td(days=60),
    )  # fmt: skip
    put(link.store, order(at=CLICKED), at=CLICKED)
    bought = link.store.orders.get()
    note_asked(link.store.pk, kind, "email", now=CLICKED, customer_id=link.customer.pk, order_id=bought.pk,
               link_id=row.pk)  # fmt: skip
    return f"/survey/{token}/"


@pytest.mark.parametrize(("kind", "scores"), [("csat", 5), ("ces", 7), ("nps", 11)])
def test_after_an_order_a_score_is_taken(browser, kind, scores):
    path = asked_after_order(written(), kind)
    assert browser.get(path).content.decode().count('type="radio"') == scores
    browser.post(path, {"answer": "5"})
    assert SurveyAsk.objects.get().score == 5
    assert read_answer(kind, "11", "") is None


@pytest.mark.parametrize(
    ("text", "button", "code"),
    [
        ("2", "", "slow_delivery"),
        (" 8. ", "", "other"),
        ("9", "", ""),
        ("two of them", "", ""),
        ("", "why_trust", "trust"),
    ],
)
def test_a_number_answers_what_was_asked_by_text(text, button, code):
    link = written()
    note_asked(link.store.pk, "why", "sms", now=CLICKED, customer_id=link.customer.pk, cart_id=link.cart.pk)
    taken = answer_by_text([link.customer.pk], "sms", text, button, since=CLICKED, now=CLICKED + td(hours=1))
    assert (taken, SurveyAsk.objects.get().code) == (bool(code), code)
    assert not Reply.objects.exists()


def test_a_number_that_nobody_asked_for_answers_nothing():
    link = written()
    assert not answer_by_text([link.customer.pk], "sms", "2", "", since=CLICKED, now=CLICKED)
    note_asked(link.store.pk, "why", "sms", now=CLICKED, customer_id=link.customer.pk, cart_id=link.cart.pk)
    late = CLICKED + td(days=8)
    assert not answer_by_text([link.customer.pk], "sms", "2", "", since=late, now=late)
