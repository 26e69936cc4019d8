"""What a person types finds it, by an index, and never in a strange store."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from carts.models import Cart, Delivery
from customers.admin.base import address
from customers.models import Membership
from tests.factories import NOW, abandoned_cart, after, make_store, person
from tests.recovery.reports.story import bought, message, silent

pytestmark = pytest.mark.django_db

ANNA = {"external_id": "4711", "phone": "+358401234567", "country": "FI", "last_name": "Virtanen"}


@pytest.fixture
def cart(store: Any) -> Cart:
    """Anna's cart, ordered, among others of her store and one of another shop."""
    found = abandoned_cart(store, "C1", NOW, person=person(1, **ANNA))
    silent(store, 2), message(found)
    bought(store, 1, after(hours=2), number="#1047")
    return Cart.objects.get(pk=found.pk)


def hits(client: Any, model: str, term: str) -> list[int]:
    page = client.get(reverse(f"admin:{model}_changelist"), {"q": term})
    return [row.pk for row in page.context["cl"].result_list]


WHO = ["anna1@mail.example", " Anna1@Mail.example ", "+358401234567", "virtanen", "Virta", "anna virt", "4711"]


@pytest.mark.parametrize("term", [*WHO, "C1", "checkout:C1", "#1047", "1047", "O1", "c{pk}"])
def test_a_cart_is_found(boss, cart, term):
    assert hits(boss, "carts_cart", term.format(pk=cart.pk)) == [cart.pk]


@pytest.mark.parametrize("term", WHO)
def test_a_person_their_orders_and_messages_are_found(boss, cart, term):
    assert hits(boss, "customers_customer", term) == [cart.customer_id]
    assert hits(boss, "carts_order", term) == [cart.orders.get().pk]
    assert hits(boss, "recovery_message", term) == [cart.messages.get().pk]


@pytest.mark.parametrize("term", ["anna", "@", "#", "+", "nobody@mail.example", "c", "'; --", "%", "virtanen%"])
def test_what_means_nobody_finds_nobody(boss, cart, term):
    assert hits(boss, "carts_cart", term) == []


def test_a_dead_letter_is_found_by_words_of_its_reason_and_any_by_its_id(boss, store):
    kept = {"store": store, "topic": "order.created", "body": b"{"}
    dead = Delivery.objects.create(**kept, dedupe_key="k1", state="dead", reason="data.total is no amount")
    done = Delivery.objects.create(**kept, dedupe_key="k2", state="done")
    for term, row in (("NO AMOUNT", dead), ("order.created", dead), ("k2", done), (f"d{done.pk}", done)):
        assert hits(boss, "carts_delivery", term) == [row.pk]


def test_nothing_of_another_store_is_found(client, cart):
    user = User.objects.create_user("mia", is_staff=True)
    Membership.objects.create(user=user, store=make_store(), role="owner")
    client.force_login(user)
    for model in ("carts_cart", "customers_customer", "carts_order", "recovery_message"):
        for term in ("Virtanen", "#1047", f"c{cart.pk}", "anna1@mail.example"):
            assert hits(client, model, term) == []


@pytest.mark.parametrize("model", ["carts_cart", "customers_customer", "carts_order", "recovery_message"])
def test_a_search_costs_a_handful_of_queries(client, cart, model, django_assert_max_num_queries):
    enter(client, cart)
    with django_assert_max_num_queries(11):
        client.get(reverse(f"admin:{model}_changelist"), {"q": "Virtanen"})


def test_the_story_of_a_cart_costs_a_handful_of_queries(client, cart, django_assert_max_num_queries):
    enter(client, cart)
    with django_assert_max_num_queries(14):
        assert client.get(address(cart)).status_code == 200


def enter(client: Any, cart: Cart) -> None:
    """As a member of the store: of a superuser less is asked."""
    user = User.objects.create_user("mia", is_staff=True)
    Membership.objects.create(user=user, store=cart.store, role="marketer")
    client.force_login(user)
