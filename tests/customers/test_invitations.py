"""Owners bring people into their own stores; nobody gets at an account that is not theirs to give."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from customers.admin.base import address
from customers.invitations import invite, may_link, welcome_link
from customers.models import Membership, Store
from tests.factories import make_store

pytestmark = pytest.mark.django_db
ADD = "/admin/customers/membership/add/"


@pytest.fixture
def store() -> Store:
    return make_store(name="Puro")


def owner_of(*stores: Store, name: str = "olga") -> Any:
    client = Client()
    user = User.objects.create_user(name, is_staff=True)
    for store in stores:
        Membership.objects.create(user=user, store=store, role="owner")
    client.force_login(user)
    return client


def test_who_is_invited_chooses_a_password_and_signs_in(store):
    page = (
        owner_of(store).post(ADD, {"store": store.pk, "email": "Mia@own.example", "role": "marketer"}).content.decode()
    )
    link = re.search(r"/welcome/[^<\s]+", page)
    assert link
    guest = Client()
    form = guest.get(link[0], follow=True)
    assert "mia@own.example" in form.content.decode() and form["Cache-Control"] == "no-store"
    words = {"new_password1": "green tea at noon", "new_password2": "green tea at noon"}
    assert guest.post(form.redirect_chain[0][0], words)["Location"] == reverse("admin:login")
    assert guest.login(username="mia@own.example", password="green tea at noon")
    assert guest.get("/admin/recovery/flow/").status_code == 200
    assert "This link has ended" in Client().get(link[0]).content.decode()


def test_an_invited_person_is_no_superuser(store):
    data = {"store": store.pk, "email": "mia@own.example", "role": "owner", "is_superuser": "on"}
    owner_of(store).post(ADD, data)
    assert not User.objects.get(username="mia@own.example").is_superuser


def test_who_has_an_account_keeps_it(store):
    User.objects.create_user("mia@own.example", "mia@own.example", "her own words", is_staff=True)
    answer = owner_of(store).post(ADD, {"store": store.pk, "email": "mia@own.example", "role": "support"})
    assert answer.status_code == 302 and Membership.objects.filter(user__username="mia@own.example").exists()


def test_a_colleague_of_another_store_cannot_be_taken_over(store):
    other = make_store()
    guest = invite("mia@own.example", other, "owner").user
    client = owner_of(store)
    answer = client.post(ADD, {"store": store.pk, "email": "mia@own.example", "role": "analyst"}, follow=True)
    assert "/welcome/" not in answer.content.decode()
    own = Membership.objects.get(user=guest, store=store)
    assert "/welcome/" not in client.post(f"{address(own)[:-7]}do/link_again/", follow=True).content.decode()


def test_no_link_is_shown_for_who_has_a_password_or_runs_the_installation(store):
    boss = User.objects.create_superuser("boss")
    known = User.objects.create_user("known", password="her own words")
    assert not may_link(boss, known) and not may_link(boss, boss)
    assert may_link(boss, invite("new@own.example", store, "support").user)


def test_an_owner_cannot_invite_into_a_strange_store(store):
    strange = make_store()
    answer = owner_of(store).post(ADD, {"store": strange.pk, "email": "mia@own.example", "role": "owner"})
    assert answer.status_code == 200 and not User.objects.filter(username="mia@own.example").exists()


def test_a_store_keeps_its_last_owner(store):
    client = owner_of(store)
    row = Membership.objects.get(store=store)
    assert "make somebody else one first" in client.post(address(row), {"role": "analyst"}).content.decode()
    assert client.post(address(row, "delete"), {"post": "yes"}).status_code == 403
    assert Membership.objects.get(store=store).role == "owner"


def test_a_second_owner_may_go(store):
    client = owner_of(store)
    second = invite("second@own.example", store, "owner")
    assert client.post(address(second), {"role": "support"}).status_code == 302
    assert client.post(address(second, "delete"), {"post": "yes"}).status_code == 302
    assert Membership.objects.filter(store=store).count() == 1


def test_inviting_twice_is_told(store):
    invite("mia@own.example", store, "support")
    answer = owner_of(store).post(ADD, {"store": store.pk, "email": "MIA@own.example", "role": "owner"})
    assert "a member of this store already" in answer.content.decode()


def test_a_link_ends_when_it_was_used(store):
    user = invite("mia@own.example", store, "support").user
    path = welcome_link(user).split("8000")[-1]
    user.set_password("green tea at noon")
    user.save()
    assert "This link has ended" in Client().get(path, follow=True).content.decode()
