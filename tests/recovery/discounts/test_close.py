"""Codes come to their end, here and in the shop."""

from __future__ import annotations

from datetime import timedelta

import pytest

from recovery import intake
from recovery.discounts.close import close_codes
from recovery.discounts.make import make_codes
from recovery.models import DiscountCode, Message, StoreDiscount
from recovery.outbox.send import send_due
from tests.factories import after, order, person, put
from tests.recovery.discounts.shops import codes_in, offer_of, the_code
from tests.recovery.discounts.story import DUE, SOON, flow_with, left, sent

pytestmark = pytest.mark.django_db


def carrying(shop, *, carts: int = 1) -> list[Message]:
    """Messages that were sent with codes out of the shop."""
    offer = offer_of(shop)
    flow_with(offer)
    messages = [left(offer, f"C{n}", person=person(n)) for n in range(carts)]
    send_due(DUE), make_codes(SOON), send_due(SOON)
    assert len(codes_in(shop)) == carts
    return messages


def buy(message: Message, n: int = 0) -> None:
    put(message.store, order(f"O{n}", after(hours=2), f"C{n}", person=person(n)), at=after(hours=2))
    intake.take(after(hours=2))


def test_bought_without_it_a_coupon_is_ended_and_weeks_later_deleted(woocommerce):
    (message,) = carrying(woocommerce)
    buy(message)
    close_codes(after(hours=3))
    (coupon,) = woocommerce.coupons.values()
    assert coupon["date_expires_gmt"] == "2026-03-10T15:00:00"
    close_codes(after(days=31))
    assert woocommerce.coupons == {}
    assert close_codes(after(days=32)) == 0


def test_one_code_is_taken_out_of_a_discount_that_others_share(shopify):
    first, second = carrying(shopify, carts=2)
    buy(second, 1)
    close_codes(after(hours=3))
    assert codes_in(shopify) == {DiscountCode.objects.get(message=first).code}


def test_with_its_last_code_a_discount_is_switched_off(shopify):
    (message,) = carrying(shopify)
    buy(message)
    close_codes(after(hours=3))
    (discount,) = shopify.shop.discounts.values()
    assert not discount.active


def test_what_expired_is_cleaned_up_after_a_month(shop):
    carrying(shop)
    close_codes(after(days=5))
    assert the_code().state == "expired" and len(codes_in(shop)) == 1
    close_codes(after(days=40))
    close_codes(after(days=41))
    assert codes_in(shop) == set() and not StoreDiscount.objects.exists()


def test_a_code_made_in_vain_is_taken_back(shop):
    offer = offer_of(shop)
    flow_with(offer)
    message = sent(offer)
    make_codes(SOON)
    Message.objects.filter(pk=message.pk).update(state="cancelled")
    close_codes(DUE + timedelta(minutes=1))
    assert (the_code().state, the_code().reason) == ("revoked", "never_sent")


def test_a_shop_that_is_away_is_told_later(shop):
    (message,) = carrying(shop)
    buy(message)
    shop.faults.append("500")
    close_codes(after(hours=3))
    code = the_code()
    assert (code.state, code.ended_at, code.close_at) == ("revoked", None, after(hours=4))
    close_codes(after(hours=4))
    assert the_code().ended_at == after(hours=4)


def test_what_was_used_is_left_in_peace(shop):
    (message,) = carrying(shop)
    used = order(at=after(hours=2), token="C0", person=person(0), discount_codes=(the_code().code.lower(),))
    put(message.store, used, at=after(hours=2))
    intake.take(after(hours=2))
    close_codes(after(hours=3))
    assert the_code().state == "redeemed" and len(codes_in(shop)) == 1
