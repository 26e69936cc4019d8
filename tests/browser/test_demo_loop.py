"""The whole loop, as a founder walks it: shop, checkout, silence, reminder, restored cart, order, credit."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta as td
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from carts.inbox.doors import forget
from carts.models import Cart, CartState
from config.demo import courier, letters
from config.demo.memory import store
from recovery.demo import open_demo
from recovery.models import Credit, Message
from recovery.pipeline import run_once

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def shop(settings: Any, live_server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The demo store of a first run, with this server as its Cartback, and mail that arrives at once."""
    monkeypatch.setattr(letters, "ON_ITS_WAY", td(0))
    settings.DATA_DIR, settings.MAILBOX_DIR = tmp_path, tmp_path / "mailbox"
    settings.PUBLIC_URL = live_server.url
    open_demo(tmp_path, now=timezone.now())
    forget()
    yield
    courier.stop()
    for key in store().scan_iter("demo:*"):
        store().delete(key)


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


def fill_and_leave(page: Page, reminders: str = "Yes, remind me") -> None:
    page.get_by_role("button", name="Add Kaamos lamp to cart").click()
    page.get_by_role("link", name="To the checkout").click()
    page.get_by_label("E-mail").fill("anna@mail.example")
    page.get_by_label("First name").fill("Anna")
    page.get_by_label(reminders).check()
    page.get_by_role("button", name="Continue to payment").click()
    answers = page.locator(".wire .answer")
    expect(answers).to_have_text(["200", "200"])


def a_minute_passes() -> dict[str, int]:
    return run_once(timezone.now() + td(seconds=61))


def buy(page: Page, address: str = "") -> None:
    page.get_by_role("link", name="To the checkout").click()
    if address:
        page.get_by_label("E-mail").fill(address)
        page.get_by_label("No, do not").check()
    page.get_by_role("button", name="Continue to payment").click()
    page.get_by_role("button", name="Buy for").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Thank you")
    expect(page.locator(".wire .answer").first).to_have_text("200")


@pytest.mark.parametrize("width", [1280, 390])
def test_a_cart_is_left_reminded_restored_bought_and_credited(open_page: Any, width: int):
    page = open_page("/demo/", width=width)
    assert fits(page)
    fill_and_leave(page)
    expect(page.locator(".backstage .now")).to_have_text("3Walk away")
    assert a_minute_passes()["send"] == 1
    page.get_by_role("link", name="Read the reminder").click()
    assert fits(page)
    with page.context.expect_page() as opened:
        page.frame_locator("iframe").get_by_role("link", name="Return to your cart").click()
    back = opened.value
    expect(back.get_by_role("status")).to_contain_text("Welcome back")
    buy(back)
    run_once(timezone.now())
    assert Cart.objects.get().state == CartState.ORDERED
    assert Credit.objects.get().cart_id == Cart.objects.get().pk
    expect(back.locator(".hint")).to_contain_text("credited")


def test_the_link_restores_the_cart_in_another_browser(open_page: Any):
    fill_and_leave(open_page("/demo/"))
    a_minute_passes()
    mail = open_page("/demo/mailbox/", width=390)
    mail.locator("#letters a").click()
    link = mail.frame_locator("iframe").get_by_role("link", name="Return to your cart").get_attribute("href")
    assert link
    other = open_page(link[link.index("/r/") :], width=390)
    expect(other.get_by_role("link", name="Kaamos lamp").last).to_be_visible()
    assert "anna" not in other.content().lower()
    buy(other, "anna.at.work@mail.example")
    run_once(timezone.now())
    assert (Cart.objects.get().state, Credit.objects.count()) == (CartState.ORDERED, 1)


def test_the_mailbox_shows_a_reminder_by_itself(open_page: Any):
    fill_and_leave(open_page("/demo/"))
    mailbox = open_page("/demo/mailbox/")
    expect(mailbox.get_by_role("heading", name="No messages yet")).to_be_visible()
    a_minute_passes()
    expect(mailbox.get_by_role("heading", name="You left something in your cart")).to_be_visible()
    mailbox.get_by_text("Text", exact=True).click()
    expect(mailbox.locator(".plain")).to_contain_text("Kaamos lamp")
    mailbox.get_by_text("Headers", exact=True).click()
    expect(mailbox.locator(".heads")).to_contain_text("List-Unsubscribe=One-Click")


def test_who_says_no_gets_nothing_and_is_told_so(open_page: Any, tmp_path: Path):
    page = open_page("/demo/")
    fill_and_leave(page, reminders="No, do not")
    assert a_minute_passes()["sweep"] == 1
    message = Message.objects.get()
    assert (message.state, message.reason) == ("skipped", "no_consent")
    assert message.detail.endswith("whatsapp: no_address; sms: no_address")
    expect(page.locator(".hint")).to_contain_text("You said no to reminders")
    assert not (tmp_path / "mailbox").exists()


def test_the_shop_works_by_the_keyboard_alone(open_page: Any):
    page = open_page("/demo/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.get_by_role("button", name="Add Aamu mug to cart").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="One Aamu mug more").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".many")).to_have_text("2")
    page.locator(".wire summary").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".wire pre").first).to_contain_text('"quantity": 2')
