"""One column that anybody can read: what the shopper did, what was decided and why, in words."""

from __future__ import annotations

from typing import Any

import pytest

from carts.snapshots import Stage
from recovery.ledger import Entry, note
from recovery.models import Assignment, DiscountCode, Experiment
from recovery.reports.timeline import timeline
from recovery.reports.words import detail_in_words
from tests.factories import LAMP, MUG, NOW, after, checkout, make_offer, make_store, put
from tests.recovery.reports.story import message, silent

pytestmark = pytest.mark.django_db


@pytest.fixture
def store() -> Any:
    return make_store()


def told(cart: Any, kind: str) -> list[tuple[str, str]]:
    return [(entry.title, entry.detail) for entry in timeline(cart) if entry.kind == kind]


def test_what_the_shopper_changed_is_told(store):
    cart = silent(store, 1)
    put(store, checkout("C1", after(hours=1), lines=(MUG, MUG), total=None), at=after(hours=1))
    put(store, checkout("C1", after(hours=2), lines=(LAMP,), total=None, stage=Stage.SHIPPING), at=after(hours=2))
    assert ("Cart changed: Mug from 1 to 2; Lamp removed", "now 40.00 EUR") in told(cart, "cart")
    assert ("Cart changed: Mug removed; 2 × Lamp added", "now 71.00 EUR") in told(cart, "cart")
    assert ("Got as far as: shipping given", "") in told(cart, "cart")


def test_the_same_contents_again_are_no_change(store):
    cart = silent(store, 1)
    put(store, checkout("C1", after(hours=1)), at=after(hours=1))
    assert cart.changes.count() == 0


@pytest.mark.parametrize(
    ("detail", "words"),
    [
        ("whatsapp: no_consent; sms: no_address",
         "not by WhatsApp: no consent to be written to; not by SMS: no address for this channel"),
        ("email failed: smtp_550", "e-mail failed: the mail server said 550"),
        ("unsubscribe", "unsubscribed"),
        ("said no", "said no"),
        ("", ""),
    ],
)  # fmt: skip
def test_details_of_the_ledger_are_told_in_words(detail, words):
    assert detail_in_words(detail) == words


def test_a_detour_is_told_with_its_reason(store):
    cart = silent(store, 1)
    sent = message(cart)
    why = Entry(store.pk, cart.pk, "rerouted", "to sms", "whatsapp: no_consent", message_id=sent.pk)
    note([why], now=NOW)
    line = "by SMS instead · not by WhatsApp: no consent to be written to"
    assert told(cart, "decision") == [("E-mail 1: goes by another channel", line)]


def test_a_discount_code_is_followed_from_gift_to_use(store):
    cart, offer = silent(store, 1), make_offer(store)
    DiscountCode.objects.create(
        store=store, offer=offer, code="BACK10", state="redeemed", customer=cart.customer, cart=cart, given_at=NOW,
        expires_at=after(days=3), redeemed_at=after(days=1), amount_redeemed="9.10", currency="EUR",
    )  # fmt: skip
    assert told(cart, "code") == [
        ("Discount code BACK10 was given", "offer “Ten percent”, valid until 13 Mar 14:00"),
        ("Discount code BACK10 was used", "9.10 EUR off"),
    ]
    note([Entry(store.pk, cart.pk, "offered", detail="BACK10", message_id=message(cart).pk)], now=NOW)
    assert told(cart, "decision") == []  # the gift is told once


@pytest.mark.parametrize(
    ("kind", "arm", "title"),
    [
        ("holdout", "holdout", "Held out: gets no message, so that those who do can be compared"),
        ("holdout", "treated", "Drawn to get messages: others are held out for comparison"),
        ("variants", "B", "Drawn into variant “B” of message 2"),
    ],
)
def test_a_draw_is_told(store, kind, arm, title):
    cart = silent(store, 1)
    sent = message(cart)
    assert cart.customer
    test = Experiment.objects.create(
        store=store, flow=sent.enrolment.flow, kind=kind, position=2 if kind == "variants" else None, salt="s",
        arms=[{"name": "A", "weight": 1}, {"name": "B", "weight": 1}], plan={}, started_at=NOW,
    )  # fmt: skip
    Assignment.objects.create(experiment=test, customer=cart.customer, arm=arm, cart=cart, assigned_at=NOW)
    assert told(cart, "draw") == [(title, f"test of flow “{sent.enrolment.flow}”")]
