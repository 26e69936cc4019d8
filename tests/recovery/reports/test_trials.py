"""Synthetic shoppers with known draws and known orders: what the report says of them must be what was put in."""

from __future__ import annotations

from datetime import datetime
from datetime import timedelta as td
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from scipy.stats import ttest_ind

from carts.models import Cart, Order, Refund
from customers.models import Customer, Store
from recovery.experiments.assign import arm_of
from recovery.models import Assignment, Experiment
from recovery.reports.trial_sums import drawn
from recovery.reports.trials import findings
from tests.factories import NOW, ago, make_store

pytestmark = pytest.mark.django_db

MONTH_AGO = ago(days=30)
_SILENT = ("started_at", "last_activity_at", "first_abandoned_at")
HALF = [{"name": "treated", "weight": 1}, {"name": "holdout", "weight": 1}]


def experiment(store: Store, arms: list[dict[str, Any]] = HALF, **fields: Any) -> Experiment:
    defaults = {"kind": "holdout", "salt": "s", "arms": arms, "plan": {"units": 1000}, "started_at": ago(days=60)}
    return Experiment.objects.create(store=store, **(defaults | fields))


def people(store: Store, count: int) -> list[Customer]:
    return Customer.objects.bulk_create(Customer(store=store, email=f"{i}@shop.example") for i in range(count))


def draw(trial: Experiment, customer: Customer, arm: str, at: datetime = MONTH_AGO) -> Assignment:
    silent = dict.fromkeys(_SILENT, at - td(hours=1))
    cart = Cart.objects.create(store=trial.store, customer=customer, **silent)
    return Assignment.objects.create(experiment=trial, customer=customer, arm=arm, assigned_at=at, cart=cart)


def order(customer: Customer, at: datetime, total: str = "124", **fields: Any) -> Order:
    money = {"total": Decimal(total), "tax": Decimal(24), "currency": "EUR"} | fields
    number = f"{customer.pk}-{at.isoformat()}"
    return Order.objects.create(
        store=customer.store, customer=customer, external_id=number, placed_at=at, version=at, **money
    )


def test_every_order_in_the_window_counts_and_no_other() -> None:
    trial = experiment(make_store())
    ann, bob, cat, dan = people(trial.store, 4)
    for person, arm in ((ann, "treated"), (bob, "treated"), (cat, "holdout"), (dan, "holdout")):
        draw(trial, person, arm)
    order(ann, ago(days=29))
    order(ann, ago(days=31))  # before the draw
    order(ann, ago(days=15))  # after the window
    order(bob, ago(days=20), is_test=True)
    order(cat, ago(days=20), cancelled_at=ago(days=19))
    order(dan, ago(days=20), paid=False)
    found = findings(trial, as_of=NOW)
    outcomes = {arm.name: arm.outcomes for arm in found.arms}
    assert outcomes["treated"] and outcomes["holdout"]
    assert (outcomes["treated"].ordered.y, outcomes["treated"].revenue.y, outcomes["treated"].revenue.x) == (
        1,
        100,
        100,
    )
    assert outcomes["holdout"].ordered.y == 0


def test_refunds_and_foreign_money_are_kept_apart() -> None:
    trial = experiment(make_store())
    ann, bob = people(trial.store, 2)
    draw(trial, ann, "treated")
    draw(trial, bob, "treated")
    bought = order(ann, ago(days=29))
    Refund.objects.create(
        store=trial.store, external_id="r1", order_external_id=bought.external_id, amount=30, currency="EUR",
        at=ago(days=20),
    )  # fmt: skip
    order(bob, ago(days=29), currency="USD")
    arm = next(arm for arm in findings(trial, as_of=NOW).arms if arm.name == "treated")
    assert arm.outcomes is not None
    assert (arm.outcomes.ordered.y, arm.outcomes.revenue.y, arm.foreign_orders) == (2, 70, 1)


def test_a_shopper_whose_window_is_open_is_counted_but_not_judged() -> None:
    trial = experiment(make_store())
    ann, bob = people(trial.store, 2)
    draw(trial, ann, "treated", ago(days=14))
    draw(trial, bob, "treated", ago(days=13))
    arm = next(arm for arm in findings(trial, as_of=NOW).arms if arm.name == "treated")
    assert (arm.assigned, arm.settled) == (2, 1)


def test_a_past_date_gives_what_it_gave_then() -> None:
    trial = experiment(make_store())
    (ann,) = people(trial.store, 1)
    draw(trial, ann, "treated", ago(days=30))
    order(ann, ago(days=20))
    then = findings(trial, as_of=ago(days=25))
    assert [(arm.assigned, arm.settled) for arm in then.arms if arm.name == "treated"] == [(1, 0)]
    assert findings(trial, as_of=ago(days=31)).mismatch is None


def test_margin_pays_for_the_goods_at_their_full_price() -> None:
    # 80 at a margin of 40 % leaves 32; with 8 off, 72 leaves 24.
    trial = experiment(make_store())
    ann, bob = people(trial.store, 2)
    draw(trial, ann, "treated")
    draw(trial, bob, "holdout")
    order(ann, ago(days=29), "72", tax=0, discount=Decimal(8))
    order(bob, ago(days=29), "80", tax=0)
    found = findings(trial, as_of=NOW, margin=Decimal("0.4"))
    earned = {arm.name: arm.outcomes.margin.y for arm in found.arms if arm.outcomes}
    assert earned == pytest.approx({"treated": 24, "holdout": 32})


def test_an_empty_experiment_says_that_it_is_too_early() -> None:
    found = findings(experiment(make_store()), as_of=NOW)
    assert found.comparisons[0].verdict.word == "too early"
    assert found.curve == {}


def shoppers(trial: Experiment, count: int, lift: float) -> None:
    """Synthetic: a tenth of those left alone order, `lift` more of the others; each order between 20 and 220."""
    random = np.random.default_rng(5)
    everybody = people(trial.store, count)
    carts = Cart.objects.bulk_create(
        Cart(store=trial.store, customer=person, **dict.fromkeys(_SILENT, ago(days=30))) for person in everybody
    )
    rows, orders = [], []
    for number, (person, cart) in enumerate(zip(everybody, carts, strict=True)):
        arm = arm_of(trial.arms, trial.salt, number)  # not by primary key: the same draw in every run
        rows.append(Assignment(experiment=trial, customer=person, arm=arm, cart=cart, assigned_at=ago(days=30)))
        if random.random() < 0.1 + (lift if arm == "treated" else 0):
            total, at = Decimal(int(random.integers(20, 220))), ago(days=30) + td(hours=float(random.exponential(30)))
            orders.append(
                Order(
                    store=trial.store, customer=person, external_id=str(person.pk), placed_at=at, version=at,
                    total=total, currency="EUR",
                )
            )  # fmt: skip
    Assignment.objects.bulk_create(rows)
    Order.objects.bulk_create(orders)


def test_a_planted_gain_is_proven_and_its_numbers_are_those_of_the_rows() -> None:
    trial = experiment(make_store(), plan={"units": 3000})
    shoppers(trial, 3000, lift=0.08)
    found = findings(trial, as_of=NOW)
    (one,) = found.comparisons
    by_arm: dict[str, list[float]] = {"treated": [], "holdout": []}
    for row in drawn(trial, as_of=NOW):
        by_arm[row[1]].append(float(row[6]))
    known = ttest_ind(by_arm["treated"], by_arm["holdout"], equal_var=False)
    assert one.revenue is not None and one.held is not None and one.orders is not None
    assert (one.revenue.low, one.revenue.high) == pytest.approx(tuple(known.confidence_interval(0.95)), rel=1e-9)
    assert one.verdict.word == "proven gain"
    assert one.held.low < one.orders.low < 0.08 < one.orders.high < one.held.high
    assert found.mismatch is not None and found.mismatch > 0.001
    assert one.adjusted_ps["orders"] < 0.05


def test_the_holdouts_curve_shows_who_comes_back_unasked() -> None:
    trial = experiment(make_store(), plan={"units": 800})
    shoppers(trial, 800, lift=0.0)
    curve = findings(trial, as_of=NOW).curve["holdout"]
    held = [row for row in drawn(trial, as_of=NOW) if row[1] == "holdout"]
    assert curve[-1].share == pytest.approx(sum(row[5] > 0 for row in held) / len(held), abs=0.005)
    assert [point.share for point in curve] == sorted(point.share for point in curve)


def test_arms_filled_otherwise_than_planned_get_no_verdict() -> None:
    trial = experiment(make_store(), plan={"units": 1200})
    shoppers(trial, 1200, lift=0.2)
    Assignment.objects.filter(experiment=trial, arm="holdout", customer__orders=None).delete()
    (one,) = findings(trial, as_of=NOW).comparisons
    assert one.verdict.word == "no verdict"


def test_the_sums_are_read_in_six_statements(django_assert_num_queries: Any) -> None:
    trial = Experiment.objects.select_related("store").get(pk=experiment(make_store()).pk)
    with django_assert_num_queries(6):
        findings(trial, as_of=NOW)
