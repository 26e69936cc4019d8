"""Keys for the API on their page: shown once, opening one store, ended at once."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from customers.admin.base import address
from customers.models import ApiToken, Store
from recovery.api import door

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _door(settings: Any, valkey_url: str) -> None:
    settings.REDIS_URL = valkey_url
    door._redis.cache_clear()


def made(boss: Client, store: Store) -> str:
    """The token as the page shows it."""
    answer = boss.post(reverse("admin:customers_apitoken_add"), {"store": store.pk, "name": "Dashboard"})
    found: set[str] = set(re.findall(r"cartback_[\w-]{20,}", answer.content.decode()))
    assert len(found) == 1
    return found.pop()


def asked(token: str) -> tuple[int, str]:
    answer = Client().get("/api/v1/report", headers={"Authorization": f"Bearer {token}"})
    return answer.status_code, answer.json().get("store", "")


def test_a_token_is_shown_once_and_opens_its_store(boss: Client, store: Store) -> None:
    token = made(boss, store)
    assert asked(token) == (200, store.slug)
    row = ApiToken.objects.get()
    assert token not in boss.get(address(row)).content.decode()
    assert token not in str(ApiToken.objects.values().get())


def test_a_revoked_token_opens_nothing(boss: Client, store: Store) -> None:
    token, row = made(boss, store), ApiToken.objects.get()
    boss.post(reverse("admin:customers_apitoken_deed", args=[row.pk, "revoke"]))
    assert asked(token)[0] == 401


def test_who_may_not_make_tokens_finds_no_page(clerk: Any, store: Store) -> None:
    client = clerk("recovery.view_experiment", "customers.view_store")
    assert client.get(reverse("admin:customers_apitoken_add")).status_code == 403
