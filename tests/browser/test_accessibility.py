"""axe-core over the main pages: nothing that it calls serious or critical stands in anybody's way."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page

from carts.models import Delivery, Order
from customers.admin.base import address
from recovery.first_steps import STEPS
from recovery.models import Flow, FlowStep, Message, MessageTemplate
from tests.browser.conftest import OpenPage
from tests.browser.test_admin import enter
from tests.recovery.links.written import written
from tests.scenes import shop_with_a_past

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

#: What is left to Unfold, with the reason: rule id → why it stands.
KNOWN: dict[str, str] = {}
_RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}}


@pytest.fixture(autouse=True)
def boss(settings: Any, tmp_path: Any, transactional_db: None) -> None:
    settings.MAILBOX_DIR = tmp_path
    User.objects.create_superuser("boss", password="hush-hush-hush")


def found(page: Page) -> list[tuple[str, str]]:
    """(rule, the first element that breaks it), of the serious and critical ones."""
    return [
        (one["id"], one["nodes"][0]["html"][:160])
        for one in Axe().run(page, options=_RULES).response["violations"]
        if one["impact"] in ("serious", "critical") and one["id"] not in KNOWN
    ]


def places(shop: Any) -> list[str]:
    sent = Message.objects.filter(state="sent")[0]
    lists = ["carts_cart", "carts_order", "customers_customer", "recovery_message", "carts_delivery"]
    rows = [sent.cart, sent.customer, sent, Order.objects.all()[0], Delivery.objects.filter(state="dead")[0],
            Flow.objects.all()[0], MessageTemplate.objects.all()[0], shop]  # fmt: skip
    return [
        reverse("admin:index"), reverse("admin_report"), *(reverse(f"admin:{name}_changelist") for name in lists),
        *map(address, rows),
    ]  # fmt: skip


def more_places(shop: Any) -> list[str]:
    """The workshop's inner pages, and those of a first day."""
    flow, template = Flow.objects.all()[0], MessageTemplate.objects.all()[0]
    lists = ["recovery_flow", "recovery_messagetemplate", "recovery_offer", "recovery_messageprice"]
    lists += ["recovery_providerevent", "recovery_decision", "customers_membership", "customers_loggedchange"]
    adds = ["customers_store", "recovery_flow", "recovery_offer", "customers_membership", "customers_apitoken"]
    step = FlowStep.objects.filter(version__flow=flow)[0]
    return [
        *(reverse(f"admin:{name}_changelist") for name in lists), *(reverse(f"admin:{name}_add") for name in adds),
        *(reverse("admin_first_run_step", args=[shop.slug, name]) for name, _ in STEPS),
        f"{address(flow)}?edit={step.pk}", f"{address(flow, 'dry_run')}?ran=now",
        reverse("admin:recovery_messagetemplate_version", args=[template.pk, 1]),
        reverse("admin_experiments"), reverse("admin_two_factor"),
    ]  # fmt: skip


def test_axe_finds_nothing_serious_in_the_rest_of_the_workshop(open_page: OpenPage, live_server: Any):
    shop = shop_with_a_past(until=timezone.now(), carts=8, days=3)
    page = enter(open_page(reverse("admin:login"), width=390))
    wrong = {}
    for path in more_places(shop):
        answer = page.goto(live_server.url + path)
        wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert answer and (path, answer.status, wider) == (path, 200, 0)
        wrong[path] = found(page)
    assert {path: some for path, some in wrong.items() if some} == {}


def test_axe_finds_nothing_serious(open_page: OpenPage, live_server: Any):
    link = written()
    shop = shop_with_a_past(until=timezone.now(), carts=8, days=3)
    page = open_page(reverse("admin:login"))
    wrong = {"login": found(page)}
    enter(page)
    for path in [*places(shop), link.unsubscribe, link.preferences]:
        page.goto(live_server.url + path)
        page.wait_for_load_state("networkidle")
        wrong[path] = found(page)
    assert {path: some for path, some in wrong.items() if some} == {}
