"""Codes that the shop makes: wanted at the door, made behind it, and never twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from recovery.discounts.make import make_codes
from recovery.models import DiscountCode, Message
from recovery.outbox.send import send_due
from tests.factories import after, person
from tests.recovery.discounts.shops import codes_in, offer_of, the_code
from tests.recovery.discounts.story import DUE, SOON, code_in, flow_with, left, sent, why

pytestmark = pytest.mark.django_db


def waiting(shop, **fields) -> Message:
    """A message at the door whose code is wanted."""
    offer = offer_of(shop, **fields)
    flow_with(offer)
    return sent(offer)


def then(message: Message, *minutes: float) -> Message:
    """The codes are asked for and the outbox is emptied, so long after DUE."""
    for some in minutes or (0.1,):
        now = DUE + timedelta(minutes=some)
        make_codes(now), send_due(now)
    message.refresh_from_db()
    return message


def test_the_shop_is_asked_only_once_the_gate_has_said_yes(shop):
    offer = offer_of(shop)
    flow_with(offer)
    message = left(offer)
    make_codes(SOON)
    assert codes_in(shop) == set() and not DiscountCode.objects.exists()
    send_due(DUE)
    message.refresh_from_db()
    assert (message.state, message.reason, the_code().state) == ("queued", "waiting_for_code", "wanted")


def test_the_message_goes_as_soon_as_its_code_is_made(shop):
    message = then(waiting(shop))
    assert message.state == "sent"
    assert codes_in(shop) == {code_in(message).code} and code_in(message).code in message.body_text
    assert [verdict for verdict, _ in why(message)] == ["deferred", "code_made", "offered", "sent"]


def test_many_codes_are_asked_for_at_once(shop):
    offer = offer_of(shop)
    flow_with(offer)
    for n in range(4):
        left(offer, f"C{n}", person=person(n))
    send_due(DUE), make_codes(SOON), send_due(SOON)
    assert codes_in(shop) == {code_in(m).code for m in Message.objects.filter(state="sent")}
    assert len(codes_in(shop)) == 4


@pytest.mark.parametrize("fault", ["500", "429", "401", "drop_before", "drop_after", "html"])
def test_a_failing_shop_is_asked_again_and_makes_one_code(shop, fault):
    message = waiting(shop)
    shop.faults.append(fault)
    assert then(message, 0.1).reason == "waiting_for_code"
    message = then(message, 3)
    assert message.state == "sent" and codes_in(shop) == {code_in(message).code}


def test_a_worker_that_dies_leaves_no_second_code(shop):
    message = waiting(shop)
    make_codes(SOON)
    DiscountCode.objects.update(state="creating", claimed_at=DUE, external_id="")  # as if it had died before writing
    message = then(message, 6)
    assert message.state == "sent" and codes_in(shop) == {code_in(message).code}


def test_when_the_shop_stays_away_the_message_goes_without(shop):
    message = waiting(shop)
    shop.faults.extend(["500"] * 30)
    message = then(message, 1, 5, 20, 60, 200, 330, 356)
    assert (message.state, message.discount_code) == ("sent", None)
    assert ("no_offer", "shop_failed") in why(message) or ("no_offer", "shop_too_slow") in why(message)
    assert ("code_late", "shop_failed") in why(message)


def test_or_is_skipped_where_the_marketer_chose_so(shop):
    offer = offer_of(shop)
    flow_with(offer, without_offer="skip")
    message = sent(offer)
    shop.faults.extend(["500"] * 30)
    message = then(message, 1, 5, 20, 60, 200, 330, 356)
    assert (message.state, message.body_text) == ("skipped", "")


def test_a_code_that_nobody_could_know_is_the_shops_own(woocommerce):
    message = waiting(woocommerce)
    code = the_code().code.lower()
    woocommerce.coupons[7] = {"id": 7, "code": code, "meta_data": []}
    message = then(message)
    assert (message.state, message.discount_code, the_code().reason) == ("sent", None, "code_taken")


def test_a_coupon_is_for_its_shopper_alone(woocommerce):
    then(waiting(woocommerce, minimum=Decimal(50), valid_for=timedelta(days=2)))
    (coupon,) = woocommerce.coupons.values()
    told = ("discount_type", "amount", "usage_limit", "individual_use", "email_restrictions", "minimum_amount")
    assert [coupon[name] for name in told] == ["percent", "10", 1, True, ["anna1@mail.example"], "50"]
    # till the end of the day of the shopper: the message may go until 18:30, and then it holds for two days
    assert coupon["date_expires_gmt"] == "2026-03-12T22:00:00"


def test_one_failure_among_coupons_leaves_the_others_alone(woocommerce):
    offer = offer_of(woocommerce)
    flow_with(offer)
    for n in range(3):
        left(offer, f"C{n}", person=person(n))
    woocommerce.faults.append("half")
    send_due(DUE), make_codes(SOON), send_due(SOON)
    assert sorted(code.state for code in DiscountCode.objects.all()) == ["live", "live", "wanted"]
    make_codes(after(minutes=33))
    assert len(codes_in(woocommerce)) == 3


def test_codes_of_the_same_terms_and_day_share_a_discount(shopify):
    then(waiting(shopify, minimum=Decimal(50)))
    (discount,) = shopify.shop.discounts.values()
    assert discount.input["usageLimit"] == 1 and discount.input["appliesOncePerCustomer"]
    assert discount.input["customerGets"] == {"value": {"percentage": 0.1}, "items": {"all": True}}
    assert discount.input["minimumRequirement"] == {"subtotal": {"greaterThanOrEqualToSubtotal": "50"}}
    assert datetime.fromisoformat(discount.input["endsAt"]) == datetime(2026, 3, 13, 22, tzinfo=UTC)
    offer = DiscountCode.objects.get().offer
    left(offer, "C2", person=person(2))
    send_due(DUE), make_codes(SOON)
    assert len(shopify.shop.discounts) == 1 and shopify.asked == ["create", "add", "look"]


def test_a_slow_bulk_creation_is_looked_at_until_it_is_done(shopify):
    shopify.shop.slow = 5
    offer = offer_of(shopify)
    flow_with(offer)
    left(offer, "C1"), left(offer, "C2", person=person(2))
    send_due(DUE)
    for minutes in (1, 2, 3):
        make_codes(DUE + timedelta(minutes=minutes))
    assert shopify.asked == ["create", "add"] + ["look"] * 5
    assert [code.state for code in DiscountCode.objects.all()] == ["live", "live"]


def test_one_failure_in_bulk_leaves_the_others_alone(shopify):
    offer = offer_of(shopify)
    flow_with(offer)
    for n in range(3):
        left(offer, f"C{n}", person=person(n))
    send_due(DUE)
    shopify.shop.unlucky.add(DiscountCode.objects.order_by("pk")[2].code)
    make_codes(SOON)
    assert [code.state for code in DiscountCode.objects.order_by("pk")] == ["live", "live", "wanted"]
    make_codes(DUE + timedelta(minutes=2))
    assert len(codes_in(shopify)) == 3


def test_being_throttled_costs_no_try(shopify):
    message = waiting(shopify)
    shopify.faults.append("throttled")
    make_codes(SOON)
    code = the_code()
    assert (code.attempts, code.reason, code.due_at) == (0, "shop_busy", SOON + timedelta(seconds=3))
    assert then(message, 1).state == "sent"


def test_a_client_secret_is_traded_for_a_token(shopify):
    message = waiting(shopify)
    client_id, secret = shopify.client
    message.store.set_api({"host": shopify.host_and_port, "key": client_id, "secret": secret})
    message.store.save()
    assert then(message).state == "sent"


def test_free_shipping_is_a_discount_of_its_own_kind(shop):
    message = then(waiting(shop, kind="free_shipping", value=Decimal("6.90")))
    assert message.state == "sent" and len(codes_in(shop)) == 1


def test_no_secret_stands_in_a_log_or_a_row(shop, caplog):
    message = waiting(shop)
    shop.faults.append("401")
    then(message, 0.1)
    secrets = message.store.own_api()["secret"]
    assert the_code().reason == "shop_denied"
    assert secrets not in caplog.text and secrets not in the_code().detail and secrets not in message.store.api
