"""Who looks, and what there is to see."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from customers.models import Store
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
def clerk(db: None) -> Any:
    """A function that gives the client of a staff member with these permissions: clerk("carts.view_cart")."""

    def made(*names: str) -> Client:
        user = User.objects.create_user("clerk", is_staff=True)
        for name in names:
            app, codename = name.split(".")
            user.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
        client = Client()
        client.force_login(user)
        return client

    return made
