"""An offer from the form to the order that used its code, in a real browser."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from recovery import intake
from recovery.models import Offer
from tests.browser.conftest import OpenPage
from tests.factories import after, make_store, order, put
from tests.recovery.discounts.story import code_in, flow_with, sent

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_an_offer_is_made_and_its_code_used(open_page: OpenPage, settings: Any, tmp_path: Any) -> None:
    settings.MAILBOX_DIR = tmp_path
    store = make_store()
    User.objects.create_superuser("boss", password="hush-hush-hush")
    page = open_page(reverse("admin:login") + "?next=" + reverse("admin:recovery_offer_add"), width=390)
    page.fill("#id_username", "boss")
    page.fill("#id_password", "hush-hush-hush")
    page.click("button[type=submit]")
    page.select_option("#id_store", str(store.pk))
    page.fill("#id_name", "Ten percent")
    page.select_option("#id_source", "static")
    page.fill("#id_static_code", "BACK10")
    page.click("[name=_save]")
    page.wait_for_selector("text=Ten percent")
    offer = Offer.objects.get()
    flow_with(offer)
    code = code_in(sent(offer))
    put(store, order(at=after(hours=2), discount_codes=(code.code,), discount=Decimal("9.10")), at=after(hours=2))
    intake.take(after(hours=2))
    page.click("text=Ten percent")
    page.wait_for_selector("text=Gave away 9.10 EUR on orders of 96.00 EUR")
    page.wait_for_selector("text=1 used")
