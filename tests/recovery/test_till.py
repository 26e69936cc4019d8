"""The demo shop's till honours what the marketer wrote, and says in a sentence what it does not."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from recovery.models import DiscountCode
from recovery.till import Worth, worth
from tests.factories import NOW, after, ago, make_offer, make_store, person, put
from tests.factories import checkout as cart_of

pytestmark = pytest.mark.django_db

LINES = [
    {"product_id": "aamu", "price": "24.00", "quantity": 2},
    {"product_id": "suvi", "price": "58.00", "quantity": 1},
]


@pytest.fixture
def store() -> Any:
    return make_store(slug="demo", is_demo=True)


def worth_of(code: str = "BACK10") -> Worth:
    return worth(code, LINES, "EUR", now=NOW)


def given(store: Any, state: str, **fields: Any) -> None:
    """A code of its own for one shopper."""
    put(store, cart_of(person=person()))
    offer = make_offer(store, source="pool", static_code="")
    customer = store.customers.get()
    DiscountCode.objects.create(
        store=store, offer=offer, code="PURO-77", state=state, customer=customer, currency="EUR", **fields
    )


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, Worth(Decimal("10.60"))),
        ({"value": Decimal("12.5")}, Worth(Decimal("13.25"))),
        ({"kind": "amount", "value": Decimal(15)}, Worth(Decimal("15.00"))),
        ({"kind": "amount", "value": Decimal(500)}, Worth(Decimal("106.00"))),
        ({"kind": "free_shipping"}, Worth(free_shipping=True)),
        ({"products": ["suvi"]}, Worth(Decimal("5.80"))),
        ({"products": ["kivi"]}, Worth(refused="The code BACK10 is for other products than these.")),
        ({"minimum": Decimal(106)}, Worth(Decimal("10.60"))),
        ({"minimum": Decimal("106.01")}, Worth(refused="The code BACK10 needs goods for 106.01 EUR or more.")),
        ({"kind": "amount", "currency": "SEK"}, Worth(refused="The code BACK10 is in SEK.")),
        ({"is_active": False}, Worth(refused="The code BACK10 is not valid any more.")),
    ],
)  # fmt: skip
def test_a_shared_code_is_worth_what_its_offer_says(store, fields, expected):
    make_offer(store, **fields)
    assert worth_of("back10").refused == expected.refused.replace("BACK10", "back10")
    assert worth_of() == expected


@pytest.mark.parametrize(
    ("state", "fields", "refused"),
    [
        ("live", {"expires_at": after(hours=1)}, ""),
        ("live", {"expires_at": ago(hours=1)}, "is not valid any more"),
        ("live", {"expires_at": ago(hours=1), "ends_at": after(hours=1)}, ""),
        ("redeemed", {}, "was used already"),
        ("revoked", {}, "was taken back"),
        ("expired", {}, "is not valid any more"),
        ("creating", {}, "is not known here"),
    ],
)
def test_a_shoppers_own_code_holds_until_it_is_used_or_ends(store, state, fields, refused):
    given(store, state, **fields)
    assert worth_of("PURO-77").refused == (refused and f"The code PURO-77 {refused}.")


def test_a_code_keeps_the_terms_that_it_was_given_with(store):
    terms = {"kind": "percent", "value": "20", "currency": "EUR", "minimum": "0", "products": [], "valid_for": 3600}
    given(store, "live", terms=terms)
    assert worth_of("PURO-77") == Worth(Decimal("21.20"))


def test_other_stores_codes_are_not_known(store):
    make_offer(make_store())
    assert worth_of() == Worth(refused="The code BACK10 is not known here.")
