from __future__ import annotations

from decimal import Decimal

import pytest

from carts.snapshots import RefundSnapshot
from customers.models import Store
from recovery import attribution
from tests.factories import after, make_store, put
from tests.recovery.reports.story import bought, click, message, report, silent

pytestmark = pytest.mark.django_db


@pytest.fixture
def store() -> Store:
    return make_store()


def refund(store: Store, n: int, amount: str, *, days: int = 3, currency: str = "EUR") -> None:
    put(store, RefundSnapshot(f"R{n}", f"O{n}", Decimal(amount), after(days=days), currency), at=after(days=days))


def test_revenue_is_the_total_less_tax_shipping_and_refunds(store):
    silent(store, 1)
    bought(store, 1, after(days=2), total=Decimal("96.00"), tax=Decimal("16.00"), shipping=Decimal("5.00"))
    refund(store, 1, "10.00")
    assert report(store).revenue["EUR"].returned == Decimal("65.00")


def test_money_given_back_in_full_leaves_nothing_and_no_debt(store):
    silent(store, 1)
    bought(store, 1, after(days=2))
    refund(store, 1, "96.00")
    assert report(store).revenue["EUR"].returned == 0


def test_currencies_are_never_added_up(store):
    for n, currency in enumerate(["EUR", "SEK", "JPY"], 1):
        silent(store, n)
        bought(store, n, after(days=2), currency=currency, total=Decimal("1005"))
    found = {currency: str(money.returned) for currency, money in report(store).revenue.items()}
    assert found == {"EUR": "1000.00", "JPY": "1000", "SEK": "1000.00"}


def test_an_order_refunded_in_another_currency_is_left_out_and_said_so(store):
    silent(store, 1)
    bought(store, 1, after(days=2))
    refund(store, 1, "10.00", currency="SEK")
    money = report(store).revenue["EUR"]
    assert (str(money.returned), money.left_out) == ("0.00", 1)


def test_what_followed_a_click_is_told_beside_what_came_back(store):
    clicked = message(silent(store, 1))
    silent(store, 2)
    click(clicked, after(days=1))
    orders = [bought(store, n, after(days=2)) for n in (1, 2)]
    attribution.credit(orders, now=after(days=2))
    money = report(store).revenue["EUR"]
    assert (money.returned, money.attributed) == (Decimal("182.00"), Decimal("91.00"))


def test_open_carts_bring_money_so_far_and_none_to_the_settled(store):
    silent(store, 1)
    bought(store, 1, after(days=2))
    found = report(store, as_of=after(days=3))
    assert found.revenue == {}
    assert (found.so_far.silent, found.so_far.returned) == (1, 1)
    assert found.so_far.revenue["EUR"].returned == Decimal("91.00")


def test_a_cancelled_order_earns_nothing(store):
    silent(store, 1)
    bought(store, 1, after(days=2), cancelled_at=after(days=4))
    assert report(store).revenue == {}
