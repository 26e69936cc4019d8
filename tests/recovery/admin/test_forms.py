"""Stores, templates and the stop list: what is typed, what is kept, what is refused."""

from __future__ import annotations

from datetime import timedelta as td
from typing import Any

import pytest
from django.urls import reverse

from customers.addresses import address_hash
from customers.admin.base import address
from customers.models import Store, Suppression

pytestmark = pytest.mark.django_db

NEW_STORE = {
    "name": "Nordic Bikes", "slug": "bikes", "platform": "generic", "domain": "bikes.example", "currency": "SEK",
    "timezone": "Europe/Stockholm", "locale": "sv", "abandon_after": "45m", "consent_policy": "explicit",
    "attribution_days": "5", "cap_messages": "5", "cap_days": "7",
}  # fmt: skip
SID = "AC" + "0" * 32


def changed(store: Store, **fields: Any) -> dict[str, Any]:
    """What the form of the store posts, with these fields changed."""
    kept = {name: getattr(store, name) for name in NEW_STORE if name != "abandon_after"}
    return (
        kept
        | {"abandon_after": "30m", "is_active": "on", "sms_max_segments": 2, "ask_after_days": 7, "redirect_hosts": ""}
        | fields
    )


def test_a_new_secret_is_made_and_shown_once(boss):
    page = boss.post(reverse("admin:customers_store_add"), NEW_STORE).content.decode()
    store = Store.objects.get()
    secret = store.secrets.get().text
    assert secret.startswith("whsec_") and secret in page
    assert "/webhooks/bikes/" in page
    assert store.abandon_after == td(minutes=45)
    for url in (address(store), address(store, "secret"), reverse("admin:customers_store_changelist")):
        assert secret not in boss.get(url).content.decode()


def test_a_shop_that_has_its_own_secret_must_give_it(boss):
    page = boss.post(reverse("admin:customers_store_add"), NEW_STORE | {"platform": "shopify"}).content.decode()
    assert "The secret is empty." in page
    assert Store.objects.count() == 0


def test_a_rotated_secret_leaves_the_older_one_two_days(boss, store):
    page = boss.post(address(store, "secret"), {"secret": ""}).content.decode()
    new, old = store.secrets.order_by("-created_at")
    assert new.text in page and new.expires_at is None
    assert old.expires_at - new.created_at == td(hours=48)


def test_rotating_asks_for_the_permission_to_change(clerk, store):
    client = clerk("customers.view_store")
    assert client.post(address(store, "secret"), {"secret": ""}).status_code == 403
    assert store.secrets.count() == 1


def test_a_mail_server_is_kept_sealed_and_not_shown(boss, store):
    boss.post(address(store), changed(store, mail_server="smtp://ada:hush@mail.example:587"))
    store.refresh_from_db()
    page = boss.get(address(store)).content.decode()
    assert store.own_email_url() == "smtp://ada:hush@mail.example:587"
    assert "mail.example:587" in page and "hush" not in page


def test_what_is_no_mail_server_is_refused(boss, store):
    page = boss.post(address(store), changed(store, mail_server="mail.example")).content.decode()
    assert "That is no mail server" in page
    store.refresh_from_db()
    assert store.email_url == ""


def test_an_own_sender_may_have_its_own_pace(boss, store):
    page = boss.post(address(store), changed(store, sms_per_second=10)).content.decode()
    assert "Enter the account that these belong to." in page
    own = {"twilio_sid": SID, "twilio_token": "t1", "twilio_from": "+358401234567"}
    boss.post(address(store), changed(store, sms_per_second=10, **own))
    store.refresh_from_db()
    assert store.sms_per_second == 10


def test_a_changed_twilio_token_keeps_the_older_one_for_callbacks(boss, store):
    for token in ("token-1", "token-2"):
        boss.post(address(store), changed(store, twilio_sid=SID, twilio_token=token, twilio_from="+358401234567"))
    boss.post(address(store), changed(store, twilio_sid=SID, twilio_from="+358407654321"))
    store.refresh_from_db()
    account = store.own_twilio()
    assert (account["auth_token"], account["old_auth_token"]) == ("token-2", "token-1")
    assert account["from_number"] == "+358407654321"
    assert "token-2" not in boss.get(address(store)).content.decode()


def test_an_account_without_its_token_is_refused(boss, store):
    page = boss.post(address(store), changed(store, twilio_sid=SID)).content.decode()
    assert "Enter the auth token of this account." in page


def test_a_stopped_address_is_kept_as_a_hash_and_found_by_the_address(boss, store):
    row = {"store": store.pk, "channel": "email", "address": "Anna@Mail.example", "detail": ""}
    boss.post(reverse("admin:customers_suppression_add"), row)
    kept = Suppression.objects.get()
    assert (kept.address_hash, kept.reason, kept.detail) == (address_hash("anna@mail.example"), "manual", "by boss")
    page = boss.get(reverse("admin:customers_suppression_changelist"), {"q": "anna@mail.example"})
    assert f"fingerprint {kept.address_hash[:10]}" in page.content.decode()
    page = boss.get(reverse("admin:customers_suppression_changelist"), {"q": "eve@mail.example"})
    assert "Nothing fits" in page.content.decode()


def test_what_the_shopper_said_is_not_taken_back_here(boss, store):
    kinds = ("manual", "unsubscribe", "complaint")
    found = [Suppression.objects.create(store=store, channel="sms", address_hash=kind, reason=kind) for kind in kinds]
    codes = [boss.post(address(row, "delete"), {"post": "yes"}).status_code for row in found]
    assert codes == [302, 403, 403]
    assert Suppression.objects.count() == 2
