"""The admin in a real browser: every page stays at home, and within the screen, and its buttons do what they say."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page

from carts.models import Delivery
from customers.admin.base import address
from recovery.models import Flow, Message, MessageTemplate
from tests.browser.conftest import OpenPage
from tests.factories import make_store
from tests.recovery.reports.story import message, silent
from tests.scenes import shop_with_a_past

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def boss(settings: Any, tmp_path: Any, transactional_db: None) -> None:
    settings.MAILBOX_DIR = tmp_path
    User.objects.create_superuser("boss", password="hush-hush-hush")


def enter(page: Page) -> Page:
    page.fill("#id_username", "boss")
    page.fill("#id_password", "hush-hush-hush")
    page.click("button[type=submit]")
    page.wait_for_selector("h2#jobs")
    return page


def places(shop: Any) -> list[str]:
    sent = Message.objects.filter(state="sent")[0]
    rows = [shop, sent, sent.cart, sent.customer, Delivery.objects.all()[0], Flow.objects.all()[0]]
    lists = ["carts_cart", "carts_delivery", "recovery_message", "recovery_decision", "customers_customer"]
    return [
        reverse("admin:index"), reverse("admin_report"), *(reverse(f"admin:{name}_changelist") for name in lists),
        *(address(row) for row in rows), address(MessageTemplate.objects.all()[0]),
        reverse("admin:customers_store_add"),
    ]  # fmt: skip


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (390, True)])
def test_every_page_stays_at_home_and_within_the_screen(open_page: OpenPage, live_server: Any, width, dark):
    shop = shop_with_a_past(until=timezone.now(), carts=8, days=3)
    page = enter(open_page(reverse("admin:login"), width=width, dark=dark))
    for path in places(shop):
        answer = page.goto(live_server.url + path)
        page.wait_for_load_state("networkidle")
        wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert answer and (path, answer.status, wider) == (path, 200, 0)


def test_a_dead_letter_is_put_back_by_a_click(open_page: OpenPage):
    Delivery.objects.create(store=make_store(), topic="t", dedupe_key="1", body=b"{", state="dead", reason="no JSON")
    page = enter(open_page(reverse("admin:login")))
    page.click("text=Read and put back")
    page.click("#result_list tbody a >> nth=0")
    page.click("text=Put back into the inbox")
    page.wait_for_selector("text=It is in the inbox again")
    assert Delivery.objects.get().state == "pending"


def test_an_erasure_is_asked_twice(open_page: OpenPage, live_server: Any):
    customer = silent(make_store(), 1).customer
    assert customer
    page = enter(open_page(reverse("admin:login")))
    page.goto(live_server.url + address(customer))
    page.click("summary:has-text('Erase this person')")
    page.click("button:has-text('Yes: erase')")
    page.wait_for_selector("text=The erasure is under way.")
    assert customer.store.privacy_requests.count() == 1


def test_a_sent_mail_is_shown_in_a_frame_that_may_do_nothing(open_page: OpenPage, live_server: Any):
    sent = message(silent(make_store(), 1), body_html="<p id=words>Hello</p>", body_text="Hello", subject="Hello")
    page = enter(open_page(reverse("admin:login")))
    page.goto(live_server.url + address(sent))
    assert page.frame_locator("iframe.cb-mail").locator("#words").text_content() == "Hello"
    assert page.get_attribute("iframe.cb-mail", "sandbox") == ""
