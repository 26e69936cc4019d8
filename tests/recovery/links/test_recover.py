"""The link back to the cart: where it leads, what it says instead, and what is kept of the visit."""

from __future__ import annotations

from datetime import timedelta as td

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from carts.models import Cart
from customers import identity
from customers.models import Store
from recovery.models import Click, Link
from tests.factories import after, make_store, order, person, put
from tests.recovery.links.written import written

pytestmark = pytest.mark.django_db


def outcomes() -> list[tuple[str, str]]:
    return list(Click.objects.order_by("pk").values_list("outcome", "machine_reason"))


def test_it_leads_back_to_the_cart(browser):
    link = written()
    response = browser.get(link.recover)
    assert response.status_code == 302
    assert response["Location"] == "https://shop.example/checkout/C1"
    assert response["Referrer-Policy"] == "no-referrer"
    assert response["Cache-Control"] == "no-store"
    assert not response.cookies
    assert outcomes() == [("restored", "")]


@pytest.mark.parametrize(("is_demo", "reason"), [(True, ""), (False, "script")])
def test_a_browser_without_a_window_is_a_person_in_the_demo_only(browser, is_demo, reason):
    link = written()
    Store.objects.update(is_demo=is_demo)
    browser.get(link.recover, headers={"User-Agent": "Mozilla/5.0 HeadlessChrome/140.0.0.0 Safari/537.36"})
    assert outcomes() == [("restored", reason)]


def test_it_asks_for_the_address_at_the_moment_of_the_click(browser):
    link = written()
    Cart.objects.update(restore_url="https://shop.example/checkout/newer")
    assert browser.get(link.recover)["Location"] == "https://shop.example/checkout/newer"


def test_it_costs_three_queries(browser):
    link = written()
    with CaptureQueriesContext(
        connection,
    ) as queries:
        browser.get(link.recover)
    assert len(queries) == 3


def test_an_unknown_token_gets_a_friendly_404(browser):
    response = browser.get("/r/2345678923456789/")
    assert response.status_code == 404
    assert "This link does not work" in response.content.decode()
    assert Click.objects.count() == 0


@pytest.mark.parametrize("kind", ["unsubscribe", "preferences"])
def test_a_token_of_another_kind_leads_nowhere(browser, kind):
    token = getattr(written(), kind).split("/")[2]
    assert browser.get(f"/r/{token}/").status_code == 404
    assert Click.objects.count() == 0


def test_an_expired_link_offers_the_store(browser, clock):
    link = written()
    clock.shift(td(days=31))
    response = browser.get(link.recover)
    assert response.status_code == 410
    assert "This link has expired" in response.content.decode()
    assert 'href="https://shop.example/"' in response.content.decode()
    assert outcomes() == [("expired", "")]


def test_a_cart_that_was_bought_says_so(browser):
    link = written()
    put(link.store, order(at=after(minutes=40)), at=after(minutes=40))
    response = browser.get(link.recover)
    assert response.status_code == 200
    assert "already been ordered" in response.content.decode()
    assert outcomes() == [("ordered", "")]


def test_a_cart_without_an_address_offers_the_store(browser):
    link = written(restore_url="")
    response = browser.get(link.recover)
    assert response.status_code == 200
    assert "We could not open your cart" in response.content.decode()
    assert outcomes() == [("no_address", "")]


@pytest.mark.parametrize("off", [{"is_active": False}, {"uninstalled_at": after(minutes=35)}])
def test_it_works_for_a_store_that_is_off(browser, off):
    link = written()
    Store.objects.update(**off)
    assert browser.get(link.recover).status_code == 302


def test_it_follows_a_cart_that_was_joined_into_another(browser):
    link = written()
    kept = written(link.store, token="C2", person=person(2), restore_url="https://shop.example/checkout/C2").cart
    Cart.objects.filter(pk=link.cart.pk).update(merged_into=kept)
    assert browser.get(link.recover)["Location"] == "https://shop.example/checkout/C2"


def test_it_works_for_a_customer_who_was_merged(browser):
    link = written()
    other = written(link.store, token="C2", person=person(2)).customer
    identity.merge(other.pk, link.customer.pk)
    assert browser.get(link.recover).status_code == 302
    assert Link.objects.filter(customer=other).count() == 6


def test_a_head_request_is_answered_and_is_a_machine(browser):
    response = browser.head(written().recover)
    assert response.status_code == 302
    assert outcomes() == [("restored", "head")]


def test_other_methods_are_refused(browser):
    assert Client().post(written().recover).status_code == 405
    assert Click.objects.count() == 0


def test_a_long_and_odd_user_agent_is_kept_within_bounds(browser):
    browser.get(written().recover, headers={"User-Agent": "Mozilla/5.0 (X11)\0" + "x" * 1000})
    assert len(Click.objects.get().user_agent) == 400


def test_a_visit_shows_nobody_and_logs_nobody_in(browser):
    link = written(restore_url="")
    html = browser.get(link.recover).content.decode()
    assert "Anna" not in html and "anna1@" not in html and "Mug" not in html
    assert "sessionid" not in browser.cookies


def test_what_hammers_on_a_link_fills_no_table(browser, monkeypatch):
    monkeypatch.setattr("recovery.links.clicks.MOST_CLICKS", 3)
    link = written()
    assert [browser.get(link.recover).status_code for _ in range(5)] == [302] * 5
    assert Click.objects.count() == 3


def test_a_link_of_one_store_never_leads_to_another(browser):
    make_store(domain="other.example")
    link = written(restore_url="https://other.example/checkout/C1")
    assert browser.get(link.recover).status_code == 200
    assert outcomes() == [("no_address", "")]
