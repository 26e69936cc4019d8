"""Who changed what stays to be read: in each store its own, with the values, and without a secret."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from customers.admin.base import address
from customers.changes import values_of
from customers.models import LoggedChange, Membership, Store, Suppression
from recovery.models import Flow
from tests.factories import make_flow, make_store

pytestmark = pytest.mark.django_db


@pytest.fixture
def store() -> Store:
    return make_store(name="Puro")


@pytest.fixture
def owner(store: Store) -> Client:
    user = User.objects.create_user("olga", is_staff=True)
    Membership.objects.create(user=user, store=store, role="owner")
    client = Client()
    client.force_login(user)
    return client


def lines(store: Store) -> list[Any]:
    return [line.entry for line in LoggedChange.objects.filter(store=store).order_by("id")]


def log_page(client: Client) -> str:
    return client.get("/admin/customers/loggedchange/").content.decode()


def test_a_changed_role_is_logged_with_both_values(owner, store):
    mia = Membership.objects.create(user=User.objects.create_user("mia"), store=store, role="analyst")
    owner.post(address(mia), {"role": "support"})
    (line,) = lines(store)
    assert (line.user.username, values_of(line)) == ("olga", [("Role", "analyst", "support")])
    assert "analyst → support" in log_page(owner)


def test_a_deed_is_logged(owner, store):
    flow = make_flow(store)
    owner.post(f"{address(flow).removesuffix('change/')}do/pause/")
    assert [line.get_change_message() for line in lines(store)] == ["Pause"]
    assert Flow.objects.get().status == "paused"


def test_an_addition_and_a_deletion_are_logged(owner, store):
    data = {"store": store.pk, "channel": "email", "address": "anna@mail.example", "detail": "asked by phone"}
    owner.post("/admin/customers/suppression/add/", data)
    owner.post(address(Suppression.objects.get(), "delete"), {"post": "yes"})
    assert [line.action_flag for line in lines(store)] == [1, 3]
    assert "anna@mail.example" not in log_page(owner)


def test_each_store_reads_its_own_log(owner, store):
    strange = make_store(name="Zebra")
    boss = Client()
    boss.force_login(User.objects.create_superuser("boss"))
    flow = make_flow(strange)
    boss.post(f"{address(flow).removesuffix('change/')}do/pause/")
    assert "Pause" in log_page(boss) and "Pause" not in log_page(owner)


def test_nobody_writes_in_the_log(owner, store):
    flow = make_flow(store)
    owner.post(f"{address(flow).removesuffix('change/')}do/pause/")
    line = LoggedChange.objects.get()
    assert owner.post(address(line), {"store": "1"}).status_code == 403
    assert owner.post(address(line, "delete"), {"post": "yes"}).status_code == 403
    assert owner.get("/admin/customers/loggedchange/add/").status_code == 403


@pytest.mark.parametrize(("role", "status"), [("marketer", 200), ("support", 403), ("analyst", 403)])
def test_who_may_read_it(owner, store, role, status):
    Membership.objects.update(role=role)
    assert owner.get("/admin/customers/loggedchange/").status_code == status
