"""What is kept of settled draws is what judging them again gives, whatever came late, twice or corrected."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time
from datetime import timedelta as td
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from carts.models import Cart, Order, Refund
from customers.identity import merge
from customers.models import Customer, Store
from recovery.models import Assignment, DrawSums, Experiment, Flow, TouchedDraw
from recovery.reports.draw_rollup import BATCH, questions, roll_up
from recovery.reports.draw_sums import answered
from tests.factories import NOW, ago, make_store
from tests.recovery.reports.test_offer_trials import trial_of
from tests.recovery.reports.test_trials import experiment

pytestmark = pytest.mark.django_db

#: The shoppers: each drawn so many days before NOW.
DRAWN = (59.3, 58.1, 56.0, 20.5, 14.0, 13.9, 2.2)
MOMENTS = (ago(days=31), ago(days=16), NOW, NOW + td(days=45), NOW + td(days=80))
Event = Callable[[Store], None]


def scene() -> Store:
    """A flow with a holdout, and a test of an offer in its first step."""
    store = make_store(margin=Decimal(40))
    test = trial_of(store)
    experiment(store, flow=test.flow)
    experiment(store, flow=Flow.objects.create(store=store, name="Win back"))
    for days in DRAWN:
        Customer.objects.create(store=store, email=f"{days}@shop.example")
    return store


def _one(store: Store, n: int) -> Customer:
    return Customer.objects.filter(store=store).order_by("email")[n % Customer.objects.filter(store=store).count()]


def drawn(n: int) -> Event:
    def draw(store: Store) -> None:
        one, at, test = _one(store, n), ago(days=DRAWN[n]), Experiment.objects.get(store=store, kind="variants")
        silent = dict.fromkeys(("started_at", "last_activity_at", "first_abandoned_at"), at - td(hours=1))
        cart = Cart.objects.create(store=store, customer=one, **silent)
        for trial in Experiment.objects.filter(store=store).exclude(assignments__customer=one):
            later = td(hours=1 + n % 2) if trial.flow_id == test.flow_id else td(hours=2 - n % 2)
            arm = trial.arms[n % 2]["name"]
            Assignment.objects.create(experiment=trial, customer=one, arm=arm, assigned_at=at + later, cart=cart)

    return draw


def ordered(n: int, days: float, total: str, **fields: Any) -> Event:
    def order(store: Store) -> None:
        one, at = _one(store, n), ago(days=DRAWN[n] - days)
        told = {"customer": one, "placed_at": at, "version": at, "currency": "EUR", "total": Decimal(total)} | fields
        Order.objects.update_or_create(store=store, external_id=f"{n}-{days}", defaults=told)

    return order


def corrected(**fields: Any) -> Event:
    def correct(store: Store) -> None:
        newest = Order.objects.filter(store=store).order_by("placed_at", "external_id").last()
        Order.objects.filter(pk__in=[newest.pk] if newest else []).update(**fields)

    return correct


def refunded(order: str, amount: str) -> Event:
    def refund(store: Store) -> None:
        told = {"order_external_id": order, "currency": "EUR", "at": ago(days=1), "amount": Decimal(amount)}
        Refund.objects.update_or_create(store=store, external_id=f"r{order}", defaults=told)

    return refund


def left(n: int, days: float) -> Event:
    def leave(store: Store) -> None:
        at = ago(days=DRAWN[n] - days)
        cart = Cart.objects.create(store=store, customer=_one(store, n), started_at=at, last_activity_at=at)
        Cart.objects.filter(pk=cart.pk).update(first_abandoned_at=at + td(hours=1))

    return leave


def carts(**fields: Any) -> Event:
    return lambda store: _first_cart(store).update(**fields)


def _first_cart(store: Store) -> Any:
    first = Cart.objects.filter(store=store).order_by("started_at", "pk").first()
    return Cart.objects.filter(pk__in=[first.pk] if first else [])


def merged(kept: int, gone: int) -> Event:
    return lambda store: merge(_one(store, kept).pk, _one(store, gone).pk)


def erased(store: Store) -> None:
    Order.objects.filter(store=store).order_by("placed_at").delete()
    _first_cart(store).delete()


def rolled(at: datetime) -> Event:
    return lambda store: roll_all(at)


def roll_all(at: datetime) -> None:
    while roll_up(at) >= BATCH:
        pass


EVENTS: list[Event] = [
    *(drawn(n) for n in range(len(DRAWN))),
    *(ordered(n, days, "90.55") for n in range(len(DRAWN)) for days in (-40, -3, 0.5, 13.9)),
    ordered(0, 20, "50", discount=Decimal("5.05"), discount_codes=["X"]), ordered(1, 30, "33.33"),
    ordered(2, 1, "70.07", currency="SEK"), ordered(0, 0.5, "95.55", tax=Decimal("9.99")), ordered(1, -50, "999"),
    corrected(paid=False, was_unpaid=True), corrected(paid=True, paid_at=ago(days=1)), corrected(is_test=True),
    corrected(cancelled_at=ago(days=3)), corrected(cancelled_at=NOW + td(days=60)), corrected(placed_at=ago(days=44)),
    refunded("0-0.5", "20.01"), refunded("0-0.5", "30.02"), refunded("1-13.9", "1"),
    left(0, 5), left(0, 85), left(1, 40), left(2, -5),
    carts(is_test=True), carts(first_abandoned_at=ago(days=50)), carts(merged_at=NOW + td(days=50)),
    merged(0, 1), merged(3, 0), merged(1, 2), erased,
    *(rolled(at) for at in MOMENTS),
]  # fmt: skip


def said(store: Store, at: datetime) -> list[Any]:
    """The answers to everything that is asked of draws."""
    return [answered(question, store, [ask], at) for question, ask in questions(store, at)]


def judged(store: Store, at: datetime) -> list[Any]:
    """The same with nothing kept."""
    with transaction.atomic():
        DrawSums.objects.all().delete()
        found = said(store, at)
        transaction.set_rollback(True)
    return found


@settings(max_examples=10, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.sampled_from(EVENTS), min_size=8, max_size=40))
def test_what_is_kept_is_what_judging_again_would_give(events):
    with transaction.atomic():
        store = scene()
        for event in events:
            event(store)
        told = {at: judged(store, at) for at in MOMENTS}
        for now in MOMENTS[1::2]:
            assert said(store, now) == told[now]
            roll_all(now)
            assert not TouchedDraw.objects.exists()
            for at in MOMENTS:
                assert said(store, at) == told[at]
        transaction.set_rollback(True)


CHANGES = {
    "a late order": ordered(2, 3, "12.34"),
    "an order before the draw": ordered(2, -3, "12.34"),
    "an order after the window": ordered(2, 50, "12.34"),
    "an order before the experiment": ordered(0, -50, "999"),
    "a corrected order": corrected(currency="EUR"),
    "an order moved to another shopper": corrected(customer=None),
    "an order that goes": lambda store: Order.objects.filter(store=store).delete(),
    "a late refund": refunded("0-0.5", "20.01"),
    "a refund that goes": lambda store: Refund.objects.filter(store=store).delete(),
    "a cart left later": left(2, 40),
    "a cart that was a test": lambda store: Cart.objects.filter(store=store).update(is_test=True),
    "another silence": carts(first_abandoned_at=ago(days=70)),
    "a cart that goes": lambda store: Cart.objects.filter(store=store).delete(),
    "two who are one": merged(0, 1),
    "a first draw that goes": lambda store: Assignment.objects.filter(experiment__flow__name="Win back").delete(),
    "a draw that goes": lambda store: Assignment.objects.filter(experiment__store=store).delete(),
    "another currency": lambda store: Store.objects.update(currency="SEK"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_is_seen_at_once_and_kept_again(change: Event) -> None:
    store, at = scene(), NOW + td(days=40)
    Experiment.objects.update(ended_at=ago(days=55))
    for event in (*map(drawn, range(3)), ordered(0, 0.5, "50"), ordered(1, 2, "60"), ordered(0, -45, "70"),
                  ordered(2, 1, "80", currency="SEK"), refunded("1-2", "3"), left(1, 20)):  # fmt: skip
        event(store)
    roll_all(at)
    before = said(store, at)
    change(store)
    store.refresh_from_db()
    assert said(store, at) == judged(store, at) != before
    roll_all(at)
    assert said(store, at) == judged(store, at)


def test_another_timezone_has_other_days() -> None:
    store, at = scene(), NOW + td(days=40)
    Experiment.objects.update(ended_at=ago(days=55))
    drawn(0)(store)
    roll_all(at)
    Store.objects.update(timezone="Asia/Tokyo")
    store.refresh_from_db()
    roll_all(at)
    kept = DrawSums.objects.filter(question="ordered").values_list("since", flat=True)
    assert {since.astimezone(store.zone).time() for since in kept} == {time()}
    assert said(store, at) == judged(store, at)


def test_settled_days_are_kept_once() -> None:
    store, at = scene(), NOW + td(days=80)
    drawn(0)(store)
    assert roll_up(at, limit=7) == 7
    roll_all(at)
    kept = DrawSums.objects.order_by("pk").values_list("pk", flat=True)
    known = list(kept)
    assert roll_up(at) == 0
    assert list(kept) == known


def test_the_youngest_draws_are_not_kept() -> None:
    store = scene()
    for n in (3, 4, 5):
        drawn(n)(store)
    roll_all(NOW)
    newest = DrawSums.objects.filter(question="ordered").order_by("until").last()
    assert newest and newest.until <= ago(days=14) < newest.until + td(days=1)
