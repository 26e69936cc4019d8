from __future__ import annotations

import pytest

from tests.standins.shopify_admin import ShopifyStandin
from tests.standins.woocommerce_api import WooCommerceStandin


@pytest.fixture(autouse=True)
def mailbox(settings, tmp_path):
    """Where messages are captured."""
    settings.MAILBOX_DIR = tmp_path
    return tmp_path


@pytest.fixture(params=["shopify", "woocommerce"])
def shop(request, settings):
    """Each of the shops in turn."""
    settings.OUTGOING_LOOPBACK = True
    with {"shopify": ShopifyStandin, "woocommerce": WooCommerceStandin}[request.param]() as standin:
        yield standin


@pytest.fixture
def shopify(settings):
    settings.OUTGOING_LOOPBACK = True
    with ShopifyStandin() as standin:
        yield standin


@pytest.fixture
def woocommerce(settings):
    settings.OUTGOING_LOOPBACK = True
    with WooCommerceStandin() as standin:
        yield standin


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Nobody waits for a stand-in's bulk creation."""
    monkeypatch.setattr("carts.sources.shopify.api._LOOKS", (0.0, 0.0))
