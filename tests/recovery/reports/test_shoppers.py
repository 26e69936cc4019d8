"""Who buys again, against the same said plainly of every shopper's orders, one after the other."""

from __future__ import annotations

import random
from datetime import datetime
from datetime import timedelta as td
from itertools import pairwise
from statistics import mean, median
from typing import Any

import pytest

from carts.models import Order
from customers.models import Customer, Store
from recovery.reports.asked import Asked
from recovery.reports.period import Period
from recovery.reports.shoppers import ACTIVE, SPANS, Shoppers, Span, shoppers_of
from tests.factories import NOW, make_store

pytestmark = pytest.mark.django_db

DAY = td(days=1)


@pytest.fixture
def store() -> Store:
    """Twenty shoppers with up to nine orders in three years, some at the same moment, at midnight or called off."""
    store, lots = make_store(timezone="UTC"), random.Random(20261122)
    people = Customer.objects.bulk_create(Customer(store=store, email=f"{n}@shop.example") for n in range(20))
    midnight = NOW.replace(hour=0)
    for who in people:
        times = [midnight - lots.randrange(1100) * DAY + lots.choice([0, 0, 7]) * td(hours=1) for _ in range(6)]
        Order.objects.bulk_create(
            Order(store=store, customer=who, external_id=f"{who.email}-{n}", placed_at=at, version=at, currency="EUR",
                  cancelled_at=at + lots.randrange(60) * DAY if lots.random() < 0.1 else None)
            for n, at in enumerate(lots.choices(times, k=lots.randrange(10)))
        )  # fmt: skip
    return store


def orders_of(store: Store, as_of: datetime, end: datetime) -> list[list[datetime]]:
    """Of each shopper with an order, when they ordered, in time."""
    rows = Order.objects.filter(store=store, placed_at__lt=end, placed_at__lte=as_of).order_by("placed_at")
    found: dict[Any, list[datetime]] = {}
    for one in rows:
        if one.cancelled_at is None or one.cancelled_at > as_of:
            found.setdefault(one.customer_id, []).append(one.placed_at)
    return list(found.values())


def active(times: list[datetime], end: datetime) -> bool:
    return any(end - ACTIVE <= at < end for at in times)


def again(times: list[datetime], days: int) -> bool:
    return any(times[0] < at < times[0] + days * DAY for at in times)


def span(asked: Asked) -> Span:
    since = asked.period.since
    return Span(since, min(asked.period.until, asked.as_of), [since - 90 * DAY, since - 30 * DAY])


def tell_as_plainly(found: Shoppers, of: Span, store: Store, as_of: datetime) -> None:
    """Compare with what is said of every shopper one after the other."""
    since, end, everybody = of.since, of.end, orders_of(store, as_of, of.end)
    stay = [times for times in everybody if active(times, end)]
    assert (found.people, found.repeat) == (len(everybody), sum(len(times) > 1 for times in everybody))
    assert (found.began, found.stay) == (sum(active(times, since) for times in everybody), len(stay))
    assert found.kept == sum(active(times, since) for times in stay)
    assert found.new == sum(times[0] >= since for times in stay)
    gaps = [(b - a) / DAY for times in everybody for a, b in pairwise(times) if b >= since]
    assert found.gaps == len(gaps)
    assert [found.mean_gap, found.median_gap] == (pytest.approx([mean(gaps), median(gaps)]) if gaps else [None, None])
    for cohort, start, until in zip(found.cohorts, of.months, [*of.months[1:], end], strict=True):
        own = [times for times in everybody if start <= times[0] < until]
        assert (cohort.shoppers, cohort.last) == (len(own), max((times[0] for times in own), default=None))
        assert cohort.again == tuple(sum(again(times, days) for times in own) for days in SPANS)


@pytest.mark.parametrize("days", [1, 30, 183, 365, 366, 700])
@pytest.mark.parametrize("ago", [0, 45, 400])
def test_shoppers_of_periods_asked_at_once_are_counted_as_their_orders_tell(store: Store, days: int, ago: int) -> None:
    last, as_of = NOW.date() - ago * DAY, NOW - ago * DAY + td(hours=3)
    asked = Asked(store, Period(last - (days - 1) * DAY, last, store.zone), as_of)
    both = Asked(store, Period(asked.before().period.first, last, store.zone), as_of)
    spans = [span(asked), span(asked.before()), span(both)]
    for found, of in zip(shoppers_of(asked, spans), spans, strict=True):
        tell_as_plainly(found, of, store, as_of)


@pytest.mark.parametrize("days", [30, 366])
def test_one_period_is_counted_as_it_is_beside_others(store: Store, days: int) -> None:
    asked = Asked(store, Period(NOW.date() - (days - 1) * DAY, NOW.date(), store.zone), NOW)
    spans = [span(asked), span(asked.before())]
    assert shoppers_of(asked, spans) == [shoppers_of(asked, [of])[0] for of in spans]
