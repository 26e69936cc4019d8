"""The API: every answer is what its description says, a token opens its own store and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from customers.models import ApiToken, Store
from customers.tokens import make_token, revoke
from recovery.api import door
from recovery.api.openapi import described
from recovery.experiments.plans import set_store_holdout
from recovery.models import Credit, SurveyAsk
from recovery.reports.asked import Asked
from recovery.reports.face import Overview, as_json
from recovery.reports.period import period
from tests.factories import abandoned_cart, after, make_store
from tests.recovery.reports.story import bought, click, credit, message, silent

pytestmark = pytest.mark.django_db

#: The lists with their schemas, the newest first.
LISTS = {"carts": "Carts", "messages": "Messages", "orders": "Orders", "experiments": "Experiments"}


@pytest.fixture(autouse=True)
def _twenty_days_later() -> Iterator[None]:
    with time_machine.travel(after(days=20), tick=False):
        yield


@pytest.fixture
def full() -> Store:
    """A store with some of everything."""
    store = make_store()
    for n in range(5):
        sent = message(silent(store, n, device="mobile"))
        if n < 2:
            clicked = click(sent, after(hours=2))
            credit(clicked, bought(store, n, after(hours=3)))
    set_store_holdout(store, 20, now=after(days=1))
    cart = store.carts.first()
    asked = {"store": store, "via": "page", "asked_at": after(days=2), "answered_at": after(days=3)}
    SurveyAsk.objects.create(**asked, kind="why", cart=cart, code="trust")
    for kind, score in (("csat", 5), ("ces", 6), ("nps", 9)):
        SurveyAsk.objects.create(**asked, kind=kind, order=store.orders.first(), score=score)
    return store


@pytest.fixture
def reader(full: Store) -> Client:
    return client_of(full)


def client_of(store: Store) -> Client:
    _, text = make_token(store, "test", now=timezone.now())
    return Client(headers={"Authorization": f"Bearer {text}"})


def fits(answer: Any, name: str) -> None:
    """Refuses an answer that is not what the description says."""
    schema = {"$ref": f"#/components/schemas/{name}", "components": described()["components"]}
    Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(answer)


def test_the_description_is_open_and_its_schemas_are_schemas(client):
    document = client.get("/api/v1/openapi.json").json()
    assert (document["openapi"], set(document["paths"])) == (
        "3.1.0",
        {
            "/report", "/daily", "/surveys", "/pages/{name}", "/carts", "/messages", "/orders", "/experiments",
            "/experiments/{id}",
        },
    )  # fmt: skip
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_every_answer_is_as_described(reader, full):
    for path, name in {"report": "Report", "daily": "Daily", "surveys": "Surveys", **LISTS}.items():
        answer = reader.get(f"/api/v1/{path}")
        assert (answer.status_code, answer["Cache-Control"]) == (200, "private, no-store"), path
        fits(answer.json(), name)
    for path in LISTS:
        assert reader.get(f"/api/v1/{path}").json()["data"], path
    one = reader.get(f"/api/v1/experiments/{full.experiments.get().pk}")
    fits(one.json(), "Findings")
    assert Credit.objects.count() == len(reader.get("/api/v1/orders").json()["data"])


def test_the_report_is_the_commands(reader, full):
    found = reader.get("/api/v1/report").json()
    now = timezone.now()
    ours = as_json(Overview.of(Asked(full, period(None, None, as_of=now, zone=full.zone), now)))
    assert {**found, "as_of": ""} == {**ours, "as_of": ""}
    days = reader.get("/api/v1/daily").json()["data"]
    assert sum(day["carts"]["started"] for day in days) == found["carts"]["started"]
    assert reader.get("/api/v1/surveys").json()["why"]["reasons"]["trust"]["hits"] == 1


def test_the_list_of_experiments_tells_the_verdict_that_each_has(reader):
    (listed,) = reader.get("/api/v1/experiments").json()["data"]
    one = reader.get(f"/api/v1/experiments/{listed['id']}").json()
    assert [(each["arm"], each["verdict"]["word"]) for each in listed["comparisons"]] == [("treated", "too early")]
    assert [one["comparisons"][0][name] for name in ("arm", "verdict")] == [*listed["comparisons"][0].values()]
    assert (listed["control"], listed["results"]) == (one["control"], one["results"][::-1])


def test_pages_neither_skip_nor_repeat(reader, full):
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = reader.get("/api/v1/carts", {"limit": 2, "cursor": cursor}).json()
        seen += [row["id"] for row in page["data"]]
        cursor = page["next_cursor"]
    assert seen == [f"c{pk}" for pk in full.carts.order_by("-started_at", "-pk").values_list("pk", flat=True)]


def test_nobody_is_named(reader, full):
    told = "".join(reader.get(f"/api/v1/{path}").content.decode() for path in LISTS)
    names = full.carts.exclude(customer=None).values_list("customer__email", "customer__last_name")
    assert not [name for pair in names for name in pair if name and name in told]


def test_a_token_sees_its_own_store_only(full):
    stranger = make_store()
    cart = abandoned_cart(stranger)
    theirs = client_of(stranger)
    assert [row["id"] for row in theirs.get("/api/v1/carts").json()["data"]] == [f"c{cart.pk}"]
    assert theirs.get("/api/v1/report", {"store": full.slug}).json()["store"] == stranger.slug
    assert theirs.get(f"/api/v1/experiments/{full.experiments.get().pk}").status_code == 404
    assert theirs.get("/api/v1/messages").json()["data"] == []


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer wrong", "Bearer cartback_wrong", "Basic Y2FydGJhY2s="])
def test_without_a_token_in_force_there_is_no_answer(header):
    make_token(make_store(), "other", now=timezone.now())
    answer = Client(headers={"Authorization": header} if header else {}).get("/api/v1/carts")
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")
    assert answer["Content-Type"] == "application/problem+json"
    fits(answer.json(), "Problem")


def test_a_token_is_kept_as_a_hash_tells_its_use_and_ends_when_it_is_revoked():
    row, text = make_token(make_store(), "books", now=timezone.now())
    browser = Client(headers={"Authorization": f"Bearer {text}"})
    assert text not in str(ApiToken.objects.values().get())
    assert browser.get("/api/v1/carts").status_code == 200
    row.refresh_from_db()
    assert row.last_used_at is not None
    assert Client().get("/api/v1/carts", {"token": text}).status_code == 401
    revoke(row, now=timezone.now())
    assert browser.get("/api/v1/carts").status_code == 401


def test_who_asks_too_often_is_told_when_to_ask_again(monkeypatch):
    monkeypatch.setattr(door, "BURST", 2.0)
    monkeypatch.setattr(door, "RATE", 0.01)
    browser = client_of(make_store())
    codes = [browser.get("/api/v1/carts").status_code for _ in range(3)]
    assert codes == [200, 200, 429]
    assert int(browser.get("/api/v1/carts")["Retry-After"]) > 1


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("carts?limit=0", "limit is a number from 1 to 500."),
        ("carts?since=yesterday", "since is a moment with its zone"),
        ("carts?cursor=abc", "Take the cursor from next_cursor"),
        ("report?from=2026-02-30", "from is a date such as 2026-01-31."),
        ("report?from=2026-02-02&to=2026-02-01", "The period would end"),
        ("daily?from=2020-01-01&to=2026-01-01", "at most 400 days"),
        ("report?device=fridge", "device is one of"),
    ],
)
def test_a_bad_parameter_is_told_in_words(path, told):
    answer = client_of(make_store()).get(f"/api/v1/{path}")
    assert answer.status_code == 400 and told in answer.json()["detail"]


def test_it_only_reads_and_tells_of_strange_addresses_in_json():
    browser = client_of(make_store())
    assert Client(enforce_csrf_checks=True).post("/api/v1/carts").status_code == 405
    answer = browser.get("/api/v1/nothing/here")
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
