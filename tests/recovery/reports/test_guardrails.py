"""What a discount teaches: both arms over 90 days, whatever they did in the window of the offer itself."""

from __future__ import annotations

from datetime import datetime
from datetime import timedelta as td
from decimal import Decimal

import pytest

from carts.models import Cart, Order
from customers.models import Customer, Store
from recovery.models import Assignment, Experiment
from recovery.reports.guardrails import Guardrail, guardrails, watched
from recovery.reports.offer_trials import offer_tests, offer_trials
from recovery.reports.pages.discounts import discounts
from recovery.reports.rows import rows_behind
from recovery.reports.sheet import Section
from recovery.statistics.estimates import ratio_difference, share_difference
from recovery.statistics.sums import Sums
from tests.factories import NOW, ago, make_store
from tests.recovery.reports.test_offer_trials import asked, trial_of

pytestmark = pytest.mark.django_db


def shopper(trial: Experiment, arm: str, carts: tuple[float, ...] = (), orders: tuple[tuple[float, bool], ...] = (),
            at: float = 120) -> Customer:  # fmt: skip
    """Drawn so many days ago; leaves carts and orders (with a code?) so many days after the draw."""
    one = Customer.objects.create(store=trial.store)
    drawn = ago(days=at)
    own = _cart(one, drawn - td(hours=1))
    Assignment.objects.create(experiment=trial, customer=one, arm=arm, assigned_at=drawn, cart=own)
    for days in carts:
        _cart(one, drawn + td(days=days))
    for days, coded in orders:
        Order.objects.create(
            store=trial.store, customer=one, external_id=f"{one.pk}-{days}", placed_at=drawn + td(days=days),
            version=NOW, total=50, currency="EUR", discount_codes=["X"] if coded else [],
        )  # fmt: skip
    return one


def _cart(one: Customer, at: datetime) -> Cart:
    return Cart.objects.create(store=one.store, customer=one, started_at=at, last_activity_at=at, first_abandoned_at=at)


@pytest.fixture
def trial() -> Experiment:
    return trial_of(make_store(margin=Decimal(40)))


def told(store: Store) -> dict[str, Guardrail]:
    (one,) = offer_trials(store, offer_tests(asked(store)), NOW)
    return {found.question: found for found in guardrails(one, watched(store, [one], NOW))}


def section(store: Store) -> Section:
    return discounts(asked(store))[-1]


def test_each_question_is_asked_of_both_arms_over_the_same_days(trial: Experiment) -> None:
    shopper(trial, "ten off", carts=(3, 40), orders=((2, True), (20, True), (30, True)))
    shopper(trial, "ten off", carts=(91,), orders=((30, False), (91, True)))
    shopper(trial, "plain", orders=((14, False), (89, False)))
    shopper(trial, "plain", orders=((13, False),))
    found = told(trial.store)
    counts = {name: [(side.hits, side.n) for side in (one.own, one.twin) if side] for name, one in found.items()}
    assert counts == {
        "Left another cart": [(1, 2), (0, 2)],
        "Later orders with a code": [(2, 3), (0, 2)],
        "Bought later at full price": [(1, 2), (1, 2)],
    }


def test_the_intervals_are_the_houses(trial: Experiment) -> None:
    for n in range(4):
        shopper(trial, "ten off", carts=(5,) if n < 3 else (), orders=((20, True), (25, n < 2)))
        shopper(trial, "plain", carts=(5,) if n < 1 else (), orders=((20, n < 1), (25, False))[: n + 1])
    found = told(trial.store)
    assert found["Left another cart"].gap == share_difference(Sums.of_share(3, 4), Sums.of_share(1, 4))
    known = ratio_difference(Sums.of([2, 2, 1, 1], [2, 2, 2, 2]), Sums.of([1, 0, 0, 0], [1, 2, 2, 2]))
    assert found["Later orders with a code"].gap == known


def test_shoppers_whose_days_are_not_over_are_counted_and_in_nothing(trial: Experiment) -> None:
    shopper(trial, "ten off", carts=(3,), at=80)
    shopper(trial, "plain", at=89.9)
    found = section(trial.store)
    assert found.empty == (
        "No shopper of these tests has had 90 days since the draw yet. 2 shoppers have not had their 90 days yet, and "
        "are in none of it."
    )
    shopper(trial, "ten off", carts=(3,), at=90)
    row = section(trial.store).tables[0].rows[0]
    assert row[2:] == ("Left another cart", told(trial.store)["Left another cart"].own, None, None)


def test_arms_that_cannot_be_compared_have_no_difference(trial: Experiment) -> None:
    for _ in range(40):
        shopper(trial, "ten off")
    shopper(trial, "plain"), shopper(trial, "plain")
    assert {one.gap for one in told(trial.store).values()} == {None}


def test_the_shoppers_behind_it_come_as_rows(trial: Experiment) -> None:
    one = shopper(trial, "ten off", carts=(3,), orders=((20, True), (30, False)))
    shopper(trial, "plain", at=10)
    head, *rows = rows_behind(asked(trial.store), "guardrails")
    told = [dict(zip(head, row, strict=True)) for row in rows]
    assert [(row["customer"], row["over"], row["left_again"], row["orders"], row["with_code"], row["full_price"])
            for row in told if row["arm"] == "ten off"] == [(one.pk, True, True, 2, 1, 1)]  # fmt: skip
    assert [row["over"] for row in told] == [True, False]
