"""A month whose days are settled is added up; whatever changes one of its days is in the report at once."""

from __future__ import annotations

from datetime import date
from datetime import timedelta as td
from typing import Any

import pytest

from customers.models import Store
from recovery.models import Flow, MonthlySpread, RolledMonth
from recovery.reports import cells
from recovery.reports.asked import Asked
from recovery.reports.kept import kept_days
from recovery.reports.months import whole_months
from recovery.reports.period import Period
from recovery.reports.rollup import Cell, cells_of, roll_up
from tests.factories import LAMP, MUG, after, checkout, make_store, order, person, put
from tests.recovery.reports.story import enter_another_flow, message
from tests.recovery.reports.test_rollup import keyed

pytestmark = pytest.mark.django_db

APRIL = date(2026, 4, 1)
LATER = after(days=90)


@pytest.fixture
def store() -> Store:
    """Two carts on each day of April: Anna's mug, and another's mug and lamp on a phone. Every fifth was bought."""
    store = make_store()
    for n in range(30):
        at = after(days=22 + n)
        put(store, checkout(f"A{n}", at, lines=(MUG,)), checkout(f"B{n}", at, person=person(n % 20), device="mobile",
                                                                 lines=(MUG, LAMP)), at=at)  # fmt: skip
        if n % 5 == 0:
            put(store, order(f"O{n}", at + td(days=1), f"B{n}", person=person(n % 20)), at=at + td(days=1))
    return store


def written_to(store: Store) -> Flow:
    """Anna is, by mail and by text in turn; of the others every third is in the flow that is given back."""
    for n, cart in enumerate(store.carts.filter(device="").order_by("started_at")):
        message(cart, channel=("email", "sms")[n % 2])
    for cart in store.carts.filter(device="mobile").order_by("started_at")[::3]:
        flow = enter_another_flow(cart, cart.started_at)
    return flow


def asked(store: Store, **filters: Any) -> Asked:
    return Asked(store, Period(APRIL - td(days=3), APRIL + td(days=40), store.zone), LATER, **filters)


def months_of(store: Store) -> list[date]:
    return whole_months(asked(store), kept_days(asked(store)))


def judged_now(which: Asked) -> list[Cell]:
    return cells_of(which, cells.SPREAD, kept=frozenset())


def left_on_phones(store: Store) -> int:
    """Of the carts of April, by what is kept of the month."""
    return sum(MonthlySpread.objects.get(facet="failed", device="mobile", segment="").unordered)


def roll(store: Store) -> None:
    while roll_up(LATER):
        pass


def test_a_month_added_up_is_what_judging_its_carts_would_give_with_every_filter(store):
    flow = written_to(store).pk
    roll(store)
    assert months_of(store) == [APRIL]
    filters: list[dict[str, Any]] = [
        {}, {"device": "mobile"}, {"currency": "EUR"}, {"segment": "returning"}, {"channel": "sms"}, {"flow": flow},
        {"segment": "new", "flow": flow, "device": "mobile"},
    ]  # fmt: skip
    for each in filters:
        which = asked(store, **each)
        assert keyed(cells_of(which, cells.SPREAD)) == keyed(judged_now(which)) != {}
    assert cells_of(asked(store, currency="SEK"), cells.SPREAD) == []


def test_a_day_that_was_touched_takes_its_month_apart(store):
    roll(store)
    put(store, order("late", after(days=31), "A7"), at=after(days=31))
    assert months_of(store) == []
    assert keyed(cells_of(asked(store), cells.SPREAD)) == keyed(judged_now(asked(store)))


def test_a_month_is_added_up_again_when_its_day_was(store):
    roll(store)
    before = left_on_phones(store)
    put(store, order("late", after(days=31), "B7", person=person(7)), at=after(days=31))
    roll(store)
    assert RolledMonth.objects.count() == 1
    assert left_on_phones(store) == before - 1


def test_a_month_that_the_clock_may_still_change_is_not_added_up(store):
    roll_up(after(days=60))
    assert not RolledMonth.objects.exists()
