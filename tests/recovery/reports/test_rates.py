"""The numbers that peers get wrong, each by hand."""

from __future__ import annotations

from decimal import Decimal

import pytest

from carts.models import Cart
from customers.models import Store
from recovery import attribution
from recovery.reports.rates import Rate
from tests.factories import NOW, after, checkout, make_store, order, person, put
from tests.recovery.reports.story import bought, click, message, report, silent

pytestmark = pytest.mark.django_db


@pytest.fixture
def store() -> Store:
    return make_store()


def shares(store: Store, name: str) -> tuple[int, int]:
    rate = report(store).rates[name]
    assert rate
    return rate.hits, rate.n


def test_twenty_that_came_back_of_a_hundred_are_twenty_per_cent(store):
    for n in range(100):
        silent(store, n)
    for n in range(20):
        bought(store, n, after(days=2))
    rate = report(store).rates["return"]
    assert rate
    assert (rate.value, rate.n) == (0.2, 100)


def test_a_cart_that_is_only_ten_minutes_quiet_is_open_and_not_abandoned(store):
    put(store, checkout(at=NOW))
    found = report(store, as_of=after(minutes=10))
    assert (found.carts.started, found.carts.open, found.carts.matured, found.carts.abandoned_gross) == (1, 1, 0, 0)
    assert found.so_far.silent == 0
    assert set(found.rates.values()) == {None}


def test_a_cart_won_back_stays_silent_for_ever_and_is_no_abandonment(store):
    silent(store, 1)
    bought(store, 1, after(days=2))
    assert shares(store, "gross_abandonment") == (1, 1)
    assert shares(store, "return") == (1, 1)
    assert shares(store, "net_abandonment") == (0, 1)


def test_a_cart_bought_at_once_never_went_silent(store):
    put(store, checkout(at=NOW))
    bought_at = after(minutes=29)
    put(store, order("O1", bought_at), at=bought_at)
    assert shares(store, "gross_abandonment") == (0, 1)
    assert report(store).rates["return"] is None


def test_silence_before_the_order_counts_even_where_nobody_swept(store):
    put(store, checkout(at=NOW), order("O1", after(hours=3)), at=after(hours=4))
    assert Cart.objects.get().first_abandoned_at is None
    assert shares(store, "gross_abandonment") == (1, 1)


def test_an_order_told_late_does_not_make_a_quick_buyer_silent(store):
    silent(store, 1)
    put(store, order("O1", after(minutes=5), "C1", person=person(1)), at=after(hours=2))
    assert Cart.objects.get().first_abandoned_at == NOW
    assert shares(store, "gross_abandonment") == (0, 1)


def test_an_order_after_the_fourteen_days_comes_too_late(store):
    silent(store, 1)
    bought(store, 1, after(days=14, seconds=1))
    assert shares(store, "net_abandonment") == (1, 1)
    assert shares(store, "return") == (0, 1)


def test_a_cart_that_was_emptied_counts_as_started_and_left(store):
    put(store, checkout(at=NOW))
    put(store, checkout(at=after(minutes=1), lines=(), total=None), at=after(minutes=1))
    assert shares(store, "net_abandonment") == (1, 1)
    assert shares(store, "gross_abandonment") == (1, 1)


def test_carts_that_say_nothing_are_left_out_and_counted_beside(store):
    put(store, checkout("A", is_test=True), checkout("B", lines=(), total=None))
    put(store, checkout("C", total=Decimal(0)), checkout("D"), checkout("E"))
    Cart.objects.filter(tokens__token="checkout:E").update(merged_into=Cart.objects.get(tokens__token="checkout:D"))
    found = report(store)
    assert found.carts.started == 1
    assert found.excluded == {"test": 1, "staff": 0, "bot": 0, "empty": 1, "zero_value": 1, "merged": 1}


def test_staff_and_programs_are_left_out_and_counted_beside(store):
    Store.objects.update(staff_addresses="boss@else.example\n@puro.example")
    store.refresh_from_db()
    for n, email in enumerate(["boss@else.example", "anna@puro.example", "anna@else.example"]):
        put(store, checkout(f"S{n}", person=person(n, email=email)))
    put(store, checkout("B", person=person(9), user_agent="Mozilla/5.0 (compatible; Storebot-Google/1.0)"))
    put(store, checkout("C", person=person(10), user_agent="Mozilla/5.0 (Linux; Android 8; CUBOT) Mobile Safari"))
    found = report(store)
    assert (found.carts.started, found.excluded["staff"], found.excluded["bot"]) == (2, 2, 1)


def test_an_unpaid_a_cancelled_and_a_test_order_are_no_orders(store):
    for n in (1, 2, 3):
        silent(store, n)
    bought(store, 1, after(days=1), paid=False)
    bought(store, 2, after(days=1), cancelled_at=after(days=2))
    bought(store, 3, after(days=1), is_test=True)
    assert shares(store, "net_abandonment") == (2, 2)
    assert report(store).excluded["test"] == 1


def test_a_human_click_before_the_order_is_credited(store):
    clicked = message(silent(store, 1))
    message(silent(store, 2))
    click(clicked, after(days=1))
    attribution.credit([bought(store, 1, after(days=2))], now=after(days=2))
    assert shares(store, "attributed_recovery") == (1, 2)


def test_an_opened_message_is_never_credited(store):
    message(silent(store, 1), state="delivered")
    attribution.credit([bought(store, 1, after(days=2))], now=after(days=2))
    assert shares(store, "attributed_recovery") == (0, 1)
    assert shares(store, "return") == (1, 1)


def test_a_click_found_to_be_a_machines_takes_its_credit_along(store):
    clicked = click(message(silent(store, 1)), after(days=1))
    attribution.credit([bought(store, 1, after(days=2))], now=after(days=2))
    type(clicked).objects.update(machine_reason="several_links")
    assert shares(store, "attributed_recovery") == (0, 1)


def test_only_carts_that_were_written_to_can_be_won_by_a_message(store):
    for n, state in enumerate(["sent", "delivered", "unknown", "failed", "skipped", "cancelled", "queued"], 1):
        message(silent(store, n), state=state, ended_at=after(hours=1))
    assert shares(store, "attributed_recovery") == (0, 3)


def test_a_store_never_sees_the_carts_of_another(store):
    silent(make_store(), 1)
    assert report(store).carts.started == 0


def test_few_carts_say_too_little():
    few, enough = Rate.of(10, 29), Rate.of(10, 30)
    assert few and enough
    assert (few.too_few, enough.too_few) == (True, False)
