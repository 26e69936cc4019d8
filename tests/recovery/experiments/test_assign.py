"""Drawing lots: fair, sticky, once for each shopper."""

from __future__ import annotations

from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customers.identity import merge
from customers.models import Customer
from recovery.experiments.assign import Exposure, arm_of, record, share
from recovery.experiments.plans import holdout_arms, set_store_holdout
from recovery.models import Assignment, Experiment
from tests.factories import NOW, abandoned_cart, after, make_store, person

EVEN = [{"name": "A", "weight": 1}, {"name": "B", "weight": 1}]
salts = st.text("0123456789abcdef", min_size=16, max_size=16)


@given(salts, st.integers(1, 2**62))
def test_a_share_lies_between_nought_and_one(salt, unit):
    assert 0 <= share(salt, unit) < 1


def test_a_share_is_a_published_function_of_salt_and_unit():
    """SHA-256 of “salt:1”, its first 13 hexadecimal digits as a fraction."""
    assert share("salt", 1) == int("73a035a1e681b", 16) / 16**13


@given(salts, st.integers(1, 2**62), st.lists(st.integers(1, 100), min_size=1, max_size=5))
def test_an_arm_is_sticky_and_one_of_those_there_are(salt, unit, weights):
    arms = [{"name": f"arm {n}", "weight": weight} for n, weight in enumerate(weights)]
    assert arm_of(arms, salt, unit) == arm_of(arms, salt, unit)
    assert arm_of(arms, salt, unit) in {arm["name"] for arm in arms}


def bounds(n: int, error: float) -> tuple[int, int]:
    """The smallest symmetric range of a fair coin's heads in n throws that is left with at most that chance."""
    tail, k = 0.0, -1
    while tail + comb(n, k + 1) / 2**n <= error / 2:
        k += 1
        tail += comb(n, k) / 2**n
    return k + 1, n - k - 1


@pytest.mark.parametrize("salt", ["5eed", "a0a0a0a0", "0"])
def test_equal_arms_get_equal_shares(salt):
    low, high = bounds(1000, error=0.001)
    assert (low, high) == (448, 552)
    assert low <= sum(arm_of(EVEN, salt, n) == "A" for n in range(1, 1001)) <= high


def test_two_salts_draw_independently():
    low, high = bounds(1000, error=0.001)
    assert low <= sum(arm_of(EVEN, "one", n) == arm_of(EVEN, "two", n) for n in range(1000)) <= high


def test_more_holdout_only_moves_shoppers_into_it():
    ten, twenty = holdout_arms(10), holdout_arms(20)
    moved = {(arm_of(ten, "s", n), arm_of(twenty, "s", n)) for n in range(2000)}
    assert moved == {("treated", "treated"), ("treated", "holdout"), ("holdout", "holdout")}


@pytest.mark.django_db
def test_a_draw_is_written_once_and_the_first_stays():
    cart, trial = cart_and_trial()
    assert record([Exposure(trial.pk, cart.customer_id, cart.pk, "holdout")] * 2, now=NOW) == 1
    assert record([Exposure(trial.pk, cart.customer_id, cart.pk, "treated")], now=after(days=1)) == 0
    assert Assignment.objects.get().arm == "holdout"
    assert Assignment.objects.get().assigned_at == NOW


def cart_and_trial():
    store = make_store()
    set_store_holdout(store, 10, now=NOW)
    return abandoned_cart(store), Experiment.objects.get()


@pytest.mark.django_db
@pytest.mark.parametrize(("kept_first", "stays"), [(True, "treated"), (False, "holdout")])
def test_of_two_draws_of_one_person_the_earlier_stays(kept_first, stays):
    cart, trial = cart_and_trial()
    other = abandoned_cart(cart.store, "C2", person=person(2))
    kept, gone = cart.customer_id, other.customer_id or 0
    record([Exposure(trial.pk, kept, cart.pk, "treated")], now=after(hours=1 if kept_first else 2))
    record([Exposure(trial.pk, gone, other.pk, "holdout")], now=after(hours=2 if kept_first else 1))
    merge(kept, gone)
    assert list(Assignment.objects.values_list("customer_id", "arm")) == [(kept, stays)]


@pytest.mark.django_db
def test_a_draw_goes_along_with_the_person():
    cart, trial = cart_and_trial()
    kept = Customer.objects.create(store=cart.store, email="b@mail.example")
    record([Exposure(trial.pk, cart.customer_id, cart.pk, "holdout")], now=NOW)
    merge(kept.pk, cart.customer_id)
    assert list(Assignment.objects.values_list("customer_id", "arm")) == [(kept.pk, "holdout")]
