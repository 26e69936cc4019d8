"""Every table of every page can be taken elsewhere: as CSV, as JSON, and through the API."""

from __future__ import annotations

import csv
import html
import io
import re
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from customers.models import Store, Suppression
from customers.tokens import make_token
from recovery import attribution
from recovery.models import DiscountCode, Experiment, Reply, SurveyAsk
from recovery.reports.pages.index import PAGES
from tests.factories import MUG, NOW, after, ago, order, person, put
from tests.recovery.api.test_api import fits
from tests.recovery.reports.story import bought, click, message, silent
from tests.recovery.reports.test_guardrails import shopper
from tests.recovery.reports.test_offer_trials import trial_of

pytestmark = pytest.mark.django_db

CUP = replace(MUG, category="Kitchen")
DAYS = {"first": f"{ago(days=130):%Y-%m-%d}", "last": f"{after(days=10):%Y-%m-%d}"}
#: By page, without the number of a flow. A table that is new is written down here, and is then asked for everywhere.
TABLES = {
    "overview": {"trend", "recovery", "revenue", "orders", "messages", "not-sent"},
    "leaving": {"stages", "devices", "hours", "payments", "source", "page", "return-time"},
    "flow": {"steps-N", "steps-N-brought", "steps-N-not-sent", "lift-N"},
    "products": {"products", "categories"},
    "discounts": {"offers", "offer-margin", "offer-guardrails"},
    "customers": {"retention", "gaps", "gap-days", "refunds", "cohorts"},
    "reasons": {"reasons", "stages", "reason-devices"},
    "interactions": {"conversations"},
    "delivery": {"delivery", "failed", "stops", "consent"},
}
REFUSED = {
    "customers": {"device": "mobile"}, "flow": {"segment": "old"}, "leaving": {"flow": "x"},
    "products": {"compare": "after"}, "nothing": {},
}  # fmt: skip
NUMBER = re.compile(r"-\d+\b")
LINK = re.compile(r'<a href="\?([^"]*table=[^"]*)">This table as CSV</a>')


@pytest.fixture
def full(store: Store) -> Store:
    """Something for every table: carts, messages, clicks, orders, a test of an offer, codes, answers and replies."""
    visit = {"device": "mobile", "landing_page": "https://shop.example/?utm_source=mail", "lines": (CUP,)}
    for n in range(30):
        sent = message(silent(store, n, **visit))
        if n < 2:
            click(sent, after(hours=2))
            attribution.credit([bought(store, n, after(days=2))], now=after(days=2))
            put(store, order(f"again{n}", after(days=4), "", person=person(n)), at=after(days=4))
    message(silent(store, 30, created_at=after(days=8)), state="skipped", reason="no_consent", ended_at=after(hours=1))
    message(silent(store, 31), state="failed", reason="bounce", ended_at=after(hours=1))
    _answers(store)
    trial = trial_of(store)
    for arm in ("ten off", "plain") * 2:
        who = shopper(trial, arm, carts=(20,), orders=((30, True),))
    code = {"code": "X", "state": "live", "currency": "EUR", "given_at": NOW, "customer": who}
    DiscountCode.objects.create(store=store, offer_id=trial.arms[1]["offer"], **code)
    return store


def _answers(store: Store) -> None:
    asked = {"store": store, "via": "page", "asked_at": NOW, "answered_at": NOW}
    SurveyAsk.objects.create(**asked, kind="why", cart=store.carts.order_by("pk")[0], code="trust")
    SurveyAsk.objects.create(**asked, kind="nps", order=store.orders.order_by("pk")[0], score=9)
    Suppression.objects.create(store=store, channel="email", address_hash="x", reason="complaint", at=NOW)
    Reply.objects.create(store=store, channel="sms", address="+358401234567", body="Hello?", provider_id="1", at=NOW)


def reader(store: Store) -> Client:
    """Who has a token of the store."""
    return Client(headers={"Authorization": f"Bearer {make_token(store, 'test', now=timezone.now())[1]}"})


def lines(client: Client, address: str, asked: dict[str, str]) -> list[list[str]]:
    answer: Any = client.get(address, asked)
    assert answer["Content-Type"].startswith("text/csv"), asked
    text = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return list(csv.reader(io.StringIO(text.decode())))


def shown_on(client: Client, address: str, asked: dict[str, str]) -> tuple[int, list[dict[str, str]]]:
    """How many tables the page draws, and what the links to their CSV ask for."""
    text = client.get(address, asked).content.decode()
    links = [dict(parse_qsl(html.unescape(found))) for found in LINK.findall(text)]
    return text.count("<table"), links


def test_every_table_of_the_report_comes_as_csv_as_json_and_through_the_api(boss: Client, full: Store) -> None:
    through = reader(full)
    for name in PAGES:
        address = reverse("admin_report") if name == "overview" else reverse("admin_report_page", args=[name])
        drawn, links = shown_on(boss, address, {"store": "puro", **DAYS})
        assert {NUMBER.sub("-N", one["table"]) for one in links} == TABLES[name] and len(links) == drawn
        api = through.get(f"/api/v1/pages/{name}", {"from": DAYS["first"], "to": DAYS["last"]}).json()
        fits(api, "ReportPage")
        assert boss.get(address, {"store": "puro", **DAYS, "format": "json"}).json()["sections"] == api["sections"]
        rows = {key: table for section in api["sections"] for key, table in section["tables"].items()}
        for one in links:
            head, *body = lines(boss, address, one)
            assert len(body) == len(rows[one["table"]]) > 0, one
            assert len(set(head)) == len(head) and set(rows[one["table"]][0]) <= set(head), head


def test_the_api_takes_the_filters_of_a_page_and_no_others(store: Store) -> None:
    silent(store, 1)
    through = reader(store)
    asked = {"from": DAYS["first"], "to": DAYS["last"], "segment": "new", "flow": str(store.flows.get().pk)}
    for compared in ({}, {"compare": "before"}):
        fits(through.get("/api/v1/pages/leaving", asked | compared).json(), "ReportPage")
    told = {name: through.get(f"/api/v1/pages/{name}", bad).json()["detail"] for name, bad in REFUSED.items()}
    assert told == {
        "customers": "The page Customers heeds no such filter: it takes none.",
        "flow": "segment is one of new, returning, unknown.",
        "leaving": "flow is the number of a flow, as experiments and messages name it.",
        "products": "compare is before, or left out.",
        "nothing": f"The pages of the report are {', '.join(PAGES)}.",
    }


def test_every_table_of_an_experiment_comes_as_csv_and_json(boss: Client, full: Store) -> None:
    trial = Experiment.objects.get(kind="variants")
    address = reverse("admin_experiment", args=[trial.pk])
    drawn, links = shown_on(boss, address, {})
    assert ([one["table"] for one in links], drawn) == (["arms", "curve"], 2)
    arms, curve = (lines(boss, address, one) for one in links)
    assert [row[:3] for row in arms] == [["Arm", "Planned", "Drawn"], ["plain", "0.5", "2"], ["ten off", "0.5", "2"]]
    told = boss.get(address, {"format": "json"}).json()
    fits(told, "Findings")
    assert [float(row[0]) for row in curve[1:]] == [point["hours"] for point in told["curve"]["plain"]]
    assert boss.get(address, {"format": "csv", "table": "nothing"}).status_code == 404


def test_the_list_of_experiments_comes_as_csv_and_json(boss: Client, full: Store) -> None:
    address = reverse("admin_experiments")
    head, *rows = lines(boss, address, {"store": "puro", "format": "csv"})
    assert [dict(zip(head, row, strict=True))["Arm"] for row in rows] == ["plain", "ten off"]
    assert [row[head.index("Verdict")][:9] for row in rows] == ["", "too early"]
    assert [one["control"] for one in boss.get(address, {"store": "puro", "format": "json"}).json()["data"]] == [
        "plain"
    ]
