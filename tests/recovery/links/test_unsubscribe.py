"""Saying no: a GET asks, a POST acts at once, and nothing that became of the person stands in its way."""

from __future__ import annotations

from datetime import timedelta as td

import pytest
from django.db import connection
from django.test import Client
from django.test.client import MULTIPART_CONTENT
from django.test.utils import CaptureQueriesContext

from customers import identity
from customers.addresses import address_hash
from customers.consent import Allowed, Refused, may_contact, suppress
from customers.models import ConsentEvent, Customer, Suppression
from customers.privacy import erase
from recovery.models import Click, Decision, Enrolment, Flow, Link, Message
from tests.factories import after, person
from tests.recovery.links.written import CLICKED, written

pytestmark = pytest.mark.django_db

ONE_CLICK = {"List-Unsubscribe": "One-Click"}
URLENCODED = "application/x-www-form-urlencoded"


def stands(customer: Customer, channel: str = "email") -> Allowed | Refused:
    return may_contact(customer.store, [customer], channel)[customer.pk]


def everything() -> list[object]:
    """Every row that an opt-out could touch."""
    models = (ConsentEvent, Suppression, Message, Enrolment, Decision)
    return [list(model._default_manager.order_by("pk").values()) for model in models]


def test_a_get_asks_and_changes_nothing(browser):
    link = written()
    before = everything()
    for _ in range(2):
        response = browser.get(link.unsubscribe)
        assert response.status_code == 200
        assert "Stop e‑mail reminders?" in response.content.decode()
    assert browser.head(link.unsubscribe).status_code == 200
    assert everything() == before
    assert Click.objects.count() == 0


def test_it_says_what_stops_and_not_who_you_are(browser):
    html = browser.get(written().unsubscribe).content.decode()
    assert "Puro will no longer e‑mail you about items left in your cart." in html
    assert "anna" not in html.lower() and "Mug" not in html


def test_the_button_stops_at_once_and_leaves_its_proof(browser):
    link = written()
    response = browser.post(link.unsubscribe, {"action": "stop"})
    assert response.status_code == 200
    assert "You are unsubscribed" in response.content.decode()
    assert stands(link.customer) == Refused("suppressed", "unsubscribe")
    proof = ConsentEvent.objects.get(state="revoked")
    assert (proof.source, proof.channel, proof.address, proof.at) == (
        "unsubscribe link", "email", "anna1@mail.example", CLICKED,
    )  # fmt: skip
    assert proof.words == (
        "Stop e-mail reminders? Puro will no longer e-mail you about items left in your cart. "
        "Messages about orders that you have placed are not affected. Unsubscribe"
    )


@pytest.mark.parametrize("encoding", ["multipart", "urlencoded"])
def test_one_click_is_answered_plainly_in_both_encodings(browser, encoding):
    link = written()
    body = {"data": ONE_CLICK, "content_type": MULTIPART_CONTENT}
    if encoding == "urlencoded":
        body = {"data": "List-Unsubscribe=One-Click", "content_type": URLENCODED}
    response = browser.post(link.unsubscribe, **body, headers={"User-Agent": ""})
    assert (response.status_code, response.content) == (200, b"Unsubscribed.\n")
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert not response.cookies
    assert ConsentEvent.objects.get(state="revoked").source == "one-click"
    assert stands(link.customer) == Refused("suppressed", "unsubscribe")


@pytest.mark.parametrize(
    ("body", "kind"),
    [("", ""), ("nonsense", "text/plain"), ("{}", "application/json"), ("x", "multipart/form-data"),
     ("x", "multipart/form-data; boundary=" + "b" * 500), ("=&&=%ff&", URLENCODED), ("a=1&" * 2000, URLENCODED)],
)  # fmt: skip
def test_a_post_that_cannot_be_read_still_means_no(browser, body, kind):
    link = written()
    assert browser.post(link.unsubscribe, body, content_type=kind).status_code == 200
    assert isinstance(stands(link.customer), Refused)


def test_saying_no_again_changes_nothing(browser, clock):
    link = written()
    browser.post(link.unsubscribe, ONE_CLICK)
    before = everything()
    clock.shift(td(days=1))
    for form in (ONE_CLICK, {"action": "stop"}, {}):
        assert browser.post(link.unsubscribe, form).status_code == 200
    assert everything() == before


def test_a_no_cancels_what_waits_on_its_channel_only(browser):
    link = written()
    Message.objects.filter(pk=link.message.pk).update(state="queued", sent_at=None)
    Flow.objects.update(days_between=0)
    texting = written(link.store, token="C2", person=person(1)).message
    Message.objects.filter(pk=texting.pk).update(state="queued", channel="sms", sent_at=None)
    browser.post(link.unsubscribe, ONE_CLICK)
    assert list(Message.objects.order_by("pk").values_list("state", "reason")) == [
        ("cancelled", "unsubscribed"), ("queued", ""),
    ]  # fmt: skip
    assert Decision.objects.get(verdict="cancelled").message_id == link.message.pk
    assert Enrolment.objects.filter(state="stopped").count() == 0


def test_it_works_on_a_link_that_expired(browser, clock):
    link = written()
    clock.shift(td(days=500))
    response = browser.post(link.unsubscribe, {"action": "stop"})
    assert response.status_code == 200
    assert isinstance(stands(link.customer), Refused)
    assert 'value="undo"' not in response.content.decode()


def test_it_works_for_somebody_who_was_erased(browser):
    link = written()
    erase(link.customer, now=CLICKED)
    Suppression.objects.all().delete()
    assert browser.get(link.unsubscribe).status_code == 200
    assert browser.post(link.unsubscribe, ONE_CLICK).status_code == 200
    assert Suppression.objects.get().address_hash == address_hash("anna1@mail.example")
    assert ConsentEvent.objects.filter(state="revoked").count() == 0


def test_it_works_for_a_link_that_has_nobody_any_more(browser):
    link = written()
    Link.objects.update(customer=None)
    assert browser.get(link.unsubscribe).status_code == 200
    assert browser.post(link.unsubscribe, {"action": "stop"}).status_code == 200
    assert Suppression.objects.get().address_hash == address_hash("anna1@mail.example")


def test_it_stops_the_address_written_to_and_the_one_of_today(browser):
    link = written()
    Customer.objects.filter(pk=link.customer.pk).update(email="anna@new.example")
    browser.post(link.unsubscribe, ONE_CLICK)
    stopped = set(Suppression.objects.values_list("address_hash", flat=True))
    assert stopped == {address_hash("anna1@mail.example"), address_hash("anna@new.example")}


def test_it_reaches_whom_the_customer_was_merged_into(browser):
    link = written()
    other = written(link.store, token="C2", person=person(2)).customer
    identity.merge(other.pk, link.customer.pk)
    browser.post(link.unsubscribe, ONE_CLICK)
    assert ConsentEvent.objects.get(state="revoked").customer == other
    assert stands(other) == Refused("suppressed", "unsubscribe")


@pytest.mark.parametrize("method", ["get", "post"])
def test_an_unknown_token_gets_a_friendly_404(browser, method):
    response = getattr(browser, method)("/u/2345678923456789/")
    assert response.status_code == 404
    assert "This link does not work" in response.content.decode()


@pytest.mark.parametrize("kind", ["recover", "preferences"])
def test_a_token_of_another_kind_says_no_to_nothing(browser, kind):
    link = written()
    token = getattr(link, kind).split("/")[2]
    assert browser.post(f"/u/{token}/", ONE_CLICK).status_code == 404
    assert stands(link.customer) == Allowed()


def test_one_store_is_told_no_and_the_other_is_not(browser):
    link, other = written(), written()
    browser.post(link.unsubscribe, ONE_CLICK)
    assert stands(other.customer) == Allowed()


# -- taking it back


def test_undo_says_yes_again_with_the_words_that_were_shown(browser, clock):
    link = written()
    assert 'value="undo"' in browser.post(link.unsubscribe, {"action": "stop"}).content.decode()
    clock.shift(td(seconds=20))
    response = browser.post(link.unsubscribe, {"action": "undo"})
    assert "You are subscribed again" in response.content.decode()
    assert stands(link.customer) == Allowed()
    proof = ConsentEvent.objects.latest("pk")
    assert (proof.state, proof.source) == ("granted", "unsubscribe link")
    assert proof.words == (
        "Was this a mistake? If you undo it, Puro may e-mail you again about items left in your cart. Undo"
    )
    assert "Stop e‑mail reminders?" in browser.get(link.unsubscribe).content.decode()


def test_a_page_that_is_opened_again_shows_the_no_that_stands(browser):
    link = written()
    browser.post(link.unsubscribe, ONE_CLICK)
    assert "You are unsubscribed" in browser.get(link.unsubscribe).content.decode()


def refused_undo(browser: Client, link: str) -> bool:
    before = everything()
    html = browser.post(link, {"action": "undo"}).content.decode()
    return "You are unsubscribed" in html and 'value="undo"' not in html and everything() == before


def test_only_the_address_that_was_written_to_can_say_yes_again(browser):
    link = written()
    browser.post(link.unsubscribe, ONE_CLICK)
    Customer.objects.filter(pk=link.customer.pk).update(email="anna@new.example")
    assert refused_undo(browser, link.unsubscribe)


@pytest.mark.parametrize("reason", ["bounce", "complaint", "manual", "erased"])
def test_undo_does_not_lift_what_the_person_did_not_ask_for(browser, reason):
    link = written()
    suppress(link.store.pk, "email", "anna1@mail.example", reason, now=after(minutes=40))
    browser.post(link.unsubscribe, ONE_CLICK)
    assert refused_undo(browser, link.unsubscribe)


def test_nobody_can_undo_for_somebody_erased(browser):
    link = written()
    browser.post(link.unsubscribe, ONE_CLICK)
    erase(link.customer, now=CLICKED)
    assert refused_undo(browser, link.unsubscribe)


def test_undo_on_an_expired_link_is_refused(browser, clock):
    link = written()
    browser.post(link.unsubscribe, ONE_CLICK)
    clock.shift(td(days=401))
    assert refused_undo(browser, link.unsubscribe)


def test_one_click_wins_over_a_button_in_the_same_form(browser):
    link = written()
    browser.post(link.unsubscribe, ONE_CLICK | {"action": "undo"})
    assert isinstance(stands(link.customer), Refused)


def test_the_pages_cost_few_queries(browser):
    link = written()
    with CaptureQueriesContext(connection) as asked:
        browser.get(link.unsubscribe)
    with CaptureQueriesContext(connection) as stopped:
        browser.post(link.unsubscribe, ONE_CLICK)
    assert (len(asked), len(stopped)) == (4, 13)
