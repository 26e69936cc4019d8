"""Where people can reach it from outside, there is no demo."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import clear_url_caches

import config.urls


@pytest.fixture
def production(settings: Any) -> Iterator[None]:
    settings.DEVELOPMENT = False
    importlib.reload(config.urls)
    clear_url_caches()
    yield
    settings.DEVELOPMENT = True
    importlib.reload(config.urls)
    clear_url_caches()


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/demo/", "/demo/mailbox/", "/demo/cart/", "/demo/happened/"])
def test_production_has_no_demo(production: None, path: str):
    assert Client().get(path).status_code == 404


def test_development_has_one():
    assert Client().get("/demo/").status_code == 200
