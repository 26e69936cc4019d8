"""A report for a moment in the past gives what it gave then."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from carts.snapshots import RefundSnapshot
from recovery import attribution
from recovery.reports.figures import figures
from recovery.reports.period import BadPeriod, period
from tests.factories import NOW, after, checkout, make_store, order, person, put
from tests.recovery.reports.story import bought, click, message, report, silent

pytestmark = pytest.mark.django_db


def test_what_happens_later_changes_nothing():
    store = make_store()
    cart = silent(store, 1)
    click(message(cart), after(days=1))
    attribution.credit([bought(store, 1, after(days=2))], now=after(days=2))
    then = report(store, as_of=after(days=15))
    refund = RefundSnapshot("R1", "O1", Decimal("40"), after(days=16), "EUR")
    put(store, refund, order("O1", after(days=2), "C1", person=person(1), cancelled_at=after(days=17),
                             updated_at=after(days=17)), at=after(days=17))  # fmt: skip
    message(cart, sent_at=after(days=18), planned_at=after(days=18))
    silent(store, 2, created_at=after(days=16))
    assert report(store, as_of=after(days=15)) == then
    assert then.revenue["EUR"].attributed == Decimal("91.00")


def test_a_cancellation_counts_from_its_own_time():
    store = make_store()
    silent(store, 1)
    bought(store, 1, after(days=2), cancelled_at=after(days=16))
    before, behind = (report(store, as_of=after(days=days)).carts.abandoned_net for days in (15, 17))
    assert (before, behind) == (0, 1)


def test_a_message_counts_as_it_stood_then():
    store = make_store()
    message(silent(store, 1), state="failed", ended_at=after(days=2), reason="bounce", provider_id="x")
    early, late = (report(store, as_of=after(days=days)).messages["email"] for days in (1, 3))
    assert (early.sent, early.failed, late.sent, late.failed) == (1, 0, 0, 1)


def test_a_cart_is_settled_at_the_very_moment_its_days_are_over():
    store = make_store()
    silent(store, 1)
    matured = [report(store, as_of=after(days=14, seconds=s)).carts.matured for s in (-1, 0)]
    assert matured == [0, 1]


def test_days_begin_at_the_stores_midnight():
    store = make_store(timezone="Europe/Helsinki")
    for n, at in enumerate([datetime(2026, 3, 9, 22, 30, tzinfo=UTC), datetime(2026, 3, 10, 22, 30, tzinfo=UTC)]):
        put(store, checkout(f"C{n}", at, person=person(n)), at=at)
    day = period(date(2026, 3, 10), date(2026, 3, 10), as_of=after(days=20), zone=store.zone)
    assert figures(store, day, as_of=after(days=20)).carts.started == 1
    assert day.since == datetime(2026, 3, 9, 22, 0, tzinfo=UTC)


def test_a_day_of_the_clock_change_has_its_own_length():
    day = period(date(2026, 3, 29), date(2026, 3, 29), as_of=NOW, zone=ZoneInfo("Europe/Helsinki"))
    assert (day.until - day.since).total_seconds() == 23 * 3600


def test_thirty_days_until_today_are_taken_where_nobody_says():
    found = period(None, None, as_of=NOW, zone=ZoneInfo("UTC"))
    assert (found.first, found.last) == (date(2026, 2, 9), date(2026, 3, 10))


def test_a_period_that_ends_before_it_begins_is_refused():
    with pytest.raises(BadPeriod, match="would end"):
        period(date(2026, 3, 2), date(2026, 3, 1), as_of=NOW, zone=ZoneInfo("UTC"))
