"""Credit follows the store's window as it is now; a credit that is taken back leaves its trace."""

from __future__ import annotations

import pytest

from carts.models import Cart
from recovery import attribution, intake
from recovery.models import Credit
from tests.factories import after, checkout, make_store, order, person, put
from tests.recovery.reports.story import bought, click, message, report, silent

pytestmark = pytest.mark.django_db


def hits(store) -> int:
    return report(store).carts.attributed


def test_a_shorter_window_takes_credit_back_and_a_longer_one_gives_it():
    store = make_store(attribution_days=5)
    click(message(silent(store, 1)), after(hours=1))
    attribution.credit([bought(store, 1, after(days=4))], now=after(days=4))
    assert hits(store) == 1
    for days, expected in ((3, 0), (10, 1)):
        store.attribution_days = days
        store.save()
        attribution.recredit(store)
        assert hits(store) == expected


def test_the_last_of_two_clicks_earns_it_also_from_another_cart_of_the_shopper():
    store = make_store()
    early, late = (message(silent(store, 1)) for _ in range(2))
    click(early, after(hours=1))
    click(late, after(hours=2))
    click(late, after(hours=3), machine_reason="scanner")
    assert attribution.credit([bought(store, 1, after(days=1))], now=after(days=1)) == 1
    assert Credit.objects.get().message == late


def test_a_cancelled_orders_credit_is_marked_and_stays_for_earlier_reports():
    store = make_store()
    click(message(silent(store, 1)), after(hours=1))
    placed = bought(store, 1, after(days=1))
    attribution.credit([placed], now=after(days=1))
    placed.cancelled_at = after(days=16)
    placed.save()
    assert attribution.withdraw([placed.pk], now=after(days=16)) == 1
    assert attribution.withdraw([placed.pk], now=after(days=17)) == 0
    assert [report(store, as_of=after(days=days)).carts.attributed for days in (15, 17)] == [1, 0]


def test_an_order_that_moves_to_its_own_cart_takes_its_credit_along_and_the_reports_follow():
    store = make_store()
    sent = message(silent(store, 1))
    click(sent, after(hours=1))
    put(store, order("O1", after(days=1), "OWN", person=person(1)), at=after(days=1))
    intake.take(after(days=1))
    assert (Credit.objects.get().cart, report(store).carts.returned) == (sent.cart, 1)
    put(store, checkout("OWN", after(hours=23), person=person(1)), at=after(days=1))
    while intake.take(after(days=1)):
        pass
    told = Credit.objects.get()
    assert (told.cart, told.message) == (Cart.objects.get(tokens__token="checkout:OWN"), sent)
    assert report(store).carts.returned == 0


def test_a_payment_that_came_later_counts_from_its_own_time():
    store = make_store()
    silent(store, 1)
    bought(store, 1, after(days=1), paid=False)
    put(store, order("O1", after(days=1), "C1", person=person(1), updated_at=after(days=16)), at=after(days=16))
    net = [report(store, as_of=after(days=days)).carts.abandoned_net for days in (15, 17)]
    assert net == [1, 0]
