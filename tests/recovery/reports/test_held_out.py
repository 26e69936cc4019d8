"""What the messages add, over all flows: lots against lots, never one flow's shoppers against another's."""

from __future__ import annotations

from typing import Any

import pytest

from carts.models import Order
from customers.models import Customer, Store
from recovery.models import Assignment, Experiment, Flow
from recovery.reports.asked import Asked
from recovery.reports.held_out import HeldOut, held_out
from recovery.reports.pages.overview import _added
from recovery.reports.period import period
from tests.factories import NOW, ago, make_store
from tests.recovery.reports.test_trials import experiment

pytestmark = pytest.mark.django_db


def trial(store: Store, percent: int, name: str = "") -> Experiment:
    """A holdout of so many of a hundred: of the flow of that name, or over all flows."""
    arms = [{"name": "treated", "weight": 100 - percent}, {"name": "holdout", "weight": percent}]
    return experiment(store, arms, flow=Flow.objects.create(store=store, name=name) if name else None)


def drawn(test: Experiment, arm: str, count: int, ordered: int, days: int = 30) -> list[Customer]:
    """So many shoppers in the arm, the first of whom order a day later."""
    everybody = Customer.objects.bulk_create(Customer(store=test.store) for _ in range(count))
    Assignment.objects.bulk_create(
        Assignment(experiment=test, customer=one, arm=arm, assigned_at=ago(days=days)) for one in everybody
    )
    Order.objects.bulk_create(
        Order(store=test.store, customer=one, external_id=f"{test.pk}-{one.pk}", placed_at=ago(days=days - 1),
              version=NOW, total=50, currency="EUR")
        for one in everybody[:ordered]
    )  # fmt: skip
    return everybody


def told(store: Store, **filters: Any) -> HeldOut:
    days = period(ago(days=60).date(), NOW.date(), as_of=NOW, zone=store.zone)
    return held_out(Asked(store, days, NOW, **filters))


def test_flows_that_hold_out_other_shares_do_not_pass_for_a_gain() -> None:
    store = make_store()
    eager, idle = trial(store, 10, "Eager shoppers"), trial(store, 50, "Idle shoppers")
    for test, arm, count, ordered in ((eager, "treated", 90, 45), (eager, "holdout", 10, 5),
                                      (idle, "treated", 50, 5), (idle, "holdout", 50, 5)):  # fmt: skip
        drawn(test, arm, count, ordered)
    found = told(store)
    assert found.written and found.natural and found.written.value - found.natural.value > 0.18
    assert found.gain and found.gain.value == pytest.approx(0.0, abs=1e-12)
    assert "compared within itself" in _added(found)


def test_a_holdout_over_all_flows_speaks_for_all() -> None:
    store = make_store()
    whole, own = trial(store, 50), trial(store, 50, "One")
    drawn(whole, "holdout", 20, 2)
    through = drawn(whole, "treated", 20, 6)
    Assignment.objects.create(experiment=own, customer=through[0], arm="holdout", assigned_at=ago(days=30))
    found = told(store)
    assert found.written and found.natural and found.gain
    assert ((found.written.hits, found.written.n), (found.natural.hits, found.natural.n)) == ((6, 20), (2, 20))
    assert round(found.gain.value, 6) == 0.2


def test_a_shopper_counts_by_their_first_draw_and_in_one_flow_by_its_own() -> None:
    store = make_store()
    one, other = trial(store, 50, "One"), trial(store, 50, "Other")
    for arm in ("treated", "holdout"):
        first = drawn(one, arm, 10, 3, days=40)
        drawn(other, arm, 5, 2)
        for again in first:
            Assignment.objects.create(experiment=other, customer=again, arm=arm, assigned_at=ago(days=30))
    found, alone = told(store), told(store, flow=other.flow_id)
    assert [side and (side.hits, side.n) for side in (found.written, alone.written)] == [(5, 15), (2, 15)]


def test_arms_filled_otherwise_than_planned_are_left_out_and_it_is_said() -> None:
    store = make_store()
    crooked, fair = trial(store, 50, "Crooked"), trial(store, 50, "Fair")
    drawn(crooked, "treated", 120, 60), drawn(crooked, "holdout", 40, 4)
    drawn(fair, "treated", 20, 4), drawn(fair, "holdout", 20, 2), drawn(fair, "treated", 3, 0, days=5)
    found = told(store)
    assert (found.written and found.written.n, found.natural and found.natural.n, found.open) == (20, 20, 3)
    assert "not filled in the planned shares: 1." in _added(found)


def test_one_shopper_on_a_side_says_nothing() -> None:
    store = make_store()
    test = trial(store, 50, "One")
    drawn(test, "treated", 2, 1), drawn(test, "holdout", 1, 0)
    assert told(store).gain is None
    assert "not known" in _added(HeldOut(None, None, 0))
