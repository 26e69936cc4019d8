"""The report in a real browser: every page stays at home, within the screen and open to all, with data and without."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone

from customers.models import Store
from recovery.models import Experiment
from recovery.reports.pages.index import PAGES
from tests.browser.conftest import OpenPage
from tests.browser.test_accessibility import found
from tests.browser.test_admin import enter
from tests.factories import make_offer
from tests.recovery.reports.test_offer_trials import arms
from tests.recovery.reports.test_trials import HALF, shoppers
from tests.scenes import shop_with_a_past

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def boss(settings: Any, tmp_path: Any, transactional_db: None) -> None:
    settings.MAILBOX_DIR = tmp_path
    User.objects.create_superuser("boss", password="hush-hush-hush")


@pytest.fixture
def shop() -> Store:
    """A store with a past, a holdout with a verdict, and a test of an offer that nobody was drawn for yet."""
    now = timezone.now()
    store = shop_with_a_past(until=now, carts=40, days=30)
    common = {"store": store, "flow": store.flows.get(), "plan": {"units": 400}, "started_at": now}
    trial = Experiment.objects.create(**common, kind="holdout", salt="a", arms=HALF)
    shoppers(trial, 400, lift=0.05)
    Experiment.objects.create(**common, kind="variants", position=1, salt="b", arms=arms(make_offer(store)))
    return store


def places(shop: Store) -> Iterator[str]:
    yield from (reverse("admin_report_page", args=[name]) for name in PAGES)
    yield reverse("admin_experiments")
    yield from (reverse("admin_experiment", args=[one.pk]) for one in Experiment.objects.filter(store=shop))


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (390, True)])
def test_every_page_of_the_report_is_fit_to_be_seen(
    open_page: OpenPage, live_server: Any, shop: Store, width: int, dark: bool
) -> None:
    page = enter(open_page(reverse("admin:login"), width=width, dark=dark))
    wrong = {}
    for place in places(shop):
        answer = page.goto(f"{live_server.url}{place}?store=puro")
        wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert answer and (place, answer.status, wider) == (place, 200, 0)
        wrong[place] = found(page)
    assert {place: some for place, some in wrong.items() if some} == {}


def test_what_is_drawn_is_told_and_every_number_says_how_it_came(
    open_page: OpenPage, live_server: Any, shop: Store
) -> None:
    page = enter(open_page(reverse("admin:login")))
    page.goto(f"{live_server.url}/admin/report/leaving/?store=puro")
    assert page.get_by_role("img", name="When carts were left for good").count() == 1
    page.click("section[aria-label='How far they got'] summary")
    page.wait_for_selector("section[aria-label='How far they got'] dd >> nth=0")
    with page.expect_download() as download:
        page.click("text=The rows behind it")
    assert download.value.suggested_filename.startswith("puro-carts-")
