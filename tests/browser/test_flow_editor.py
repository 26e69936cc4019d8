"""The flow editor in a real browser, with and without its own script, by mouse and by keyboard."""

from __future__ import annotations

from datetime import timedelta as td
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from customers.admin.base import address
from recovery.models import Flow, Message
from recovery.pipeline import run_once
from tests.browser.conftest import OpenPage
from tests.browser.test_admin import enter
from tests.factories import checkout, make_flow, make_store, put

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def boss(transactional_db: None) -> None:
    User.objects.create_superuser("boss", password="hush-hush-hush")


@pytest.fixture
def flow() -> Flow:
    return make_flow(make_store())


def edit(page: Page, base: str, flow: Flow, position: int) -> None:
    page.goto(base + address(flow))
    page.get_by_role("link", name=f"Edit step {position}").click()


def ask_for_value(page: Page, amount: str) -> None:
    page.get_by_label("A condition about").select_option(label="Cart value")
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_label("Cart value: value").fill(amount)


@pytest.mark.parametrize("script", [True, False])
def test_a_step_is_changed_and_published(open_page: OpenPage, live_server: Any, flow: Flow, script: bool):
    page = enter(open_page(reverse("admin:login"), width=390))
    if not script:
        page.route("**/cartback/flow*.js", lambda route: route.fulfill(body="", content_type="text/javascript"))
    edit(page, live_server.url, flow, 2)
    page.get_by_label("Send it: number").fill("20")
    page.get_by_label("Send it: unit").select_option("hour")
    ask_for_value(page, "50")
    page.get_by_role("button", name="Save into the draft").click()
    expect(page.get_by_text("carts worth at least 50")).to_be_visible()
    page.get_by_role("link", name="Review and publish").click()
    expect(page.get_by_text("Step 2: it goes after 20h instead of 1d.")).to_be_visible()
    page.get_by_role("button", name="Publish version 2").click()
    page.wait_for_selector("text=Version 2 is live.")
    steps = flow.versions.get(number=2).steps.all()
    assert [step.delay.total_seconds() / 3600 for step in steps] == [0.5, 20, 72]
    assert steps[1].conditions == {"min_total": "50"}


def test_the_editor_works_by_the_keyboard_alone(open_page: OpenPage, live_server: Any, flow: Flow):
    page = enter(open_page(reverse("admin:login")))
    edit(page, live_server.url, flow, 1)
    page.get_by_role("button", name="Add", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Cart value: how")).to_be_focused()
    for key in ("Tab", "2", "5", "Tab", "Enter"):  # to the value, and to the button that removes the row
        page.keyboard.press(key)
    expect(page.get_by_role("button", name="Add", exact=True)).to_be_focused()
    assert page.get_by_label("Cart value: value").count() == 0


def test_a_flow_is_built_from_a_ready_made_one_and_a_cart_goes_through_it(
    open_page: OpenPage, live_server: Any, settings: Any, tmp_path: Any
):
    settings.MAILBOX_DIR = tmp_path
    store = make_store(quiet_from=None, quiet_until=None)
    page = enter(open_page(reverse("admin:login")))
    page.goto(live_server.url + reverse("admin:recovery_flow_add"))
    page.locator("button[value=standard]").click()
    page.get_by_role("link", name="Review and publish").click()
    page.get_by_role("button", name="Publish version 1").click()
    page.wait_for_selector("text=Version 1 is live.")
    left = timezone.now() - td(minutes=31)
    put(store, checkout("C1", left), at=left)
    for _ in range(2):
        run_once(timezone.now())
    page.goto(live_server.url + address(store.flows.get()))
    assert Message.objects.get().state == "sent"
    sent = page.locator("dl.cb-numbers-strip").first.get_by_text("Sent").locator("xpath=following-sibling::dd[1]")
    assert sent.first.inner_text() == "1"
