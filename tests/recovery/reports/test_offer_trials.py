"""Whether a discount leaves more than it gives away, by shoppers who were drawn to get it or not."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from carts.models import Cart, Order
from customers.models import Store
from recovery.models import Assignment, DiscountCode, Experiment, Offer
from recovery.reports.asked import Asked
from recovery.reports.offer_trials import OfferTrial, offer_tests, offer_trials
from recovery.reports.pages.discounts import discounts
from recovery.reports.period import period
from recovery.reports.sheet import Gap
from recovery.reports.trials import findings
from tests.factories import NOW, ago, make_flow, make_offer, make_store
from tests.recovery.reports.test_trials import experiment, people

pytestmark = pytest.mark.django_db


def arms(offer: Offer | None, **changed: Any) -> list[dict[str, Any]]:
    plain = {"name": "plain", "weight": 1, "template": 1, "delay": 60, "offer": None}
    return [plain, plain | {"name": "ten off", "offer": offer and offer.pk} | changed]


def trial_of(store: Store, **changed: Any) -> Experiment:
    """A test of the first step with ten percent off against the same without it."""
    offer = make_offer(store)
    return experiment(
        store, arms(offer, **changed), flow=make_flow(store), kind="variants", position=1, plan={"units": 2000}
    )


def buying(trial: Experiment, arm: str, count: int, orders: int, paid: str, off: str = "0") -> None:
    """So many shoppers of the arm, the first of whom order."""
    first = Assignment.objects.count()
    everybody = people(trial.store, first + count)[first:]
    Assignment.objects.bulk_create(
        Assignment(experiment=trial, customer=one, arm=arm, assigned_at=ago(days=30)) for one in everybody
    )
    Order.objects.bulk_create(
        Order(store=trial.store, customer=one, external_id=f"{one.pk}", placed_at=ago(days=29), version=NOW,
              total=Decimal(paid), discount=Decimal(off), currency="EUR")
        for one in everybody[:orders]
    )  # fmt: skip


def asked(store: Store) -> Asked:
    return Asked(store, period(ago(days=40).date(), NOW.date(), as_of=NOW, zone=store.zone), NOW)


def told(store: Store) -> OfferTrial:
    (found,) = offer_trials(store, offer_tests(asked(store)), NOW)
    return found


@pytest.fixture
def losing() -> Experiment:
    """A thousand each: 100 orders of 80 at a margin of 40 %, and 125 orders of 72 with ten percent off."""
    trial = trial_of(make_store(margin=Decimal(40)))
    buying(trial, "plain", 1000, 100, "80")
    buying(trial, "ten off", 1000, 125, "72", "8")
    return trial


def test_more_orders_and_more_revenue_may_leave_less(losing: Experiment) -> None:
    (one,) = findings(losing, as_of=NOW, margin=Decimal("0.4")).comparisons
    assert one.gained_orders and one.gained_revenue and one.margin
    assert round(one.gained_orders.value) == 25
    assert round(one.gained_revenue.value) == 1000
    assert round(one.margin.times(1000).value) == -200


def test_it_is_told_what_would_have_paid_for_it(losing: Experiment) -> None:
    found = told(losing.store)
    assert found.margin and round(found.margin.times(1000).value) == -200
    assert found.lift and found.lift.value == pytest.approx(0.25) and found.needed == pytest.approx(1 / 3)
    assert found.given_anyway == pytest.approx(1000 * 0.1 * 8)
    assert (found.alike, found.n, found.verdict.word) == (True, 2000, "not proven yet")


def test_the_page_puts_it_in_a_row(losing: Experiment) -> None:
    row = discounts(asked(losing.store))[1].tables[0].rows[0]
    assert isinstance(row[2], Gap)
    assert (row[0], round(row[2].value), row[3], row[4], str(row[5])) == (
        "Ten percent", -200, "+25.0 % (-6.0 % to +56.0 %)", "+33.3 %", "800.00 EUR",
    )  # fmt: skip


def test_a_discount_that_loses_for_certain_is_called_so() -> None:
    trial = trial_of(make_store(margin=Decimal(20)))
    buying(trial, "plain", 800, 400, "80")
    buying(trial, "ten off", 800, 400, "60", "20")
    assert told(trial.store).verdict.word == "proven loss"


def test_without_the_stores_margin_it_is_unknown() -> None:
    trial = trial_of(make_store())
    buying(trial, "plain", 100, 50, "80")
    buying(trial, "ten off", 100, 50, "72", "8")
    section = discounts(asked(trial.store))[1]
    found = told(trial.store)
    assert (section.tables[0].rows[0][2], found.margin, found.needed) == ("margin unknown", None, None)
    assert (found.lift and found.lift.value, found.given_anyway) == (0.0, 400.0)
    assert str(found.verdict) == "no verdict: the store's margin is not known"
    assert "enter it on the store's page" in section.note


def test_arms_that_differ_in_more_are_marked() -> None:
    trial = trial_of(make_store(margin=Decimal(40)), delay=3600)
    assert told(trial.store).alike is False


def test_a_test_without_any_offer_is_none_of_them() -> None:
    store = make_store(margin=Decimal(40))
    experiment(store, arms(None), flow=make_flow(store), kind="variants", position=1)
    assert offer_trials(store, offer_tests(asked(store)), NOW) == []


def test_a_discount_that_was_never_tested_cannot_be_known() -> None:
    store = make_store(margin=Decimal(40))
    offer = make_offer(store)
    cart = Cart.objects.create(store=store, customer=people(store, 1)[0], started_at=NOW, last_activity_at=NOW)
    DiscountCode.objects.create(store=store, offer=offer, code="X", state="live", currency="EUR", given_at=ago(days=1),
                                cart=cart, customer=cart.customer)  # fmt: skip
    section = discounts(asked(store))[1]
    assert section.tables[0].rows[0][-1] == "cannot be known without a test"
    assert "people who would have bought anyway redeem codes too" in section.note
