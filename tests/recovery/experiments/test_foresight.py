from __future__ import annotations

import pytest

from carts.models import Cart
from customers.models import Customer, Store
from recovery.experiments.foresight import own_numbers
from recovery.experiments.plans import control_share, set_store_holdout
from recovery.models import Experiment
from tests.factories import NOW, ago, make_store

pytestmark = pytest.mark.django_db


def carts(store: Store, count: int, *, ordered: int, days: int = 30) -> None:
    """Synthetic: carts that fell silent so many days ago."""
    person = Customer.objects.create(store=store, email="a@shop.example")
    at = ago(days=days)
    Cart.objects.bulk_create(
        Cart(
            store=store, customer=person, started_at=at, last_activity_at=at, first_abandoned_at=at,
            ordered_at=at if n < ordered else None,
        )
        for n in range(count)
    )  # fmt: skip


def test_the_stores_own_past_says_how_many_order_by_themselves() -> None:
    store = make_store()
    carts(store, 60, ordered=6)
    found = own_numbers(store.pk, NOW)
    assert found is not None
    assert (found.base, found.a_month) == (0.1, 20)


def test_a_short_past_says_nothing() -> None:
    store = make_store()
    carts(store, 29, ordered=5)
    carts(make_store(), 100, ordered=5)
    assert own_numbers(store.pk, NOW) is None


def test_a_cart_that_may_still_come_back_says_nothing_yet() -> None:
    store = make_store()
    carts(store, 60, ordered=6, days=13)
    assert own_numbers(store.pk, NOW) is None


def test_the_number_of_shoppers_is_frozen_at_the_start() -> None:
    store = make_store()
    carts(store, 60, ordered=6)
    set_store_holdout(store, 10, now=NOW)
    plan = Experiment.objects.get(store=store).plan
    assert (plan["base"], plan["units"]) == (0.1, 19_962)


def test_of_several_arms_the_smallest_takes_longest() -> None:
    assert control_share([{"name": "A", "weight": 2}, {"name": "B", "weight": 2}, {"name": "C", "weight": 1}]) == 2 / 3
