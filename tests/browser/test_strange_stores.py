"""A marketer of one store before the addresses of another: in lists, while choosing, in previews, exports, by hand."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings as django_settings
from django.urls import reverse
from playwright.sync_api import Page, expect

from carts.models import Cart
from customers.admin.base import address
from customers.models import Customer
from recovery.models import Flow, Message, MessageTemplate, Offer
from tests.browser.conftest import OpenPage
from tests.rights.world import ECHO, MARK, World, make_world, member

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LISTS = ("carts_cart", "carts_order", "customers_customer", "recovery_flow", "recovery_message",
         "recovery_messagetemplate", "recovery_offer")  # fmt: skip


@pytest.fixture
def world(settings: Any, tmp_path: Any, transactional_db: None) -> World:
    settings.MAILBOX_DIR = tmp_path
    return make_world()


@pytest.fixture
def page(open_page: OpenPage, live_server: Any, world: World) -> Page:
    """Mia's browser: a marketer of the own store."""
    session = member(world, "marketer").cookies[django_settings.SESSION_COOKIE_NAME].value
    page = open_page(reverse("admin:login"))
    page.context.add_cookies([{"name": django_settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
    page.goto(live_server.url + reverse("admin:index"))
    page.wait_for_selector("h2#jobs")
    return page


def typed(world: World) -> list[str]:
    """Addresses of the strange store as somebody would type them."""
    rows = [world.strange, *(model.objects.filter(store=world.strange)[0] for model in
            (Cart, Customer, Flow, Message, MessageTemplate, Offer))]  # fmt: skip
    flow, template = (address(row).removesuffix("change/") for row in (rows[3], rows[5]))
    return [
        *map(address, rows), f"{flow}dry-run/", f"{flow}review/", f"{template}versions/1/",
        reverse("admin_first_run", args=[ECHO]), f"{reverse('admin_report')}?store={ECHO}&format=csv",
    ]  # fmt: skip


def test_neither_lists_nor_typed_addresses_tell_of_a_strange_store(page: Page, live_server: Any, world: World):
    for name in LISTS:
        page.goto(live_server.url + reverse(f"admin:{name}_changelist"))
        assert MARK not in page.content().lower(), name
    for path in typed(world):
        answer = page.request.get(live_server.url + path)
        assert (path, answer.status, MARK in answer.text().lower()) == (path, 404, False)


def test_no_choice_and_no_preview_reaches_a_strange_store(page: Page, live_server: Any, world: World):
    template = MessageTemplate.objects.filter(store=world.own)[0]
    page.goto(live_server.url + address(template))
    page.click(".ws-cart summary")
    with page.expect_response("**/carts/?q=*"):
        page.fill("#ws-cart-find", MARK)
    expect(page.locator("#ws-cart-list")).not_to_contain_text("Zebra")
    assert MARK not in page.content().lower()
    csrf = next(one["value"] for one in page.context.cookies() if one["name"] == "csrftoken")
    look = live_server.url + address(template).replace("change/", "look/")
    for store, status in ((world.own, 200), (world.strange, 404)):
        form: dict[str, str | float | bool] = {"locale": "en", "cart": Cart.objects.filter(store=store)[0].pk}
        form["csrfmiddlewaretoken"] = csrf
        assert page.request.post(look, form=form, headers={"Referer": live_server.url}).status == status
