"""The template workshop as a marketer uses it: write, see, mend, test, publish, and go back. No request leaves."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from playwright.sync_api import Page, expect

from customers.admin.base import address
from recovery.models import Message, MessageTemplate
from recovery.providers.console.provider import read_mailbox
from recovery.writing.versions import current
from tests.browser.conftest import OpenPage
from tests.factories import abandoned_cart, make_flow, make_store, person

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def template(settings: Any, tmp_path: Any, transactional_db: None) -> MessageTemplate:
    settings.MAILBOX_DIR = tmp_path
    User.objects.create_superuser("boss", password="hush-hush-hush")
    store = make_store()
    make_flow(store)
    abandoned_cart(store, person=person(first_name="Aino", last_name="Berg"))
    return MessageTemplate.objects.get(name="Reminder")


def enter(open_page: OpenPage, live_server: Any, template: MessageTemplate, width: int = 1280) -> Page:
    page = open_page(reverse("admin:login"), width=width)
    page.fill("#id_username", "boss")
    page.fill("#id_password", "hush-hush-hush")
    page.click("button[type=submit]")
    page.wait_for_selector("h2#jobs")
    page.goto(live_server.url + address(template))
    expect(page.locator("#ws-subject")).to_have_text("You left a few things in your cart")
    return page


def test_a_text_is_written_seen_mended_tried_published_and_restored(
    open_page: OpenPage, live_server: Any, template: MessageTemplate, settings: Any
) -> None:
    page = enter(open_page, live_server, template)
    mail = page.frame_locator("#ws-frame")
    page.fill("[id='en.body']", "Hi {{ first_name|default:'you' }}!")
    page.click("#ws-findings >> text=Change it")
    expect(mail.locator("body")).to_contain_text("Hi Anna!")
    page.click(".ws-cart summary")
    page.click("#ws-cart-list >> text=Berg")
    expect(mail.locator("body")).to_contain_text("Hi Aino!")
    page.fill("#ws-to", "me@shop.example")
    page.click("#ws-send")
    expect(page.locator("#ws-sent")).to_have_text("It lies in the mailbox for me@shop.example.")
    page.click("button[name=_publish]")
    expect(page.locator("body")).to_contain_text("Version 2 is live")
    assert template.texts.get(locale="en").body == "Hi {{ customer.first_name|default:'you' }}!"
    page.click("text=Version 1 >> nth=0")
    page.click("text=Make version 1 the draft")
    page.click("button[name=_publish]")
    expect(page.locator("body")).to_contain_text("Version 3 is live")
    assert template.texts.get(locale="en").body.startswith("{{ greeting }}")
    assert [kept.subject[:6] for kept in read_mailbox(settings.MAILBOX_DIR)] == ["[Test]"]
    assert Message.objects.count() == 0


def test_a_value_is_put_where_the_cursor_is_and_the_source_is_completed(
    open_page: OpenPage, live_server: Any, template: MessageTemplate
) -> None:
    page = enter(open_page, live_server, template)
    page.fill("[id='en.subject']", "For ")
    page.click("text=Insert a value")
    page.click(".ws-palette >> text=First name")
    expect(page.locator("#ws-subject")).to_have_text("For Anna")
    page.click("[data-part=layout]")
    page.click("#ws-start")
    page.click(".cm-content")
    page.keyboard.press("Control+End")
    page.keyboard.type("{{ customer.fir")
    expect(page.locator(".cm-tooltip-autocomplete")).to_contain_text("customer.first_name")
    expect(page.locator("#ws-findings")).to_contain_text("Did you mean customer.first_name?")
    page.keyboard.press("Enter")
    expect(page.locator("#ws-findings")).to_contain_text("The layout is not valid MJML")
    page.click("button[name=_save]")
    page.wait_for_selector("text=The draft is saved.")
    assert current(template).layout.rstrip("} ").endswith("{{ customer.first_name")


def test_on_a_phone_one_writes_and_looks_in_turn_and_nothing_hangs_over(
    open_page: OpenPage, live_server: Any, template: MessageTemplate
) -> None:
    page = enter(open_page, live_server, template, width=390)
    expect(page.locator("#ws-frame")).to_be_hidden()
    page.click("text=Preview")
    for press in ("Phone", "Dark", "Text", "Mail"):
        page.get_by_role("button", name=press, exact=True).click()
    expect(page.frame_locator("#ws-frame").locator("body")).to_contain_text("Linen shirt")
    expect(page.frame_locator("#ws-frame").locator(".card").first).to_have_css("background-color", "rgb(28, 28, 31)")
    wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    page.goto(live_server.url + reverse("admin:recovery_messagetemplate_version", args=[template.pk, 1]))
    assert wider == 0
