"""What a step may ask of a cart: read strictly, told in words, asked at the door."""

from __future__ import annotations

from datetime import timedelta as td
from decimal import Decimal
from typing import Any

import pytest

from carts.models import Cart
from customers.models import Customer
from recovery.conditions import KINDS, BadConditions, CartFacts, Conditions, History, facts_of
from recovery.models import FlowStep, FlowVersion, Message
from recovery.outbox.prepare import prepare
from tests.factories import LAMP, NOW, ago, checkout, make_flow, make_store, order, person, put
from tests.recovery.experiments.scene import DUE, run

FACTS = CartFacts(
    total=Decimal("91.00"),
    country="FI",
    items=frozenset({"p1", "v1", "p2", "v2", "SKU-1"}),
    earlier_orders=3,
    quantity=3,
    categories=frozenset({"lighting"}),
    language="nb-NO",
    device="mobile",
    days_since_order=200.4,
    has_discount=False,
    opted_in=frozenset({"email"}),
)

HOLD = [
    {},
    {"min_total": "91", "max_total": 91.0},
    {"min_items": 3, "max_items": "3"},
    {"items": ["p9", "SKU-1"]},
    {"categories": ["Garden", "Lighting"]},
    {"countries": ["se", "fi"]},
    {"languages": ["nb"]},
    {"languages": ["NB_no"]},
    {"devices": ["tablet", "mobile"]},
    {"shopper": "returning"},
    {"shopper": "loyal"},
    {"min_orders": 3, "max_orders": 3},
    {"min_days_since_order": 180},
    {"max_days_since_order": 201},
    {"discount": "without"},
    {"channels": ["sms", "email"]},
]


@pytest.mark.parametrize("raw", HOLD, ids=str)
def test_it_holds(raw):
    assert Conditions.parse(raw).unmet(FACTS) == ""


FAIL: list[tuple[dict[str, Any], str]] = [
    ({"min_total": "91.01"}, "cart of 91.00 is below 91.01"),
    ({"max_total": "90"}, "cart of 91.00 is above 90"),
    ({"min_items": 4}, "number of pieces of 3 is below 4"),
    ({"max_items": 2}, "number of pieces of 3 is above 2"),
    ({"items": ["p9"]}, "none of the items is in the cart"),
    ({"categories": ["Garden"]}, "nothing of the categories is in the cart"),
    ({"countries": ["SE", "NO"]}, "country FI is not among SE, NO"),
    ({"languages": ["nn", "sv"]}, "language nb-NO is not nn or sv"),
    ({"devices": ["desktop"]}, "device mobile is not desktop"),
    ({"shopper": "new"}, "not a new customer"),
    ({"min_orders": 4}, "number of earlier orders of 3 is below 4"),
    ({"max_orders": 2}, "number of earlier orders of 3 is above 2"),
    ({"min_days_since_order": 201}, "the last order was 200 days ago, less than 201"),
    ({"max_days_since_order": 200}, "the last order was 200 days ago, more than 200"),
    ({"discount": "with"}, "the cart has no discount"),
    ({"channels": ["sms", "whatsapp"]}, "said yes to none of sms, whatsapp"),
]


@pytest.mark.parametrize(("raw", "why"), FAIL, ids=str)
def test_it_does_not_hold_and_says_why(raw, why):
    assert Conditions.parse(raw).unmet(FACTS) == why


def test_every_condition_is_tried_above():
    tried = {name for raw, _ in FAIL for name in raw}
    assert tried == {kind.name for kind in KINDS} == set(Conditions.__dataclass_fields__)


@pytest.mark.parametrize("name", ["min_days_since_order", "max_days_since_order"])
def test_who_never_ordered_has_no_days_since(name):
    never = CartFacts(Decimal(1), "", frozenset(), 0)
    assert Conditions.parse({name: 1}).unmet(never) == "never ordered"


WRONG = [
    ([], "Conditions are a JSON object"),
    ({"minimum": 1}, "There is no condition called minimum."),
    ({"min_total": "x"}, "min_total is no amount."),
    ({"min_total": "NaN"}, "min_total is no possible amount."),
    ({"min_items": "2.5"}, "min_items is no whole number."),
    ({"min_items": -1}, "min_items is no possible number."),
    ({"items": "p1"}, "items is a list of texts."),
    ({"shopper": "rich"}, "shopper is new, returning or loyal."),
    ({"discount": True}, "discount is with or without."),
    ({"devices": ["fridge"]}, "devices may be desktop, mobile or tablet, not fridge."),
    ({"channels": ["pigeon"]}, "channels may be email, sms or whatsapp, not pigeon."),
    ({"min_items": 3, "max_items": 2}, "min_items of 3 is more than max_items of 2: nobody would meet both."),
]


@pytest.mark.parametrize(("raw", "why"), WRONG, ids=str)
def test_what_cannot_be_meant_is_refused(raw, why):
    with pytest.raises(BadConditions) as told:
        Conditions.parse(raw)
    assert why in str(told.value)


def test_it_is_told_in_words():
    raw = {"min_total": "50", "countries": ["fi", "SE"], "shopper": "loyal", "devices": ["mobile"], "channels": ["sms"]}
    assert Conditions.parse(raw).sentences() == [
        "carts worth at least 50",
        "shoppers in FI or SE",
        "carts filled on a phone",
        "customers of 3 orders or more",
        "shoppers who said yes to SMS",
    ]


def test_the_facts_are_those_of_the_moment():
    cart = Cart(total=Decimal(5), quantity=2, lines=[{"category": "Lamps", "sku": "S"}], discount_codes=["TEN"])
    facts = facts_of(cart, Customer(country="DE", locale="de"), History(1, ago(days=2)), frozenset(), NOW)
    assert (facts.country, facts.language, facts.days_since_order, facts.has_discount) == ("DE", "de", 2.0, True)
    assert (facts.items, facts.categories) == (frozenset({"S"}), frozenset({"lamps"}))


AT_THE_DOOR = [
    ({"categories": ["lamps"]}, "sending"),
    ({"max_orders": 0}, "skipped"),
    ({"min_days_since_order": 30}, "sending"),
    ({"channels": ["sms"]}, "skipped"),
    ({"channels": ["email"]}, "sending"),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("raw", "state"), AT_THE_DOOR, ids=str)
def test_it_is_asked_at_the_door(raw, state):
    from dataclasses import replace

    store = make_store()
    make_flow(store)
    put(store, order("O0", at=ago(days=30), token="", lines=()))
    put(store, checkout(lines=(replace(LAMP, category="Lamps"),), person=person()))
    FlowVersion.objects.update(published_at=None)
    FlowStep.objects.update(conditions=raw)
    FlowVersion.objects.update(published_at=ago(days=1))
    run(DUE)
    assert Message.objects.get().state == state
    assert prepare(DUE + td(seconds=1), 10)[0] == []
