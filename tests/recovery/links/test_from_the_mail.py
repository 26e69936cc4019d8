"""The links as they stand in a mail that was really sent."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
import time_machine
from django.test import Client

from customers.consent import Refused, may_contact
from customers.models import Customer
from recovery.models import Click, Credit, Enrolment, Message
from recovery.pipeline import run_once
from recovery.providers.console.provider import read_mailbox, read_message
from tests.factories import NOW, after, checkout, make_flow, make_store, order, put
from tests.recovery.links.written import PERSON

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def mail(settings, tmp_path):
    """The first mail about a cart that fell silent."""
    settings.MAILBOX_DIR = tmp_path
    store = make_store()
    make_flow(store)
    put(store, checkout(at=NOW))
    run_once(after(minutes=31))
    return read_message(tmp_path, read_mailbox(tmp_path)[0].name)


def path(link: str) -> str:
    return urlsplit(link.strip("<>")).path


def test_its_one_click_address_ends_the_mails(mail):
    link = path(mail.headers["List-Unsubscribe"])
    with time_machine.travel(after(hours=1), tick=False):
        assert Client().post(link, {"List-Unsubscribe": "One-Click"}).status_code == 200
    ran = run_once(after(hours=24, minutes=1))
    assert ran["send"] == 1  # dealt with, by not sending it
    person = Customer.objects.get()
    assert may_contact(person.store, [person], "email")[person.pk] == Refused("suppressed", "unsubscribe")
    assert list(Message.objects.order_by("planned_at").values_list("state", "reason")) == [
        ("sent", ""), ("skipped", "suppressed"),
    ]  # fmt: skip
    assert Enrolment.objects.get().state == "running"


def test_its_button_leads_back_and_the_order_is_credited(mail):
    link = re.search(r"http\S+/r/\w+/", mail.text)
    assert link
    with time_machine.travel(after(hours=1), tick=False):
        response = Client(headers={"User-Agent": PERSON}).get(path(link[0]))
    assert response["Location"] == "https://shop.example/checkout/C1"
    put(Customer.objects.get().store, order(at=after(hours=2)), at=after(hours=2))
    run_once(after(hours=2))
    assert Credit.objects.get().click == Click.objects.get()
