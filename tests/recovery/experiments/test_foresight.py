from __future__ import annotations

from dataclasses import replace
from datetime import timedelta as td
from typing import Any

import pytest

from carts.models import Cart
from customers.models import Customer, Store
from recovery.experiments.foresight import OwnNumbers, own_numbers
from recovery.experiments.plans import control_share, set_store_holdout
from recovery.models import Experiment
from recovery.reports.asked import Asked
from recovery.reports.period import period
from recovery.reports.rollup import cells_of, roll_day
from tests.factories import NOW, ago, make_store

pytestmark = pytest.mark.django_db


def carts(store: Store, count: int, *, ordered: int, days: int = 30, **fields: Any) -> None:
    """Synthetic: carts that fell silent so many days ago, and those that were ordered a day later. Summed as of NOW."""
    person = Customer.objects.create(store=store, email=f"{Customer.objects.count()}@shop.example")
    at = ago(days=days)
    Cart.objects.bulk_create(
        Cart(
            **{"store": store, "customer": person, "total": 20, "quantity": 1} | fields, started_at=at, filled_at=at,
            last_activity_at=at, first_abandoned_at=at, ordered_at=at + td(days=1) if n < ordered else None,
        )
        for n in range(count)
    )  # fmt: skip
    roll_day(store, at.astimezone(store.zone).date(), now=NOW)


def test_the_stores_own_past_says_how_many_order_by_themselves() -> None:
    store = make_store()
    carts(store, 60, ordered=6)
    found = own_numbers(store.pk, NOW)
    assert found == OwnNumbers(0.1, 20)


def test_a_short_past_says_nothing() -> None:
    store = make_store()
    carts(store, 29, ordered=5)
    carts(store, 30, ordered=5, days=110)
    carts(make_store(), 100, ordered=5)
    assert own_numbers(store.pk, NOW) is None


def test_a_cart_that_may_still_come_back_says_nothing_yet() -> None:
    store = make_store()
    carts(store, 60, ordered=6, days=13)
    assert own_numbers(store.pk, NOW) is None


def test_tests_and_shoppers_whom_nobody_knows_say_nothing() -> None:
    store = make_store()
    carts(store, 60, ordered=6)
    carts(store, 60, ordered=60, is_test=True)
    carts(store, 60, ordered=60, customer=None)
    assert own_numbers(store.pk, NOW) == OwnNumbers(0.1, 20)


def test_it_is_what_the_report_tells_of_known_shoppers() -> None:
    store = make_store()
    carts(store, 60, ordered=6)
    days = Asked(store, period(ago(days=31).date(), ago(days=29).date(), as_of=NOW, zone=store.zone), NOW)
    (cell,) = cells_of(replace(days, segment="new"), [""], numbers=["silent", "returned"])
    assert (cell["silent"], cell["returned"]) == (60, 6)


def test_the_number_of_shoppers_is_frozen_at_the_start() -> None:
    store = make_store()
    carts(store, 60, ordered=6)
    set_store_holdout(store, 10, now=NOW)
    plan = Experiment.objects.get(store=store).plan
    assert (plan["base"], plan["units"]) == (0.1, 19_962)


def test_of_several_arms_the_smallest_takes_longest() -> None:
    assert control_share([{"name": "A", "weight": 2}, {"name": "B", "weight": 2}, {"name": "C", "weight": 1}]) == 2 / 3
