"""From the link to the order: codes are applied, used, and taken back."""

from __future__ import annotations

from datetime import timedelta as td
from decimal import Decimal
from urllib.parse import urlsplit

import pytest

from customers.addresses import address_hash
from recovery import intake
from recovery.links.mint import mint
from recovery.models import Decision, DiscountCode, Message
from recovery.reports.codes import codes_given, cost_of
from tests.factories import after, make_offer, make_store, order, person, put
from tests.recovery.discounts.story import flow_with, sent

pytestmark = pytest.mark.django_db


def carrying(**fields) -> Message:
    """A message that was sent with a code."""
    offer = make_offer(make_store(), **fields)
    flow_with(offer)
    return sent(offer)


def bought(message: Message, *codes: str, **fields) -> DiscountCode:
    """The cart is ordered with these codes; returns the shopper's code."""
    put(message.store, order(at=after(hours=2), discount_codes=codes, **fields), at=after(hours=2))
    intake.take(after(hours=2))
    return DiscountCode.objects.get(message=message)


def test_a_code_is_matched_to_its_order_in_any_case(mailbox):
    code = bought(carrying(), "back10", discount=Decimal("9.10"))
    assert (code.state, code.amount_redeemed, code.redeemed_at) == ("redeemed", Decimal("9.10"), after(hours=2))
    assert code.order and code.order.external_id == "O1"
    assert Decision.objects.filter(verdict="code_used", reason="O1").count() == 1


def test_beside_other_codes_it_is_counted_by_its_own_terms(mailbox):
    code = bought(carrying(), "SUMMER", "BACK10", discount=Decimal("20.00"))
    assert code.amount_redeemed == Decimal("9.10")


def test_bought_without_it_the_code_is_taken_back(mailbox):
    code = bought(carrying())
    assert (code.state, code.reason, code.revoked_at) == ("revoked", "bought_without", after(hours=2))


def test_bought_later_with_a_code_that_was_taken_back_it_counts_as_used(mailbox):
    message = carrying()
    bought(message)
    put(message.store, order("O2", after(hours=5), discount_codes=("BACK10",), token=""), at=after(hours=5))
    intake.take(after(hours=5))
    assert DiscountCode.objects.get(order__external_id="O2").state == "redeemed"


def test_a_shared_code_in_other_hands_is_nobodys(mailbox):
    message = carrying()
    stranger = order("O9", after(hours=1), token="", person=person(7), discount_codes=("BACK10",))
    put(message.store, stranger, at=after(hours=1))
    intake.take(after(hours=1))
    assert DiscountCode.objects.get().state == "live"


def test_a_spare_code_that_somebody_used_leaves_the_pool(mailbox):
    message = carrying()
    spare = make_offer(message.store, name="Pool", source="pool", static_code="")
    DiscountCode.objects.create(store=message.store, offer=spare, code="LEAKED", state="spare", currency="EUR")
    bought(message, "leaked")
    assert not DiscountCode.objects.filter(offer=spare).exists()


def test_the_recovery_link_applies_the_code_while_it_is_alive(mailbox, client, time_machine):
    message = carrying(valid_for=td(days=2))
    path = _link(message)
    time_machine.move_to(after(days=1), tick=False)
    assert client.get(path).headers["Location"] == "https://shop.example/checkout/C1?discount=BACK10"
    time_machine.move_to(after(days=4), tick=False)
    assert client.get(path).headers["Location"] == "https://shop.example/checkout/C1"


def _link(message: Message) -> str:
    """Where its button leads, as a path of this site."""
    links = mint([message], [address_hash(message.customer.email)], now=after(hours=1))[0]
    return urlsplit(links.recover).path


def test_the_cost_of_an_offer_is_known(mailbox):
    message = carrying(days_between=0)
    code = bought(message, "BACK10", discount=Decimal("9.10"))
    cost = cost_of(code.offer, as_of=after(hours=3))
    (given,) = cost.given
    assert (given.currency, given.given, given.over, given.redeemed, given.orders) == ("EUR", 1, 1, 1, 1)
    assert (given.taken_off, given.paid, cost.states) == (Decimal("9.10"), Decimal("96.00"), {"redeemed": 1})


def test_a_cost_of_an_earlier_moment_is_what_it_was_then(mailbox):
    code = bought(carrying(), "BACK10", discount=Decimal("9.10"))
    (given,) = codes_given(code.store, as_of=after(hours=1, minutes=59))
    assert (given.given, given.over, given.redeemed, given.taken_off) == (1, 0, 0, Decimal(0))


def test_a_cancelled_order_gave_nothing_away(mailbox):
    message = carrying()
    code = bought(message, "BACK10", discount=Decimal("9.10"))
    gone = order(at=after(hours=2), updated_at=after(hours=3), cancelled_at=after(hours=3), discount_codes=("BACK10",))
    put(message.store, gone, at=after(hours=3))
    (given,) = cost_of(code.offer, as_of=after(hours=4)).given
    assert (given.redeemed, given.orders, given.taken_off) == (1, 0, Decimal(0))
