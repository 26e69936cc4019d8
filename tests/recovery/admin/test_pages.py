"""Every page opens, costs a handful of queries however many rows there are, and is closed to who may not see it."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from carts.models import Delivery
from customers.admin.base import address
from customers.models import PrivacyRequest, Suppression
from recovery import attribution
from recovery.ledger import Entry, note
from recovery.models import Flow, MessageTemplate, Notice, ProviderEvent, ProviderPause, Reply
from tests.factories import NOW, after, ago
from tests.recovery.reports.story import bought, click, message, silent

pytestmark = pytest.mark.django_db

MODELS = [
    "customers.store", "customers.customer", "customers.suppression", "customers.privacyrequest", "carts.cart",
    "carts.order", "carts.delivery", "recovery.flow", "recovery.messagetemplate", "recovery.message",
    "recovery.decision", "recovery.providerpause", "recovery.reply", "recovery.notice", "recovery.providerevent",
    "auth.user",
]  # fmt: skip


@pytest.fixture
def full(store: Any) -> Any:
    """A store with some of everything."""
    for n in range(8):
        cart = silent(store, n)
        sent = message(cart, body_html="<p>Hi</p>", body_text="Hi", subject="You forgot")
        click(sent, after(days=1))
        attribution.credit([bought(store, n, after(days=2))], now=after(days=2))
        note([Entry(store.pk, cart.pk, "sent", message_id=sent.pk)], now=NOW)
        Suppression.objects.create(store=store, channel="email", address_hash=f"h{n}", reason="manual")
        PrivacyRequest.objects.create(store=store, customer=cart.customer, kind="access")
        Delivery.objects.create(store=store, topic="t", dedupe_key=f"k{n}", body=b"{", state="dead", reason="no JSON")
        said = {"store": store, "customer": cart.customer, "channel": "sms"}
        reply = Reply.objects.create(**said, body="STOP", intent="stop", provider_id=f"SM{n}", at=NOW)
        Notice.objects.create(**said, reply=reply, purpose="stopped", dedupe_key=f"k{n}", due_at=NOW, text="Bye")
        event = {"provider": "twilio", "kind": "status", "state": "dead", "reason": "no SID", "dedupe_key": f"k{n}"}
        ProviderEvent.objects.create(**event, store=store, message=sent, payload={"form": {}})
        ProviderPause.objects.create(channel="email", provider="smtp", code="auth", detail="535", began_at=ago(hours=1))
    return store


def model_of(label: str) -> Any:
    return next(model for model in admin.site._registry if model._meta.label_lower == label)


def queries_of(client: Client, url: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as seen:
        response = client.get(url)
    assert response.status_code == 200, url
    return len(seen)


@pytest.mark.parametrize("label", MODELS)
def test_every_list_opens_with_a_handful_of_queries(boss, full, label):
    url = reverse(f"admin:{label.replace('.', '_')}_changelist")
    assert queries_of(boss, url) <= 12


@pytest.mark.parametrize("label", MODELS)
def test_every_row_opens_with_a_handful_of_queries(boss, full, label):
    row = model_of(label)._default_manager.order_by("pk").first()
    assert row
    assert queries_of(boss, address(row)) <= 16


@pytest.mark.parametrize("label", MODELS)
def test_every_list_says_what_to_do_where_nothing_is(boss, label):
    response = boss.get(reverse(f"admin:{label.replace('.', '_')}_changelist"))
    page = admin.site._registry[model_of(label)]
    assert response.status_code == 200
    assert getattr(page, "empty_title", "") in response.content.decode()


@pytest.mark.parametrize("label", ["customers.store", "customers.suppression", "recovery.flow", "auth.user"])
def test_every_form_to_add_opens(boss, full, label):
    assert boss.get(reverse(f"admin:{label.replace('.', '_')}_add")).status_code == 200


@pytest.mark.parametrize("name", ["admin:index", "admin_report"])
def test_the_front_page_and_the_report_open_full(boss, full, name):
    assert queries_of(boss, reverse(name)) <= 25


@pytest.mark.parametrize("name", ["admin:index", "admin_report"])
def test_without_a_store_they_say_what_to_do_first(boss, name):
    assert reverse("admin:customers_store_changelist").removesuffix("/") in boss.get(reverse(name)).content.decode()


def places(store: Any) -> list[str]:
    cart = store.carts.first()
    template, flow = MessageTemplate.objects.all()[0], Flow.objects.get()
    return [
        reverse("admin:index"), reverse("admin_report"), address(store), address(store, "secret"), address(cart),
        address(cart.customer), address(cart.customer, "export"), address(cart.messages.get()),
        address(cart.messages.get(), "body"), address(flow), address(template),
        reverse("admin:recovery_messagetemplate_version", args=[template.pk, 1]),
    ]  # fmt: skip


def test_nobody_gets_in_without_an_account(client, full):
    for url in places(full):
        response = client.get(url)
        assert (response.status_code, response["Location"].split("?")[0]) == (302, reverse("admin:login")), url


def test_staff_without_a_permission_see_nothing(clerk, full):
    client = clerk()
    assert [client.get(url).status_code for url in places(full)] == [200] + [403] * 11
    assert "Puro" not in client.get(reverse("admin:index")).content.decode()


def test_who_may_only_look_is_offered_nothing_to_do(clerk, full):
    client = clerk("carts.view_delivery", "customers.view_customer", "recovery.view_flow")
    for row in (Delivery.objects.all()[0], full.customers.all()[0], Flow.objects.get()):
        page = client.get(address(row))
        assert page.status_code == 200
        assert b"/do/" not in page.content


def test_the_sidebar_holds_only_what_one_may_see(clerk, full):
    page = clerk("carts.view_cart").get(reverse("admin:index")).content.decode()
    assert reverse("admin:carts_cart_changelist") in page
    assert reverse("admin:customers_store_changelist") not in page
