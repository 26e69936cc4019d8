from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from jsonschema import validate  # type: ignore[import-untyped]

from recovery import attribution
from recovery.ledger import Entry, note
from recovery.models import Assignment, Experiment
from tests.factories import NOW, after, make_store
from tests.recovery.reports.story import bought, click, message, silent
from tests.recovery.reports.test_trials import HALF

pytestmark = pytest.mark.django_db

_COUNT = {"type": "integer", "minimum": 0}
_SHARE = {"type": "number", "minimum": 0, "maximum": 1}
_RATE = {
    "type": ["object", "null"],
    "required": ["value", "n", "low", "high"],
    "properties": {"value": _SHARE, "n": _COUNT, "low": _SHARE, "high": _SHARE},
}
_RATES = ["gross_abandonment", "net_abandonment", "return", "attributed_recovery"]
_CARTS = ["started", "open", "matured", "abandoned_gross", "abandoned_net", "returned", "attributed"]
_AMOUNT = {"type": "string", "pattern": r"^\d+(\.\d+)?$"}
SCHEMA = {
    "type": "object",
    "required": ["store", "from", "to", "as_of", "carts", "rates", "revenue", "messages"],
    "properties": {
        "as_of": {"type": "string", "pattern": r"T.*Z$"},
        "carts": {"required": [*_CARTS, "excluded"], "properties": dict.fromkeys(_CARTS, _COUNT)},
        "rates": {"required": _RATES, "properties": dict.fromkeys(_RATES, _RATE)},
        "revenue": {"additionalProperties": {"properties": {"returned": _AMOUNT, "attributed": _AMOUNT}}},
        "messages": {
            "additionalProperties": {
                "required": ["sent", "delivered", "failed", "unknown", "skipped"],
                "properties": {"sent": _COUNT, "skipped": {"additionalProperties": _COUNT}},
            }
        },
    },
}


def run(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def run_json(*arguments: str) -> Any:
    return json.loads(run(*arguments, "--json"))


@pytest.fixture
def won() -> Any:
    """A cart that was written to, clicked and bought."""
    store = make_store(slug="shop")
    cart = silent(store, 1)
    click(message(cart), after(days=1))
    attribution.credit([bought(store, 1, after(days=2))], now=after(days=2))
    return cart


def test_the_report_has_the_face_that_scripts_lean_on(won):
    found = run_json("report", "shop", "--from", "2026-03-10", "--to", "2026-03-10", "--now", "2026-04-10T12:00:00Z")
    validate(found, SCHEMA)
    assert (found["from"], found["to"], found["as_of"]) == ("2026-03-10", "2026-03-10", "2026-04-10T12:00:00Z")
    assert found["rates"]["return"] | {"low": 0, "high": 0} == {
        "value": 1.0, "n": 1, "low": 0, "high": 0, "hits": 1, "too_few": True,
    }  # fmt: skip
    assert found["revenue"] == {
        "EUR": {"returned": "91.00", "attributed": "91.00", "left_out": 0, "ordered": "91.00", "discount": "0.00"}
    }


def test_it_has_the_four_recoveries_and_the_days(won):
    trial = Experiment.objects.create(store=won.store, kind="holdout", salt="s", arms=HALF, started_at=NOW)
    for n, arm in enumerate(["treated", "treated", "holdout", "holdout"], 1):
        cart = won if n == 1 else silent(won.store, n)
        assert cart.customer
        Assignment.objects.create(experiment=trial, customer=cart.customer, arm=arm, assigned_at=after(hours=1))
    found = run_json("report", "shop", "--from", "2026-03-10", "--to", "2026-03-10", "--now", "2026-04-10T12:00:00Z")
    told = {name: rate and (rate["value"], rate["n"]) for name, rate in found["recoveries"].items() if name != "open"}
    assert told == {
        "returned": (0.25, 4), "attributed": (1.0, 1), "natural": (0.0, 2), "written_to": (0.5, 2),
        "incremental": (0.5, 4),
    }  # fmt: skip
    assert [(day["from"], day["started"], day["net_abandonment"]["hits"]) for day in found["trend"]] == [
        ("2026-03-10", 4, 3)
    ]


def test_a_report_of_nothing_is_nought_and_null():
    make_store(slug="shop")
    found = run_json("report", "shop", "--now", "2026-04-10T12:00:00Z")
    validate(found, SCHEMA)
    assert found["carts"]["started"] == 0
    assert set(found["rates"].values()) == {None}
    assert (found["revenue"], found["messages"]) == ({}, {})


def test_the_report_for_people_says_when_it_says_too_little(won):
    text = run("report", "shop", "--from", "2026-03-10", "--to", "2026-03-10", "--now", "2026-04-10T12:00:00Z")
    assert "Came back and ordered" in text
    assert "100.0%   20.7% to 100.0%, 1 of 1  too few to say" in text
    assert "EUR settled" in text


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("nowhere",), "There is no store called nowhere. Stores: shop."),
        (("shop", "--from", "yesterday"), "is no date"),
        (("shop", "--from", "2026-03-02", "--to", "2026-03-01"), "would end"),
        (("shop", "--now", "2026-03-02T10:00"), "has no offset"),
        (("shop", "--to", "0001-01-01"), "beyond the calendar"),
    ],
)
def test_a_wrong_question_is_answered_with_a_sentence(arguments, why):
    make_store(slug="shop")
    with pytest.raises(CommandError, match=why):
        run("report", *arguments)


def test_explain_tells_the_whole_story_in_order(won):
    note([Entry(won.store_id, won.pk, "refused", "entered_recently")], now=after(minutes=31))
    found = run_json("explain", str(won))
    kinds = [(line["kind"], line["title"]) for line in found["timeline"]]
    assert kinds == [
        ("cart", "Cart started"),
        ("cart", "Last sign of life before the cart went silent"),
        ("message", "E-mail 1: sent"),
        ("decision", "Did not enter the flow"),
        ("click", "Clicked the link"),
        ("order", "Ordered: O1"),
        ("credit", "Credited to E-mail 1"),
    ]
    assert found["timeline"][0]["at"] == "2026-03-10T14:00:00+02:00"


def test_explain_finds_the_cart_of_a_message_and_marks_it(won):
    sent = won.messages.get()
    text = run("explain", str(sent))
    assert "> 14:30:00  E-mail 1: sent" in text
    assert run_json("explain", str(sent))["message"] == str(sent)


def test_explain_calls_a_machine_a_machine(won):
    click(won.messages.get(), after(minutes=30, seconds=1), machine_reason="too_soon")
    assert "A machine opened the link: counts for nothing: sooner than anybody reads" in run("explain", str(won))


@pytest.mark.parametrize(("what", "why"), [("x1", "names no cart"), ("c0", "no cart c0"), ("m999999", "no message")])
def test_explain_says_what_it_cannot_find(what, why):
    with pytest.raises(CommandError, match=why):
        run("explain", what)


def test_every_time_keeps_its_zone(won):
    assert all(line["at"].endswith("+02:00") for line in run_json("explain", str(won))["timeline"])
    assert NOW.isoformat().endswith("+00:00")
