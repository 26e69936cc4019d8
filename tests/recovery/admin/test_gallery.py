"""Ready-made flows: what one starts from is complete, in every language, and sends nothing by itself."""

from __future__ import annotations

from datetime import timedelta as td
from typing import Any

import pytest
from django.urls import reverse

from customers.admin.base import address
from recovery.flows.publish import problems, publish
from recovery.flows.ready_made import READY_MADE, install
from recovery.models import Flow, MessageTemplate, Offer
from tests.factories import NOW, make_store

pytestmark = pytest.mark.django_db

START = "admin:recovery_flow_add"


@pytest.mark.parametrize("ready", READY_MADE, ids=lambda one: one.key)
def test_every_ready_made_flow_can_be_published_as_it_is(ready):
    flow = install(make_store(), ready, now=NOW)
    draft = flow.versions.get()
    assert (flow.status, draft.published_at, problems(draft)) == ("draft", None, [])
    assert publish(flow, now=NOW).steps.count() == len(ready.pieces)
    assert {template.texts.count() for template in MessageTemplate.objects.all()} == {6}


def test_starting_twice_makes_two_flows_of_the_same_templates(boss, store):
    for _ in range(2):
        boss.post(reverse(START), {"store": "puro", "kind": "standard"})
    assert [flow.name for flow in Flow.objects.order_by("pk")] == [f"Abandoned cart{n}" for n in ("", " 2", " 3")]
    assert MessageTemplate.objects.count() == 3


def test_one_lands_on_the_new_flow(boss, store):
    response = boss.post(reverse(START), {"store": "puro", "kind": "gentle"})
    flow = Flow.objects.get(name="Gentle reminder")
    assert (response.url, flow.status, flow.days_between) == (address(flow), "draft", 7)


def test_the_discount_comes_with_an_offer_of_the_stores_own(boss, store):
    boss.post(reverse(START), {"store": "puro", "kind": "discount"})
    steps = Flow.objects.get(name="Discount at the end").versions.get().steps.all()
    assert [step.offer for step in steps] == [None, None, Offer.objects.get(store=store)]


def test_large_carts_are_asked_for_in_the_stores_money():
    ready = next(one for one in READY_MADE if one.dear)
    shops = [make_store(currency=currency) for currency in ("EUR", "JPY")]
    asked = [install(shop, ready, now=NOW).versions.get().steps.all()[0].conditions for shop in shops]
    assert asked == [{"min_total": "150"}, {"min_total": "15000"}]


def test_an_empty_flow_is_started_too(boss, store):
    page = boss.post(reverse(START), {"store": "puro", "kind": "empty"}, follow=True).content.decode()
    assert "New flow" in page and "Add a step" in page


def test_the_gallery_tells_the_times_of_the_store(boss):
    make_store(abandon_after=td(minutes=45))
    page = boss.get(reverse(START)).content.decode()
    assert "After 45 minutes" in page
    assert [one.name for one in READY_MADE if f'Start from this<span class="cb-unseen">: {one.name}' not in page] == []


def test_a_strange_store_is_not_offered_and_not_taken(clerk: Any, store):
    client = clerk("recovery.view_flow", "recovery.add_flow")
    strange = make_store(name="Strange", slug="strange")
    assert "Strange" not in client.get(reverse(START)).content.decode()
    client.post(reverse(START), {"store": "strange", "kind": "standard"})
    assert not strange.flows.exists()


def test_who_may_not_add_flows_starts_none(clerk, store):
    assert clerk("recovery.view_flow").get(reverse(START)).status_code == 403
