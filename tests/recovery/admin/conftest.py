"""Who looks, and what there is to see."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from customers import access
from customers.models import Membership, Role, Store
from tests.factories import make_flow, make_store


@pytest.fixture
def store() -> Store:
    made = make_store(name="Puro", slug="puro")
    make_flow(made)
    return made


@pytest.fixture
def boss(client: Client, db: None) -> Client:
    """The client of somebody who may do everything."""
    client.force_login(User.objects.create_superuser("boss"))
    return client


@pytest.fixture
def clerk(db: None, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A function that gives the client of a member of every store with these rights: clerk("carts.view_cart")."""

    def made(*names: str) -> Client:
        monkeypatch.setitem(access.PERMISSIONS, Role.ANALYST, names)
        user = User.objects.create_user("clerk", is_staff=True)
        for store in Store.objects.all():
            Membership.objects.create(user=user, store=store, role=Role.ANALYST)
        client = Client()
        client.force_login(user)
        return client

    return made
