"""The pages of offers: what the form refuses, how codes come in, and what a row says."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse

from customers.models import Store
from recovery.discounts.pool import import_codes
from recovery.models import DiscountCode, Offer
from tests.factories import NOW, make_offer, make_store

pytestmark = pytest.mark.django_db


def posted(store: Store, **fields: Any) -> dict[str, Any]:
    """A whole form."""
    form = {
        "store": store.pk, "name": "Ten percent", "kind": "percent", "value": "10", "currency": "EUR", "minimum": "0",
        "products": "", "valid_for": "3d", "source": "static", "static_code": "BACK10", "audience": "all",
        "days_between": "180", "guard_fishing": "on", "monthly_budget": "", "margin_floor": "", "is_active": "on",
    }  # fmt: skip
    return form | fields


def test_an_offer_is_made_in_one_form(boss):
    answer = boss.post(reverse("admin:recovery_offer_add"), posted(make_store(), monthly_budget="500"))
    offer = Offer.objects.get()
    assert answer.status_code == 302
    assert (offer.value, offer.valid_for.days, offer.monthly_budget) == (Decimal(10), 3, Decimal(500))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"value": "101"}, "from 1 to 100"),
        ({"kind": "amount", "value": "0"}, "above zero"),
        ({"static_code": ""}, "as it stands in the shop"),
        ({"source": "store_api"}, "This shop has no API for codes"),
        ({"kind": "amount", "value": "5", "products": "p1"}, "Only an offer in percent"),
        ({"margin_floor": "20"}, "margin in the store"),
        ({"valid_for": "soon"}, "is no duration"),
        ({"valid_for": "30m"}, "between one hour and one year"),
    ],
)
def test_what_would_go_wrong_is_said_at_once(boss, fields, words):
    answer = boss.post(reverse("admin:recovery_offer_add"), posted(make_store(), **fields))
    assert answer.status_code == 200 and words in answer.content.decode()
    assert not Offer.objects.exists()


def test_a_shop_without_access_is_told_to_give_it(boss):
    answer = boss.post(reverse("admin:recovery_offer_add"), posted(make_store(platform="shopify"), source="store_api"))
    assert "no access to the shop" in answer.content.decode()


def test_codes_are_pasted_into_the_pool(boss):
    offer = make_offer(make_store(), source="pool", static_code="")
    boss.post(reverse("admin:recovery_offer_import", args=[offer.pk]), {"pasted": "AAA-1\nBBB-2, 10%\n\nAAA-1\nx"})
    assert sorted(DiscountCode.objects.values_list("code", "state")) == [("AAA-1", "spare"), ("BBB-2", "spare")]


def test_codes_that_are_known_are_not_taken_twice():
    offer = make_offer(make_store(), source="pool", static_code="")
    import_codes(offer, "Code;Used\nAAA-1;no\n", now=NOW)
    done = import_codes(offer, "aaa-1\nCCC-3\n?\n", now=NOW)
    assert (done.new, done.known, done.unread) == (1, 1, ("?",))


def test_the_pages_say_what_there_is(boss):
    offer = make_offer(make_store(), source="pool", static_code="", minimum=Decimal(50))
    import_codes(offer, "AAA-1", now=NOW)
    page = boss.get(reverse("admin:recovery_offer_change", args=[offer.pk])).content.decode()
    assert "1 code left in the pool" in page and "0</b> given" in page
    assert "10% off from 50.00 EUR" in boss.get(reverse("admin:recovery_offer_changelist")).content.decode()
    codes = boss.get(reverse("admin:recovery_discountcode_changelist") + f"?offer__id__exact={offer.pk}")
    assert "AAA-1" in codes.content.decode()


def test_api_access_is_sealed_and_never_shown(boss):
    store = make_store(platform="woocommerce")
    store.set_api({"host": "", "key": "ck_1", "secret": "cs_hush"})
    store.save()
    page = boss.get(reverse("admin:customers_store_change", args=[store.pk])).content.decode()
    assert "ck_1" in page and "cs_hush" not in page and "cs_hush" not in store.api
