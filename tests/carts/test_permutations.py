"""Webhooks come late, doubled and out of order. Whatever the order, the same end."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from itertools import permutations

import pytest

from carts.models import Cart, CartTransition, Order, Refund
from carts.snapshots import CartSnapshot, RefundSnapshot, Snapshot
from customers.models import Customer
from tests.factories import LAMP, MUG, NOW, after, checkout, make_store, order, person, put

pytestmark = pytest.mark.django_db(transaction=True)

CART = CartSnapshot(
    kind="cart", tokens=("cart:T1",), created_at=NOW, updated_at=after(minutes=1), lines=(MUG,), currency="EUR"
)
CHECKOUT = checkout(at=after(minutes=5), tokens=("checkout:C1", "cart:T1"))
ORDER = order(at=after(minutes=10), tokens=("checkout:C1", "cart:T1"))
CANCELLATION = replace(ORDER, updated_at=after(minutes=60), cancelled_at=after(minutes=60))
REFUND = RefundSnapshot("R1", "O1", Decimal("20.00"), after(minutes=70), "EUR")


def picture() -> dict[str, object]:
    """All that matters of the end, without ids and without the time at which we learnt of it."""
    cart, bought = Cart.objects.get(), Order.objects.get()
    return {
        "state": cart.state,
        "stage": cart.stage,
        "started": cart.started_at,
        "ordered": cart.ordered_at,
        "deadline": cart.abandon_after,
        "total": cart.total,
        "lines": [line["title"] for line in cart.lines],
        "restore": cart.restore_url,
        "order of": bought.cart_id == cart.pk,
        "cancelled": bought.cancelled_at,
        "buyer": (bought.customer_id == cart.customer_id, Customer.objects.get().email),
        "refunded": [refund.amount for refund in Refund.objects.all()],
        "told": {row.kind for row in CartTransition.objects.all()} - {"returned"},
    }


EVENTS: tuple[Snapshot, ...] = (CART, CHECKOUT, ORDER, CANCELLATION, REFUND)


def test_the_plain_order_of_events_ends_ordered_cancelled_and_refunded():
    put(make_store(), *EVENTS)
    seen = picture()
    assert (seen["state"], seen["ordered"], seen["deadline"]) == ("ordered", after(minutes=10), None)
    assert (seen["total"], seen["lines"], seen["stage"]) == (Decimal("91.000"), ["Mug", "Lamp"], "contact")
    assert (seen["order of"], seen["cancelled"], seen["refunded"]) == (True, after(minutes=60), [Decimal("20.000")])
    assert seen["told"] == {"ordered", "cancelled"}


@pytest.mark.parametrize("one_by_one", [True, False])
def test_every_permutation_ends_the_same(one_by_one):
    put(make_store(), *EVENTS)
    expected = picture()
    for shuffled in permutations(EVENTS):
        Cart.objects.all().delete(), Order.objects.all().delete(), Refund.objects.all().delete()
        store = make_store()
        for events in [[event] for event in shuffled] if one_by_one else [shuffled]:
            put(store, *events)
        Customer.objects.exclude(store=store).delete()
        assert picture() == expected, [type(event).__name__ for event in shuffled]


def test_applying_everything_again_changes_nothing():
    store = make_store()
    put(store, *EVENTS)
    expected, transitions = picture(), CartTransition.objects.count()
    put(store, *EVENTS)
    assert (picture(), CartTransition.objects.count()) == (expected, transitions)


@pytest.mark.parametrize("order_first", [True, False])
def test_an_order_without_tokens_finds_the_cart_of_its_shopper_by_what_is_in_it(order_first):
    store = make_store()
    events: list[Snapshot] = [checkout(), order(at=after(minutes=3), token="", lines=(LAMP,))]
    for event in reversed(events) if order_first else events:
        put(store, event)
    assert Order.objects.get().matched_by == "lines"
    assert Cart.objects.get().state == "ordered"


@pytest.mark.parametrize("one_by_one", [True, False])
def test_an_order_that_came_before_its_own_cart_ends_on_it_whatever_else_the_shopper_left(one_by_one):
    events = (
        checkout("OLD", NOW, lines=(MUG,)),
        checkout("OWN", after(minutes=40), lines=(MUG,)),
        order(at=after(minutes=50), token="OWN", lines=(MUG,)),
    )
    for shuffled in permutations(events):
        store = make_store()
        for batch in [[event] for event in (*shuffled, *shuffled)] if one_by_one else [shuffled]:
            put(store, *batch, at=after(minutes=60))
        own, old = (Cart.objects.get(store=store, tokens__token=f"checkout:{name}") for name in ("OWN", "OLD"))
        bought = Order.objects.get(store=store)
        assert (bought.cart_id, bought.matched_by, own.state) == (own.pk, "token", "ordered")
        assert (old.state, old.ordered_at, old.abandon_after) == ("active", None, after(minutes=30))


def test_a_cart_that_was_bought_in_another_order_too_stays_bought():
    store = make_store()
    for told in (
        checkout("OLD", NOW),
        order("O1", after(minutes=5), token="OWN"),
        order("O2", after(minutes=10), token="OLD"),
        checkout("OWN", after(minutes=4)),
    ):
        put(store, told)
    old = Cart.objects.get(tokens__token="checkout:OLD")
    assert (old.state, old.ordered_at) == ("ordered", after(minutes=10))


def test_an_order_that_learns_its_cart_later_moves_and_says_so():
    store = make_store()
    put(store, checkout("OLD", NOW, lines=(MUG,)), checkout("OWN", after(minutes=1), lines=(LAMP,)))
    told = order(at=after(minutes=5), token="", lines=(MUG,))
    put(store, told)
    put(store, replace(told, tokens=("checkout:OWN",), updated_at=after(minutes=6)))
    own = Cart.objects.get(tokens__token="checkout:OWN")
    assert Order.objects.get().cart_id == own.pk
    assert Cart.objects.get(tokens__token="checkout:OLD").state == "active"
    assert CartTransition.objects.filter(cart=own, order__isnull=False).get().kind == "ordered"


def test_an_order_of_other_things_leaves_the_cart_open():
    store = make_store()
    put(store, checkout(lines=(MUG,)), order(at=after(minutes=3), token="", lines=(LAMP,)))
    assert (Order.objects.get().cart_id, Cart.objects.get().state) == (None, "active")


def test_an_older_event_takes_nothing_back():
    store = make_store()
    put(store, checkout(at=after(minutes=5), lines=(MUG, LAMP)), at=after(minutes=5))
    put(store, checkout(at=NOW, lines=(MUG,), total=Decimal(20)), at=after(minutes=6))
    cart = Cart.objects.get()
    assert (cart.total, cart.last_activity_at, cart.started_at) == (Decimal("91.000"), after(minutes=5), NOW)


def test_a_store_whose_clock_runs_ahead_cannot_put_its_deadline_off():
    store = make_store()
    put(store, checkout(at=after(hours=5)), at=NOW)
    assert Cart.objects.get().abandon_after == after(minutes=32)


def test_a_completed_checkout_never_opens_again():
    store = make_store()
    put(store, checkout(completed_at=after(minutes=1), at=after(minutes=1)))
    put(store, checkout(at=after(minutes=2)))
    assert Cart.objects.get().state == "ordered"


def test_two_carts_that_turn_out_to_be_one_become_one():
    store = make_store()
    put(store, CART)
    put(store, checkout(at=after(minutes=2)))
    assert Cart.objects.filter(merged_into=None).count() == 2
    put(store, checkout(at=after(minutes=3), tokens=("checkout:C1", "cart:T1")))
    kept = Cart.objects.get(merged_into=None)
    assert Cart.objects.exclude(merged_into=None).get().merged_into_id == kept.pk
    assert {token.token for token in kept.tokens.all()} == {"checkout:C1", "cart:T1"}


def test_an_emptied_cart_has_no_deadline_and_says_so():
    store = make_store()
    put(store, checkout())
    put(store, checkout(at=after(minutes=1), lines=(), total=None))
    assert (Cart.objects.get().state, Cart.objects.get().abandon_after) == ("emptied", None)
    assert CartTransition.objects.get().kind == "emptied"


def test_an_order_that_was_only_ever_cancelled_unpaid_leaves_the_cart_to_be_recovered():
    store = make_store()
    put(store, checkout(), order(at=after(minutes=3), paid=False, cancelled_at=after(minutes=3)))
    assert (Cart.objects.get().state, Order.objects.get().is_placed) == ("active", False)
    assert not CartTransition.objects.exists()


@pytest.mark.parametrize("cancelled_first", [True, False])
def test_an_unpaid_order_that_was_placed_and_cancelled_ends_the_same_in_either_order(cancelled_first):
    store = make_store()
    placed = order(at=after(minutes=1), paid=False)
    events = [placed, replace(placed, updated_at=after(minutes=2), cancelled_at=after(minutes=2))]
    for event in [checkout(), *(reversed(events) if cancelled_first else events)]:
        put(store, event, at=after(minutes=5))
    assert (Cart.objects.get().state, Order.objects.get().is_placed) == ("ordered", True)
    assert {row.kind for row in CartTransition.objects.all()} == {"ordered", "cancelled"}


def test_stores_keep_their_shoppers_apart():
    one, other = make_store(), make_store()
    put(one, checkout())
    put(other, checkout(), order(at=after(minutes=5)))
    assert Cart.objects.get(store=one).state == "active"
    assert Customer.objects.filter(email=person().email).count() == 2
