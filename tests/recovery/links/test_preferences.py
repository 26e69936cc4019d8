"""The page with a switch for each channel."""

from __future__ import annotations

import re
from datetime import timedelta as td

import pytest

from customers import consent
from customers.addresses import address_hash
from customers.consent import Statement
from customers.models import ConsentEvent, Store, Suppression
from customers.privacy import erase
from recovery.models import Click, Link
from tests.factories import after, person
from tests.recovery.links.written import CLICKED, Written, written

pytestmark = pytest.mark.django_db

PHONE = {"phone": "+358401234567", "country": "FI"}


def switches(html: str) -> dict[str, str]:
    """Each switch of the page: on, off or locked."""
    found = {}
    for tag in re.findall(r'<input type="checkbox"[^>]*>', html):
        channel = re.search(r'value="(\w+)"', tag)
        assert channel
        found[channel[1]] = "locked" if "disabled" in tag else "on" if "checked" in tag else "off"
    return found


def with_phone() -> Written:
    return written(person=person(1, consents=("email", "sms"), **PHONE))


def states(link: Written) -> dict[str, str]:
    return consent.standing(link.customer)


def test_it_shows_each_channel_that_reaches_the_person(browser):
    html = browser.get(with_phone().preferences).content.decode()
    assert switches(html) == {"email": "on", "sms": "on", "whatsapp": "locked"}


def test_without_a_phone_there_is_only_e_mail(browser):
    assert switches(browser.get(written().preferences).content.decode()) == {"email": "on"}


def test_it_shows_nothing_of_who_they_are(browser):
    html = browser.get(with_phone().preferences).content.decode()
    assert "Puro" in html
    assert "anna" not in html.lower() and "358" not in html and "Mug" not in html


def test_a_get_changes_nothing(browser):
    link = with_phone()
    before = list(ConsentEvent.objects.values())
    assert browser.get(link.preferences).status_code == browser.head(link.preferences).status_code == 200
    assert list(ConsentEvent.objects.values()) == before
    assert Suppression.objects.count() == Click.objects.count() == 0


def test_saving_turns_off_what_is_not_ticked_and_keeps_the_words(browser):
    link = with_phone()
    response = browser.post(link.preferences, {"action": "save", "channel": ["email"]})
    assert response.status_code == 200
    assert not response.cookies
    assert "Your settings are saved." in response.content.decode()
    assert switches(response.content.decode()) == {"email": "on", "sms": "locked", "whatsapp": "locked"}
    assert states(link) == {"email": "granted", "sms": "revoked", "whatsapp": ""}
    proof = ConsentEvent.objects.get(state="revoked")
    assert (proof.channel, proof.source, proof.at) == ("sms", "preferences page", CLICKED)
    assert proof.words == "Choose how Puro may remind you of items left in your cart. Text message: no. Save"


def test_what_is_left_as_it_was_proves_nothing_new(browser):
    link = with_phone()
    before = ConsentEvent.objects.count()
    browser.post(link.preferences, {"action": "save", "channel": ["email", "sms"]})
    assert ConsentEvent.objects.count() == before


def test_e_mail_can_be_turned_on_again_by_whom_the_mail_reached(browser, clock):
    link = written()
    browser.post(link.preferences, {"action": "save"})
    assert states(link)["email"] == "revoked"
    clock.shift(td(seconds=5))
    response = browser.post(link.preferences, {"action": "save", "channel": "email"})
    assert switches(response.content.decode()) == {"email": "on"}
    proof = ConsentEvent.objects.latest("pk")
    assert (proof.state, proof.words.endswith("E-mail: yes. Save")) == ("granted", True)
    assert Suppression.objects.count() == 0


def test_a_mail_proves_nothing_about_a_phone(browser):
    link = written(person=person(1, **PHONE))
    browser.post(link.preferences, {"action": "save", "channel": ["email", "sms", "whatsapp"]})
    assert states(link) == {"email": "granted", "sms": "", "whatsapp": ""}


def test_a_text_message_proves_the_phone_for_both_of_its_channels(browser):
    link = with_phone()
    Link.objects.update(channel="sms", address_hash=address_hash("+358401234567"))
    assert switches(browser.get(link.preferences).content.decode())["whatsapp"] == "off"
    browser.post(link.preferences, {"action": "save", "channel": ["email", "sms", "whatsapp"]})
    assert states(link)["whatsapp"] == "granted"


def test_an_unknown_channel_is_passed_over(browser):
    link = written()
    browser.post(link.preferences, {"action": "save", "channel": ["email", "pigeon"]})
    assert states(link)["email"] == "granted"


def test_one_button_stops_everything(browser):
    link = with_phone()
    response = browser.post(link.preferences, {"action": "stop", "channel": ["email", "sms"]})
    assert "All messages are stopped." in response.content.decode()
    assert states(link) == {"email": "revoked", "sms": "revoked", "whatsapp": "revoked"}
    assert ConsentEvent.objects.filter(state="revoked", words="Message settings Stop all messages").count() == 3


def test_a_soft_yes_that_the_person_leaves_off_becomes_a_no(browser):
    link = written(person=person(1, consents=()))
    consent.record(link.store, [Statement(link.customer.pk, "email", "soft", after(minutes=1), "checkout")])
    assert switches(browser.get(link.preferences).content.decode()) == {"email": "off"}
    browser.post(link.preferences, {"action": "save"})
    assert states(link)["email"] == "revoked"


def test_a_soft_yes_counts_where_the_store_says_so(browser):
    link = written(person=person(1, consents=()))
    Store.objects.update(consent_policy="soft_opt_in")
    consent.record(link.store, [Statement(link.customer.pk, "email", "soft", after(minutes=1), "checkout")])
    assert switches(browser.get(link.preferences).content.decode()) == {"email": "on"}


def test_a_dead_mailbox_cannot_be_turned_on(browser):
    link = written()
    consent.suppress(link.store.pk, "email", "anna1@mail.example", "bounce", now=CLICKED)
    response = browser.post(link.preferences, {"action": "save", "channel": "email"})
    assert switches(response.content.decode()) == {"email": "locked"}


def test_an_expired_link_turns_off_but_not_on(browser, clock):
    link = written()
    clock.shift(td(days=401))
    browser.post(link.preferences, {"action": "save"})
    response = browser.post(link.preferences, {"action": "save", "channel": "email"})
    assert switches(response.content.decode()) == {"email": "locked"}


def test_for_somebody_erased_there_is_nothing_to_choose_and_a_no_still_works(browser):
    link = written()
    erase(link.customer, now=CLICKED)
    Suppression.objects.all().delete()
    html = browser.get(link.preferences).content.decode()
    assert "Puro sends you no messages." in html and switches(html) == {}
    assert browser.post(link.preferences, {"action": "save", "channel": "email"}).status_code == 200
    assert browser.post(link.preferences, {"action": "stop"}).status_code == 200
    assert Suppression.objects.count() == 1


def test_the_token_of_the_unsubscribe_link_opens_it_too(browser):
    token = written().unsubscribe.split("/")[2]
    assert browser.get(f"/preferences/{token}/").status_code == 200


@pytest.mark.parametrize("method", ["get", "post"])
def test_other_tokens_get_a_friendly_404(browser, method):
    recover = written().recover.split("/")[2]
    for token in (recover, "2345678923456789"):
        response = getattr(browser, method)(f"/preferences/{token}/")
        assert response.status_code == 404
        assert "This link does not work" in response.content.decode()
