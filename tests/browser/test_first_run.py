"""A new store from the empty form to its first message, as somebody who has never seen the house does it."""

from __future__ import annotations

import re
from datetime import timedelta as td
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from carts.inbox import doors, refusals
from customers.models import Store
from recovery.models import Message
from recovery.pipeline import run_once
from tests.browser.conftest import OpenPage
from tests.browser.test_admin import enter
from tests.carts.sources.signing import generic_headers, load
from tests.factories import checkout, put
from tests.servers import empty_redis
from tests.standins.names import NameServer

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def boss(settings: Any, tmp_path: Any, transactional_db: None) -> None:
    settings.MAILBOX_DIR = tmp_path
    User.objects.create_superuser("boss", "boss@own.example", password="hush-hush-hush")
    doors.forget()
    refusals.forget()
    empty_redis()


def post(address: str, secret: str) -> int:
    body = load("generic", "cart_updated")
    headers = generic_headers(body, secret, at=timezone.now())
    try:
        return int(urlopen(Request(address, data=body, headers=headers)).status)
    except HTTPError as refused:
        return refused.code


def add_store(page: Page) -> str:
    """Fill in what must be; returns the secret, which is shown this once."""
    page.fill("#id_name", "Kaamos")
    page.fill("#id_slug", "kaamos")
    page.fill("#id_domain", "kaamos.example")
    page.select_option("#id_platform", "generic")
    page.click("[name=_save]")
    secret = page.get_by_text(re.compile("^whsec_")).inner_text()
    page.get_by_role("link", name="I have copied it").click()
    return secret.strip()


def test_a_store_is_led_from_its_secret_to_its_first_message(open_page: OpenPage, live_server: Any, settings: Any):
    page = enter(open_page(reverse("admin:login")))
    page.goto(live_server.url + reverse("admin:customers_store_add"))
    secret, hook = add_store(page), f"{live_server.url}/webhooks/kaamos/"
    assert post(hook, "whsec_" + "A" * 32) == 401
    page.goto(live_server.url + reverse("admin_first_run", args=["kaamos"]))
    expect(page.locator("#refused")).to_contain_text("Check the secret.")
    assert post(hook, secret) == 200
    expect(page.locator("#light-words")).to_contain_text("Connected: the first webhook, cart.updated, has arrived.")
    expect(page.locator("#refused")).to_be_hidden()
    page.get_by_role("link", name="Next", exact=True).click()
    tell_who_writes(page, settings)
    page.get_by_role("link", name="Next", exact=True).click()
    page.get_by_role("button", name="Keep it").click()
    page.get_by_text("Gentle reminder").click()
    page.get_by_role("button", name="Install it").click()
    expect(page.get_by_label("Send it to")).to_have_value("boss@own.example")
    page.get_by_role("button", name="Send it", exact=True).click()
    page.get_by_role("button", name="Switch on").click()
    expect(page.get_by_role("heading", name="It is on")).to_be_visible()
    a_cart_falls_silent_for_a_day()
    assert Message.objects.get(state="sent").subject


def tell_who_writes(page: Page, settings: Any) -> None:
    page.get_by_label("Sender e-mail").fill("hello@kaamos.example")
    page.get_by_label("Postal address").fill("Katu 1, Helsinki")
    with NameServer({"kaamos.example": ["v=spf1 mx -all"]}) as server:
        settings.DNS_SERVERS = [server.address]
        page.get_by_role("button", name="Save and look at the domain").click()
        expect(page.get_by_text("SPF: in order")).to_be_visible()
        expect(page.get_by_text("DMARC: mend it")).to_be_visible()


def a_cart_falls_silent_for_a_day() -> None:
    store, now = Store.objects.get(), timezone.now()
    put(store, checkout("C1", now), at=now)
    for at in (now + td(hours=1), now + td(days=1, minutes=1), now + td(days=1, minutes=2)):
        run_once(at)
