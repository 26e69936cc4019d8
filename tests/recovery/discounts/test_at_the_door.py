"""Which code goes with a message, and who goes without."""

from __future__ import annotations

from datetime import timedelta as td
from decimal import Decimal
from typing import Any

import pytest

from recovery.models import DiscountCode, Message, Offer
from recovery.providers.console.provider import read_mailbox
from tests.factories import NOW, after, ago, make_offer, make_store, order, put
from tests.recovery.discounts.story import DUE, code_in, flow_with, left, sent, why

pytestmark = pytest.mark.django_db


def an_offer(**fields) -> Offer:
    """An offer in a flow of its own."""
    offer = make_offer(make_store(margin=Decimal(30)), **fields)
    flow_with(offer)
    return offer


def test_a_message_carries_its_code_in_words_and_until_when(mailbox):
    message = sent(an_offer())
    assert message.state == "sent"
    told = ("Here is 10% off your order", "BACK10", "Valid until March 13, 2026")
    assert [words for words in told if words not in message.body_text] == []
    assert why(message) == [("offered", ""), ("sent", "")]


def test_the_code_holds_from_the_actual_send(mailbox):
    message = sent(an_offer(valid_for=td(hours=48)))
    code, at = code_in(message), message.sent_at
    assert at
    assert (code.state, code.given_at, code.expires_at) == ("live", at, at + td(hours=48))


def test_a_code_out_of_the_pool_goes_to_one_shopper_only(mailbox):
    offer = an_offer(source="pool", static_code="")
    for text in ("ONE", "TWO"):
        DiscountCode.objects.create(store=offer.store, offer=offer, code=text, state="spare", currency="EUR")
    first = sent(offer, "C1")
    second = sent(offer, "C2", person=_somebody("otso@mail.example"))
    assert [str(m.discount_code) for m in (first, second)] == ["ONE", "TWO"]


def test_an_empty_pool_sends_the_message_without_a_code(mailbox):
    message = sent(an_offer(source="pool", static_code=""))
    assert (message.state, message.discount_code) == ("sent", None)
    assert why(message) == [("no_offer", "pool_empty"), ("sent", "")]


def test_or_not_at_all_where_the_marketer_chose_so(mailbox):
    offer = make_offer(make_store(), source="pool", static_code="")
    flow_with(offer, without_offer="skip")
    message = sent(offer)
    assert (message.state, message.reason) == ("skipped", "pool_empty")
    assert read_mailbox(mailbox) == []


def test_a_live_code_is_told_again_instead_of_a_second_one(mailbox):
    offer = an_offer(valid_for=td(days=10))
    first = sent(offer)
    again = sent(offer, "C2", after(days=4))
    assert again.discount_code == first.discount_code
    told = code_in(first).given_at
    assert told and code_in(again).expires_at == told + td(days=10)
    assert why(again)[0] == ("offered", "again")


def test_once_it_is_dead_there_is_none_for_so_many_days(mailbox):
    offer = an_offer(days_between=30)
    sent(offer)
    assert why(sent(offer, "C2", after(days=29)))[0] == ("no_offer", "had_a_code")
    assert sent(offer, "C3", after(days=31)).discount_code


REFUSALS: dict[str, dict[str, Any]] = {
    "offer_off": {"is_active": False},
    "cart_too_small": {"minimum": Decimal("91.01")},
    "no_item": {"products": ["p9"]},
    "other_currency": {"minimum": Decimal(10), "currency": "SEK"},
    "audience": {"audience": "loyal"},
    "margin": {"margin_floor": Decimal(25)},
    "discount_budget": {"monthly_budget": Decimal("9.09")},
}


@pytest.mark.parametrize("reason", REFUSALS)
def test_who_may_not_have_it_is_told_of_no_offer(mailbox, reason):
    message = sent(an_offer(**REFUSALS[reason]))
    assert why(message) == [("no_offer", reason), ("sent", "")]
    assert "BACK10" not in message.body_text
    assert not DiscountCode.objects.exists()


ENOUGH: dict[str, dict[str, Any]] = {
    "minimum": {"minimum": Decimal("91.00")},
    "item": {"products": ["p1"]},
    "margin": {"margin_floor": Decimal(22)},
    "budget": {"monthly_budget": Decimal("9.10")},
}


@pytest.mark.parametrize("case", ENOUGH)
def test_what_is_just_enough_is_enough(mailbox, case):
    assert sent(an_offer(**ENOUGH[case])).discount_code


@pytest.mark.parametrize(
    ("audience", "orders", "given"),
    [
        ("new", [], True),
        ("new", [200], False),
        ("lapsed", [], False),
        ("lapsed", [181], True),
        ("lapsed", [181, 10], False),
        ("new_or_lapsed", [], True),
        ("new_or_lapsed", [90], False),
        ("loyal", [30, 20], False),
        ("loyal", [30, 20, 10], True),
    ],
)
def test_the_audience_is_by_what_was_bought_before(mailbox, audience, orders, given):
    offer = an_offer(audience=audience)
    for n, days in enumerate(orders):
        put(offer.store, order(f"O{n}", ago(days=days), token=""))
    assert bool(sent(offer).discount_code) == given


def test_who_leaves_carts_for_codes_gets_none(mailbox):
    offer = an_offer(days_between=0)
    code = code_in(sent(offer))
    put(offer.store, order(at=after(hours=2), discount_codes=(code.code,)), at=after(hours=2))
    assert why(sent(offer, "C2", after(days=10)))[0] == ("no_offer", "fishing")


def test_free_shipping_is_told_in_words(mailbox):
    message = sent(an_offer(kind="free_shipping", value=Decimal("6.90")))
    assert "Free delivery on your order" in message.body_text


def test_two_messages_in_one_batch_share_the_budget(mailbox):
    offer = an_offer(monthly_budget=Decimal("15.00"))
    left(offer, "C1"), left(offer, "C2", person=_somebody("otso@mail.example"))
    from recovery.outbox.send import send_due

    send_due(DUE)
    assert sorted(str(m.discount_code) for m in Message.objects.all()) == ["BACK10", "None"]


def test_what_was_not_used_is_free_again_next_month(mailbox):
    offer = an_offer(monthly_budget=Decimal("9.10"))
    sent(offer)
    assert why(sent(offer, "C2", after(days=1), person=_somebody("otso@mail.example")))[0][1] == "discount_budget"
    assert sent(offer, "C3", after(days=25), person=_somebody("ilves@mail.example")).discount_code


def _somebody(email: str):
    from tests.factories import person

    return person(email=email)


def test_a_message_without_an_offer_asks_no_question_more(mailbox, django_assert_num_queries):
    from recovery.outbox import offers

    with django_assert_num_queries(0):
        offers.settle([], NOW).depart([], NOW)
