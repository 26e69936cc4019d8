from __future__ import annotations

import io
from datetime import timedelta as td

import pytest
from django.core.management.base import CommandError

from customers.models import Store, StoreSecret
from recovery.models import Flow, FlowStatus
from tests.factories import SECRET
from tests.recovery.commands.running import printed, printed_json

pytestmark = pytest.mark.django_db
PURO = ["create_store", "puro", "--platform", "generic", "--secret", SECRET, "--domain", "shop.example"]


def with_options(*options: str) -> list[str]:
    """PURO, where a later option takes the place of an earlier one."""
    return [*PURO, *options]


def test_it_makes_a_store_from_what_it_is_told():
    options = ["--currency", "sek", "--timezone", "Europe/Stockholm", "--timeout", "1h30m"]
    text = printed(*with_options(*options))
    store = Store.objects.get()
    assert (store.slug, store.name, store.platform, store.domain) == ("puro", "puro", "generic", "shop.example")
    assert (store.currency, store.timezone, store.abandon_after) == ("SEK", "Europe/Stockholm", td(minutes=90))
    assert StoreSecret.objects.get(store=store).text == SECRET
    assert "http://127.0.0.1:8000/webhooks/puro/" in text
    assert SECRET not in text
    assert not Flow.objects.exists()


def test_it_prints_json():
    assert printed_json(*PURO) == {
        "store": "puro",
        "platform": "generic",
        "domain": "shop.example",
        "currency": "EUR",
        "timezone": "UTC",
        "timeout_seconds": 1800,
        "flow": False,
        "webhook_url": "http://127.0.0.1:8000/webhooks/puro/",
    }


def test_the_demo_flow_is_live_and_begins_at_abandonment():
    printed(*with_options("--demo-flow", "--timeout", "45m"))
    flow = Flow.objects.get(store__slug="puro")
    assert flow.status == FlowStatus.LIVE
    delays = flow.versions.get().steps.values_list("delay", flat=True)
    assert list(delays) == [td(minutes=45), td(hours=24), td(hours=72)]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--domain", "https://shop.example/"], "domain: Enter a host name such as shop.example"),
        (["--currency", "euros"], "currency: Enter a three-letter ISO 4217 code"),
        (["--timezone", "Mars/Base"], "timezone: “Mars/Base” is no IANA time zone"),
        (["--timeout", "2s"], "abandon_after: Choose a time between 10 seconds and 30 days"),
        (["--timeout", "soon"], "“soon” is no duration: write 90s, 30m, 2h or 1d"),
        (["--platform", "amazon"], "invalid choice: 'amazon'"),
        (["--secret", ""], "The secret is empty"),
        (["--secret", "two words"], "The secret has a space"),
        (["--secret", "whsec_***"], "what follows is not base64"),
    ],
)
def test_it_says_what_is_wrong_and_makes_nothing(options: list[str], sentence: str):
    with pytest.raises(CommandError, match="^[\\s\\S]*" + sentence.replace("(", "\\(")):
        printed(*with_options(*options, "--demo-flow"))
    assert not Store.objects.exists()


def test_a_bad_slug_is_refused():
    with pytest.raises(CommandError, match="slug: Enter a valid"):
        printed("create_store", "no spaces", *PURO[2:])


def test_a_second_store_of_the_same_name_is_refused():
    printed(*PURO)
    with pytest.raises(CommandError, match="There is a store called puro already"):
        printed(*with_options("--currency", "SEK"))
    assert Store.objects.get().currency == "EUR"


def test_the_secret_can_come_from_standard_input(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{SECRET}\n"))
    printed(*with_options("--secret", "-"))
    assert StoreSecret.objects.get().text == SECRET


def test_a_generic_store_without_a_secret_gets_one_that_is_shown_once():
    facts = printed_json("create_store", "puro", "--platform", "generic", "--domain", "shop.example")
    assert facts["secret"].startswith("whsec_")
    assert StoreSecret.objects.get().text == facts["secret"]


def test_another_platform_must_tell_its_secret():
    with pytest.raises(CommandError, match="--secret is missing: it is the one that Shopify signs with"):
        printed("create_store", "puro", "--platform", "shopify", "--domain", "puro.myshopify.com")
