"""A marketer says what a message costs, and the dry run reckons with it."""

from __future__ import annotations

from datetime import timedelta as td
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from customers.admin.base import address
from customers.models import Membership, Store
from recovery.dryrun import dry_run
from recovery.models import Flow, MessagePrice
from tests.factories import abandoned_cart, make_store, person

pytestmark = pytest.mark.django_db

LIST, ADD = reverse("admin:recovery_messageprice_changelist"), reverse("admin:recovery_messageprice_add")


@pytest.fixture
def marketer(store: Store) -> Client:
    user = User.objects.create_user("mia", is_staff=True)
    Membership.objects.create(user=user, store=store, role="marketer")
    client = Client()
    client.force_login(user)
    return client


def typed(store: Store, **fields: Any) -> dict[str, Any]:
    return {"store": store.pk, "channel": "email", "country": "fi", "amount": "0.02", "currency": "EUR", **fields}


def cost_of(flow: Flow) -> dict[str, Decimal]:
    return dry_run(flow, now=timezone.now()).cost


def test_the_dry_run_takes_a_countrys_price_before_that_of_all(marketer, store):
    at = timezone.now() - td(days=20)
    abandoned_cart(store, "C1", at, person=person(1, country="FI"))
    abandoned_cart(store, "C2", at, person=person(2, country="SE"))
    flow = Flow.objects.get(store=store)
    assert marketer.post(ADD, typed(store)).status_code == 302
    assert cost_of(flow) == {"EUR": Decimal("0.06"), "USD": Decimal("0.0003")}
    marketer.post(ADD, typed(store, country="", amount="0.01"))
    assert cost_of(flow) == {"EUR": Decimal("0.09")}


def test_a_price_is_changed_and_taken_away(marketer, store):
    marketer.post(ADD, typed(store))
    price = MessagePrice.objects.get()
    marketer.post(address(price), typed(store, amount="0.03"))
    price.refresh_from_db()
    assert (price.country, price.amount) == ("FI", Decimal("0.03"))
    marketer.post(address(price, "delete"), {"post": "yes"})
    assert not MessagePrice.objects.exists()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"country": "UK"}, "No country goes by this code"),
        ({"country": "12"}, "No country goes by this code"),
        ({"amount": "-1"}, "greater than or equal to 0"),
        ({"currency": "eur"}, "three-letter ISO 4217 code"),
    ],
)
def test_what_nobody_could_mean_is_refused(marketer, store, fields, said):
    page = marketer.post(ADD, typed(store, **fields))
    assert said in page.content.decode() and not MessagePrice.objects.exists()


def test_a_second_price_for_the_same_is_refused(marketer, store):
    marketer.post(ADD, typed(store))
    assert marketer.post(ADD, typed(store, country="FI")).status_code == 200
    assert MessagePrice.objects.count() == 1


def test_another_stores_price_is_not_there(marketer, store):
    strange = make_store(name="Zebra")
    price = MessagePrice.objects.create(store=strange, channel="sms", amount=Decimal("0.07"))
    assert [marketer.get(address(price, view)).status_code for view in ("change", "delete", "history")] == [404] * 3
    assert "Zebra" not in marketer.get(LIST).content.decode()
    assert "Zebra" not in marketer.get(ADD).content.decode()
    assert marketer.post(ADD, typed(strange)).status_code == 200
    assert MessagePrice.objects.get() == price
