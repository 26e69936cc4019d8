from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone

from carts.models import Delivery
from customers.models import Store
from recovery.admin.front_page import jobs
from recovery.models import ProviderPause
from tests.factories import after, ago, checkout, make_flow, make_store, put
from tests.recovery.reports.story import bought, message, silent

pytestmark = pytest.mark.django_db

DAYS = {"store": "puro", "first": "2026-03-10", "last": "2026-03-10"}


def page(client, **asked: str) -> str:
    text: str = client.get(reverse("admin_report"), DAYS | asked).content.decode()
    return " ".join(text.split())


def test_each_rate_comes_with_its_interval_its_n_and_its_meaning(boss, store):
    for n in range(40):
        silent(store, n)
    for n in range(10):
        bought(store, n, after(days=2))
    text = page(boss)
    assert "14.2 to 40.2 %, 10 of 40" in text
    assert "settled carts without an order within 14 days ÷ settled carts" in text
    assert text.count("How is this computed?") == text.count("<dt>Formula</dt>") == 13


def test_a_rate_of_few_says_so(boss, store):
    silent(store, 1)
    assert "too few to say" in page(boss)


def test_synthetic_numbers_are_called_synthetic(boss, store):
    silent(store, 1)
    assert "Synthetic data" not in page(boss)
    Store.objects.update(is_demo=True)
    assert "Synthetic data" in page(boss)


def test_reasons_stand_in_words(boss, store):
    message(silent(store, 1), state="skipped", reason="no_consent", sent_at=None, ended_at=after(hours=1))
    assert "no consent to be written to" in page(boss)


def test_open_carts_are_told_as_open(boss, store):
    now = timezone.now()
    put(store, checkout("C1", now), at=now)
    today = now.astimezone(store.zone).date().isoformat()
    assert "No cart of these days is settled yet." in page(boss, first=today, last=today)


@pytest.mark.parametrize(
    ("asked", "word"),
    [
        ({"first": "2026-03-11"}, "would end"),
        ({"first": "yesterday"}, "Enter a valid date."),
        ({"store": "nowhere"}, "Page not found"),
    ],
)
def test_a_wrong_question_is_answered_in_the_page(boss, store, asked, word):
    assert word in page(boss, **asked)


def test_the_page_gives_what_the_command_gives(boss, store):
    silent(store, 1)
    found = boss.get(reverse("admin_report"), DAYS | {"format": "json"}).json()
    assert (found["store"], found["carts"]["started"]) == ("puro", 1)


def test_the_to_do_list_names_what_loses_messages_first():
    store = make_store(name="Puro")
    make_flow(store)
    make_store(name="Bikes", postal_address="")
    Delivery.objects.create(store=store, topic="t", dedupe_key="1", body=b"", state="dead")
    ProviderPause.objects.create(channel="email", provider="smtp", code="auth", detail="535", began_at=ago(hours=1))
    found = [
        (job.tone, job.text) for job in jobs(User(is_superuser=True), list(Store.objects.order_by("name")), after())
    ]
    assert found == [
        ("bad", "E-mail of all stores that share a sender waits until somebody lifts the pause: 535"),
        ("bad", "1 webhook of Puro could not be read"),
        ("warn", "No webhook of Bikes has arrived yet"),
        ("warn", "Bikes has no postal address"),
        ("warn", "Bikes has no live flow: nobody is written to"),
    ]


def test_a_store_in_order_wants_nothing_done():
    store = make_store()
    make_flow(store)
    Delivery.objects.create(store=store, topic="t", dedupe_key="1", body=b"", state="done")
    assert jobs(User(is_superuser=True), [store], after()) == []
