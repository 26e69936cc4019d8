"""The pages that shoppers see, as they see them."""

from __future__ import annotations

from datetime import timedelta as td
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from customers import consent
from recovery.models import Click, Link
from tests.factories import make_store, person
from tests.recovery.links.written import Written, written

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PHONE = {"phone": "+358401234567", "country": "FI"}


def sent(**store: Any) -> Written:
    """A message of an hour ago to somebody with a phone."""
    shop = make_store(support_contact="help@shop.example", **store)
    link = written(shop, person=person(1, consents=("email", "sms"), **PHONE))
    Link.objects.update(expires_at=timezone.now() + td(days=30))
    return link


def state(link: Written, channel: str = "email") -> str:
    return consent.standing(link.customer)[channel]


def fits(page: Page) -> bool:
    """Nothing has to be scrolled sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


def test_unsubscribing_and_taking_it_back(open_page):
    link = sent()
    page = open_page(link.unsubscribe)
    assert state(link) == "granted"
    page.get_by_role("button", name="Unsubscribe").click()
    expect(page.get_by_role("heading")).to_have_text("You are unsubscribed")
    assert state(link) == "revoked"
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("heading")).to_have_text("You are subscribed again")
    assert state(link) == "granted"
    page.get_by_role("link", name="Unsubscribe").click()
    expect(page.get_by_role("heading")).to_have_text("Stop e‑mail reminders?")
    assert page.context.cookies() == []


def test_unsubscribing_by_the_keyboard_alone(open_page):
    link = sent()
    page = open_page(link.unsubscribe)
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Unsubscribe")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text("Puro will no longer e‑mail you about items left in your cart.")
    assert state(link) == "revoked"


def test_from_the_no_to_the_settings(open_page):
    link = sent()
    page = open_page(link.unsubscribe)
    page.get_by_role("button", name="Unsubscribe").click()
    page.get_by_role("link", name="Message settings").click()
    expect(page.get_by_role("checkbox", name="E-mail")).not_to_be_checked()
    page.get_by_role("checkbox", name="E-mail").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_have_text("Your settings are saved.")
    expect(page.get_by_role("checkbox", name="E-mail")).to_be_checked()
    assert state(link) == "granted"


def test_one_channel_is_turned_off_and_the_other_stays(open_page):
    link = sent()
    page = open_page(link.preferences)
    page.get_by_text("Text message").click()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_have_text("Your settings are saved.")
    expect(page.get_by_role("checkbox", name="Text message")).to_be_disabled()
    assert (state(link), state(link, "sms")) == ("granted", "revoked")


def test_all_channels_are_stopped_with_one_button(open_page):
    link = sent()
    page = open_page(link.preferences)
    page.get_by_role("button", name="Stop all messages").click()
    expect(page.get_by_role("status")).to_have_text("All messages are stopped.")
    assert (state(link), state(link, "sms")) == ("revoked", "revoked")


def test_a_click_leads_into_the_shop(open_page, live_server):
    host = live_server.url.removeprefix("http://")
    link = sent(domain=host)
    link.cart.__class__.objects.update(restore_url=f"{live_server.url}/healthz")
    page = open_page(link.recover)
    assert page.url == f"{live_server.url}/healthz"
    assert Click.objects.get().machine_reason == ""


@pytest.mark.parametrize("locale", ["en", "fi", "nb", "sv", "de", "fr"])
def test_every_page_fits_a_small_telephone_in_every_language(open_page, locale):
    link = sent(name="Lämpöeristystarvikekauppa Kivinen & Pojat Oy", locale=locale)
    link.cart.__class__.objects.update(restore_url="")
    for path in (link.recover, link.preferences, link.unsubscribe):
        page = open_page(path, width=320)
        assert page.locator("html").get_attribute("lang") == locale
        assert fits(page)
    page.locator("button").click()
    assert fits(page)


@pytest.mark.parametrize("dark", [False, True])
def test_text_stands_out_from_its_ground(open_page, dark):
    page = open_page(sent().preferences, dark=dark)
    assert [pair for pair in page.evaluate(_CONTRASTS) if pair[1] < 4.5] == []


#: For each element with text of its own: what it says, and the contrast to its ground by WCAG 2.
_CONTRASTS = """() => {
    const channels = colour => colour.match(/[\\d.]+/g).map(Number);
    const light = colour => {
        const [r, g, b] = channels(colour).slice(0, 3).map(v => v / 255)
            .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ground = element => {
        for (let e = element; e; e = e.parentElement) {
            const colour = getComputedStyle(e).backgroundColor;
            if ((channels(colour)[3] ?? 1) > 0) return colour;
        }
        return "rgb(255, 255, 255)";
    };
    const spoken = [...document.body.querySelectorAll("*")].filter(
        e => [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()));
    return spoken.map(e => {
        const [one, two] = [light(getComputedStyle(e).color), light(ground(e))].sort((a, b) => b - a);
        return [e.textContent.trim(), (one + 0.05) / (two + 0.05)];
    });
}"""
