"""Every page of the report: it opens for who may see the store, says when there is nothing, and its rows add up."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from carts.snapshots import RefundSnapshot
from customers.models import Membership, Role, Store
from recovery import attribution
from recovery.models import Assignment
from recovery.reports.pages.index import PAGES
from tests.factories import LAMP, NOW, after, checkout, make_store, order, person, put
from tests.recovery.experiments.scene import MANY, fall_silent, holding_out, run
from tests.recovery.reports.story import bought, click, message, silent

pytestmark = pytest.mark.django_db

DAYS = {"store": "puro", "first": "2026-03-10", "last": "2026-03-10"}


def address(name: str) -> str:
    return reverse("admin_report") if name == "overview" else reverse("admin_report_page", args=[name])


def text(client: Client, name: str, **asked: str) -> str:
    answer = client.get(address(name), DAYS | asked)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def lines(client: Client, name: str, **asked: str) -> list[dict[str, Any]]:
    answer: Any = client.get(address(name), DAYS | asked)
    assert answer["Content-Type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))


@pytest.fixture
def won(store: Store) -> Store:
    """Thirty carts on phones, three of them won back by a click, and three on desktops that were bought at once."""
    for n in range(30):
        sent = message(silent(store, n, device="mobile", landing_page="https://shop.example/sale?utm_source=mail"))
        if n < 3:
            click(sent, after(hours=2))
            attribution.credit([bought(store, n, after(days=2))], now=after(days=2))
    for n in range(30, 33):
        put(store, checkout(f"C{n}", NOW, person=person(n), device="desktop", lines=(LAMP,)))
        bought(store, n, after(minutes=3))
    return store


@pytest.mark.parametrize("name", PAGES)
def test_a_page_without_anything_says_so(boss, store, name):
    assert "cb-soft" in text(boss, name)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_asks_the_database_at_most_twenty_times(boss, won, name, django_assert_max_num_queries):
    text(boss, name)
    with django_assert_max_num_queries(20):
        text(boss, name, compare="before")


@pytest.mark.parametrize("name", PAGES)
def test_a_page_tells_the_same_on_screen_and_as_json(boss, won, name):
    assert "Traceback" not in text(boss, name, compare="before")
    found = boss.get(address(name), DAYS | {"format": "json"}).json()
    assert (found["store"], found["from"]) == ("puro", "2026-03-10")


def test_the_carts_behind_a_rate_add_up_to_it(boss, won):
    rows = lines(boss, "overview", rows="1")
    lost = [row for row in rows if row["in_time"] == "False"]
    assert (len(lost), len(rows)) == (27, 33)
    assert f"{100 * 27 / 33:.1f} %" in text(boss, "overview")


def test_the_rows_of_messages_heed_every_filter_of_their_page(boss, won):
    counts = [len(lines(boss, "flow", rows="1", segment=name)) for name in ("", "new", "returning")]
    assert counts == [30, 30, 0]


def test_a_filter_takes_only_its_carts(boss, won):
    assert len(lines(boss, "leaving", rows="1", device="desktop")) == 3
    assert "27 of 30" in text(boss, "leaving", device="mobile")


@pytest.mark.parametrize("asked", [{"segment": "new"}, {"channel": "email"}, {"currency": "EUR"}])
def test_pages_whose_figures_keep_a_filter_not_apart_heed_it_too(boss, won, asked):
    carts = 30 if "channel" in asked else 33
    assert f"27 of {carts}" in text(boss, "leaving", **asked)
    assert [row["Product"] for row in lines(boss, "products", table="products", **asked)] == ["Mug", "Lamp"]


@pytest.mark.parametrize("asked", [{"segment": "returning"}, {"channel": "sms"}])
def test_a_filter_that_fits_no_cart_finds_none(boss, won, asked):
    assert "No cart of these days" in text(boss, "leaving", **asked)


def test_the_funnel_loses_whom_it_loses(boss, won):
    stages = lines(boss, "leaving", table="stages")
    reached = {row["Stage"]: (row["Carts that reached it"], row["Left here"]) for row in stages}
    assert (reached["Contact given"], reached["Ordered"]) == (("33", "27"), ("6", "0"))


def test_a_step_tells_what_it_brought(boss, won):
    step = lines(boss, "flow", table=f"steps-{won.flows.get().pk}-brought")[0]
    assert (step["Clicked by people hits"], step["Clicked by people n"]) == ("3", "30")
    assert (step["Ordered after a click hits"], step["Revenue in EUR"]) == ("3", "273.00")


def test_who_is_held_out_is_told_apart_from_what_was_not_sent(boss):
    store = holding_out(50, slug="puro")
    fall_silent(store, MANY)
    run()
    (step,) = lines(boss, "flow", table=f"steps-{store.flows.get().pk}")
    held = Assignment.objects.filter(arm="holdout").count()
    assert (step["Held out"], step["Waiting"], step["Not sent"]) == (str(held), str(MANY - held), "0")
    assert 0 < held < MANY


def test_products_are_ranked_by_the_lower_end_and_only_with_enough_carts(boss, won):
    rows = lines(boss, "products", table="products")
    assert [(row["Product"], row["Not ordered hits"], row["Not ordered n"]) for row in rows] == [
        ("Mug", "27", "30"), ("Lamp", "27", "33"),
    ]  # fmt: skip


def test_retention_is_told_both_ways(boss, store):
    for n, months in [(1, 0), (2, 0)]:
        silent(store, n)
        bought(store, n, after(days=2 + 30 * months))
    asked = {"first": "2026-04-01", "last": "2026-04-30", "table": "retention"}
    rows = {row[""]: row["Shoppers"] for row in lines(boss, "customers", **asked)}
    assert (rows["S: active at the beginning"], rows["Kept: active at both"]) == ("2", "2")
    assert rows["Classic retention, (E − N) ÷ S"] == "100.0 %"


def test_a_cohort_counts_the_next_order_that_is_later_than_the_first(boss, store):
    for n, days in enumerate([0, 0, 20, 100]):  # two at once, then twice more
        put(store, order(f"O{n}", after(days=days), "", person=person(1)), at=after(days=days))
    put(store, order("alone", after(days=1), "", person=person(2)), at=after(days=1))
    rows = lines(boss, "customers", first="2026-03-01", last="2026-09-30", table="cohorts")
    march = next(row for row in rows if row["First order in"] == "Mar 2026")
    assert (march["Shoppers"], march["Again within 30 days hits"], march["Again within 30 days n"]) == ("2", "1", "2")


def test_who_comes_back_after_more_than_a_year_is_neither_kept_nor_new(boss, store):
    for n, days in enumerate([-700, -2, 1]):
        put(store, order(f"O{n}", after(days=days), "", person=person(1)), at=after(days=days))
    asked = {"first": "2026-03-01", "last": "2026-03-09", "table": "retention"}
    rows = {row[""]: row["Shoppers"] for row in lines(boss, "customers", **asked)}
    told = [rows[name] for name in rows if name[:2] in ("S:", "E:", "N:", "R:") or name.startswith("Kept")]
    assert told == ["0", "1", "0", "0", "1"]


def test_customers_are_told_beside_those_of_the_days_before(boss, store):
    for n, days in enumerate([-5, 2, 3]):
        put(store, order(f"O{n}", after(days=days), "", person=person(n % 2)), at=after(days=days))
    put(store, RefundSnapshot("R0", "O0", Decimal("9.60"), after(days=-1), "EUR"))
    asked = {"first": "2026-03-10", "last": "2026-03-19", "compare": "before"}
    rows = lines(boss, "customers", table="retention", **asked)
    assert [(row["Shoppers"], row["Before: Shoppers"]) for row in rows[:3]] == [("1", "0"), ("2", "1"), ("1", "1")]
    (row,) = lines(boss, "customers", table="refunds", **asked)
    told = [row[name] for name in ("Orders", "Given back", "Before: Orders", "Before: Given back")]
    assert told == ["2", "0.00", "1", "9.60"]


def test_refunds_are_told_by_the_orders_that_they_were_for(boss, store):
    put(store, order("O1", NOW, ""), order("O2", NOW, ""), RefundSnapshot("R1", "O1", Decimal("9.10"), NOW, "EUR"),
        RefundSnapshot("R2", "O2", Decimal("5"), NOW, "SEK"))  # fmt: skip
    row = lines(boss, "customers", table="refunds")[0]
    assert (row["Orders"], row["Orders with a refund hits"], row["Given back"]) == ("2", "1", "9.10")


def test_a_spreadsheet_runs_nothing_that_a_visitor_wrote(boss, store):
    for n in range(2):
        silent(store, n, landing_page="https://shop.example/?utm_source=%3D&utm_source=x", referrer="")
        put(
            store,
            checkout(f"C{n}", after(minutes=1), person=person(n), landing_page="https://a.example/?utm_source=@x"),
        )
    assert [row["Source"] for row in lines(boss, "leaving", table="source")] == ["'@x"]


def test_a_strange_store_is_not_found_and_its_rows_neither(won):
    user = User.objects.create_user("clerk", is_staff=True)
    Membership.objects.create(user=user, store=make_store(), role=Role.ANALYST)
    client = Client()
    client.force_login(user)
    for name in PAGES:
        assert client.get(address(name), DAYS | {"rows": "1"}).status_code == 404


def test_a_page_that_is_none_is_not_found(boss, store):
    assert boss.get(reverse("admin_report_page", args=["nothing"])).status_code == 404


def test_a_page_of_an_earlier_day_tells_what_it_told_then(boss, won):
    late = lines(boss, "overview", rows="1", as_of="2026-03-11")
    assert [row["ordered_at"] for row in late if row["device"] == "mobile"] == [""] * 30
    assert "as of 11 Mar 2026 23:59" in text(boss, "overview", as_of="2026-03-11")
    found = boss.get(address("overview"), DAYS | {"as_of": "2026-03-11", "format": "json"}).json()
    assert (found["carts"]["matured"], found["carts"]["open"], found["open_so_far"]["returned"]) == (0, 33, 0)
    assert "beyond the calendar" in text(boss, "overview", as_of="9999-12-31")


def test_the_days_before_stand_beside_every_number(boss, won):
    """The same shop seen a day later: what was this day is the day before then."""
    asked = {"first": "2026-03-11", "last": "2026-03-11", "compare": "before"}
    silent(won, 99, device="mobile", created_at=after(days=1))
    page = text(boss, "leaving", **asked)
    assert "before: 90.0 %" in page and "Before: 90.0 % (74.4 to 96.5 %, 27 of 30)" in page
    (row,) = lines(boss, "leaving", table="devices", **asked)
    assert (row["Settled carts"], row["Before: Settled carts"], row["Before: Cart abandonment hits"]) == (
        "1",
        "30",
        "27",
    )
    found = boss.get(address("leaving"), DAYS | asked | {"format": "json"}).json()
    devices = next(section for section in found["sections"] if section["title"] == "Device")
    assert devices["tables"]["devices"][0]["before"]["Settled carts"] == 30
