"""The page of a dry run: the numbers, the carts behind each, as a page and as CSV; nothing is sent."""

from __future__ import annotations

import csv
import io
from datetime import timedelta as td
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from recovery.admin import dry_run_page
from recovery.admin.dry_run_kept import kept
from recovery.models import Flow, Message
from tests.factories import abandoned_cart, make_flow, make_store, person
from tests.servers import empty_redis

pytestmark = pytest.mark.django_db


@pytest.fixture
def flow(store: Any) -> Flow:
    """Two carts fell silent twenty days ago: Anna's, who said yes to e-mail, and one of somebody who did not."""
    empty_redis()
    at = timezone.now() - td(days=20)
    abandoned_cart(store, "C1", at, person=person(1))
    abandoned_cart(store, "C2", at, person=person(2, consents=()))
    return Flow.objects.get(store=store)


def page_at(flow: Flow) -> str:
    return reverse("admin:recovery_flow_dry_run", args=[flow.pk])


def test_before_it_was_run_the_page_offers_to_run_it(boss, flow):
    page = boss.get(page_at(flow))
    assert "Run it" in page.content.decode() and "result" not in page.context


def test_a_dry_run_tells_what_each_step_would_have_done_and_sends_nothing(boss, flow):
    context = boss.post(page_at(flow), follow=True).context
    assert (context["result"].carts, context["entered"].count) == (2, 2)
    assert [step.sent.count for step in context["told_steps"]] == [1, 1, 1]
    assert [(count.label, count.count) for count in context["told_steps"][0].skipped] == [
        ("no consent to be written to", 1)
    ]
    assert Message.objects.count() == 0


def test_the_result_is_kept_whole_for_every_process(flow):
    assert kept(flow) is None
    assert dry_run_page.run(flow, now=timezone.now()) == kept(flow)


def test_behind_what_was_put_off_are_as_many_carts_as_it_says(boss, flow):
    at = (timezone.now() - td(days=20)).astimezone(flow.store.zone)  # the carts fell silent at this time of day
    flow.store.quiet_from, flow.store.quiet_until = at.time(), (at + td(hours=2)).time()
    flow.store.save(update_fields=["quiet_from", "quiet_until"])
    steps = boss.post(page_at(flow), follow=True).context["told_steps"]
    counts = [count for step in steps for count in step.shifted]
    assert counts
    for count in counts:
        assert len(boss.get(page_at(flow) + count.query.removesuffix("#rows")).context["rows"]) == count.count


def test_less_than_a_cent_is_not_told_as_nothing(boss, flow):
    page = boss.post(page_at(flow), follow=True).content.decode()
    assert "below 0.01 USD" in page and "in the currency of the prices" in page


def test_behind_a_number_are_its_carts(boss, flow):
    boss.post(page_at(flow))
    asked = {"step": "1", "outcome": "skipped", "reason": "no_consent"}
    (row,) = boss.get(page_at(flow), asked).context["rows"]
    assert (row["who"], row["what"]) == ("anna2@mail.example", "not sent")


def test_the_rows_come_as_csv_without_addresses(boss, flow):
    boss.post(page_at(flow))
    text = boss.get(page_at(flow), {"step": "2", "outcome": "sent", "format": "csv"}).content.decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(row["step"], row["outcome"], row["channel"]) for row in rows] == [("2", "sent", "email")]
    assert "anna" not in text


def test_who_may_not_see_customers_sees_numbers_for_them(clerk, flow):
    client = clerk("recovery.view_flow")
    page = client.post(page_at(flow), follow=True).content.decode()
    assert "anna1@mail.example" not in page and "shopper " in page


def test_a_flow_of_another_store_is_not_run(clerk, flow):
    client = clerk("recovery.view_flow")
    assert client.post(page_at(make_flow(make_store()))).status_code == 404


def test_a_flow_without_steps_says_so(boss, store):
    empty = Flow.objects.create(store=store, name="Empty")
    page = boss.post(page_at(empty), follow=True).content.decode()
    assert "The flow has no step yet" in page
