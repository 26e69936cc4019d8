"""Numbers that others printed, by the code that serves the pages."""

from __future__ import annotations

from datetime import datetime
from datetime import timedelta as td
from decimal import Decimal
from typing import Any

import pytest

from carts.models import Order
from customers.models import Customer, Store
from recovery.models import Notice, Reply
from recovery.reports.asked import Asked
from recovery.reports.pages.customers import customers
from recovery.reports.pages.interactions import interactions
from recovery.reports.period import Period
from recovery.reports.rates import Rate
from recovery.reports.rows import rows_behind
from tests.factories import NOW, after, make_store

pytestmark = pytest.mark.django_db

DAY = td(days=1)


def asked(store: Store, first: datetime, days: int) -> Asked:
    last = first + (days - 1) * DAY
    return Asked(store, Period(first.date(), last.date(), store.zone), last + 3 * DAY)


def conversations(offered: int, handled: int) -> Any:
    """The rate of a store that so many wrote to, and that answered so many of them within the hour."""
    store = make_store(timezone="UTC")
    numbers = [f"+3584{n:08d}" for n in range(offered)]
    common: dict[str, Any] = {"store": store, "channel": "sms"}
    Reply.objects.bulk_create(
        Reply(**common, address=number, body="Do you ship to Åland?", provider_id=number, at=NOW) for number in numbers
    )
    Notice.objects.bulk_create(
        Notice(**common, to=number, purpose="answer", dedupe_key=number, text="Yes", due_at=NOW, created_at=NOW,
               state="sent", sent_at=after(hours=1))
        for number in numbers[:handled]
    )  # fmt: skip
    _, *rows = rows_behind(asked(store, NOW, 1), "conversations")
    assert (len(rows), sum(row[-1] is not None for row in rows)) == (offered, handled)
    return interactions(asked(store, NOW, 1))[0].tables[0].rows[0]


@pytest.mark.parametrize(("offered", "handled", "rate"), [(1000, 960, 0.04), (100, 95, 0.05), (1200, 1050, 0.125)])
def test_conversations_abandoned_are_those_offered_and_not_handled(offered: int, handled: int, rate: float) -> None:
    _, begun, still_open, abandoned = conversations(offered, handled)
    assert (begun, still_open, abandoned) == (offered, 0, Rate.of(offered - handled, offered))
    assert abandoned.value == pytest.approx(rate)


def retention(new: int) -> dict[str, Any]:
    """Of 200 shoppers active at the start of a month and 220 at its end, of whom so many are new to the store."""
    store = make_store(timezone="UTC")
    start, days = NOW.replace(hour=0), 30
    before = start - 400 * DAY  # long enough ago to be inactive at the start
    kept = min(180, 220 - new)
    gone, back = 200 - kept, 220 - kept - new
    orders = [*[[start - DAY]] * kept, *[[start - 360 * DAY]] * gone, *[[start + DAY]] * new,
              *[[before, start + DAY]] * back]  # fmt: skip
    people = Customer.objects.bulk_create(Customer(store=store, email=f"{n}@shop.example") for n in range(len(orders)))
    Order.objects.bulk_create(
        Order(store=store, customer=who, external_id=f"{who.pk}-{n}", placed_at=at, version=at, total=Decimal(10),
              currency="EUR")
        for who, times in zip(people, orders, strict=True) for n, at in enumerate(times)
    )  # fmt: skip
    section = customers(asked(store, start, days))[0]
    found: dict[str, Any] = dict(section.tables[0].rows)  # type: ignore[arg-type]
    return found | {card.definition.title: card.value for card in section.cards} | {"note": section.note}


def test_of_200_with_220_at_the_end_and_40_new_ninety_per_cent_stay() -> None:
    found = retention(new=40)
    counts = [found[name] for name in found if name[1:2] == ":"]
    assert counts == [200, 220, 40, 0]  # S, E, N, R
    assert found["Classic retention, (E − N) ÷ S"] == "90.0 %"
    assert (found["Really kept"], found["Churn"], found["note"]) == (Rate.of(180, 200), Rate.of(20, 200), "")


def test_of_200_with_220_at_the_end_and_50_new_it_is_eighty_five() -> None:
    found = retention(new=50)
    assert found["Classic retention, (E − N) ÷ S"] == "85.0 %"


def test_who_came_back_after_long_flatters_the_classic_formula_and_is_named() -> None:
    found = retention(new=30)
    assert (found["Classic retention, (E − N) ÷ S"], found["Really kept"]) == ("95.0 %", Rate.of(180, 200))
    assert found["R: back after a longer pause"] == 10
    assert "came back after a longer pause" in found["note"]
