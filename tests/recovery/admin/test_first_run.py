"""A new store is led from its first webhook to its first message, and can stop anywhere."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from carts.inbox import refusals
from carts.models import Delivery
from customers.models import LoggedChange, Membership, Store
from recovery.first_steps import next_step, standings
from recovery.flows.ready_made import READY_MADE, install
from recovery.models import FirstRun, Flow
from recovery.providers.console.provider import read_mailbox
from tests.factories import NOW, make_store
from tests.servers import empty_redis
from tests.standins.names import NameServer

pytestmark = pytest.mark.django_db

SENDER = {"sender_email": "hello@shop.example", "postal_address": "Katu 1, Helsinki"}
RULES = {"consent_policy": "explicit", "cap_messages": "5", "cap_days": "7", "abandon_after": "45m"}


@pytest.fixture
def store(settings: Any, tmp_path: Any) -> Store:
    settings.MAILBOX_DIR = tmp_path
    refusals.forget()
    empty_redis()
    return make_store(slug="puro", sender_email="", postal_address="")


@pytest.fixture
def owner(store: Store) -> Client:
    user = User.objects.create_user("olga", "olga@own.example", is_staff=True)
    Membership.objects.create(user=user, store=store, role="owner")
    client = Client()
    client.force_login(user)
    return client


def at(step: str = "") -> str:
    return f"/admin/first-run/puro/{step and step + '/'}"


def lacking(store: Store) -> list[str]:
    store.refresh_from_db()
    return [one.name for one in standings(store, FirstRun.objects.get(store=store)) if not one.done]


def webhook(store: Store) -> None:
    Delivery.objects.create(store=store, topic="cart.updated", dedupe_key="1", body=b"{}", state="done")


def test_it_begins_at_the_first_step_that_lacks_something(owner, store):
    assert owner.get(at())["Location"] == at("connect")
    webhook(store)
    assert owner.get(at())["Location"] == at("sender")


def test_the_light_turns_green_with_the_first_webhook(owner, store):
    assert owner.get(at("arrived")).json() == {"heard": False, "what": "", "refused": ""}
    webhook(store)
    assert owner.get(at("arrived")).json() == {"heard": True, "what": "cart.updated", "refused": ""}
    assert "cb-light-on" in owner.get(at("connect")).content.decode()


def test_a_wrong_secret_is_told_until_a_webhook_fits(owner, store):
    refusals.note(store.pk, "made with another secret", NOW)
    told = "A webhook came on 10 Mar at 14:00 and was turned away: made with another secret. Check the secret."
    assert owner.get(at("arrived")).json() == {"heard": False, "what": "", "refused": told}
    assert told in owner.get(at("connect")).content.decode()
    webhook(store)
    assert told not in owner.get(at("connect")).content.decode()


@pytest.mark.parametrize(("platform", "word"), [("shopify", "client secret"), ("woocommerce", "WordPress"),
                                                ("generic", "curl")])  # fmt: skip
def test_each_shop_is_told_where_to_paste(owner, store, platform, word):
    Store.objects.filter(pk=store.pk).update(platform=platform)
    page = owner.get(at("connect")).content.decode()
    assert word in page and "/webhooks/puro/" in page


def test_the_senders_domain_is_looked_up_and_explained(owner, store, settings):
    records = {"shop.example": ["v=spf1 mx -all"], "s1._domainkey.shop.example": ["v=DKIM1; p=MIGf"]}
    with NameServer(records) as server:
        settings.DNS_SERVERS = [server.address]
        page = owner.post(at("sender"), SENDER).content.decode()
    assert "SPF: in order" in page and "DKIM: in order" in page and "DMARC: mend it" in page
    assert "v=DMARC1; p=none; rua=mailto:postmaster@shop.example" in page
    assert "sender" not in lacking(store)


def test_the_selector_is_remembered(owner, store, settings):
    with NameServer({"mine._domainkey.shop.example": ["v=DKIM1; p=MIGf"]}) as server:
        settings.DNS_SERVERS = [server.address]
        owner.post(at("sender"), SENDER | {"selector": "mine"})
    assert "mine._domainkey.shop.example" in server.asked
    assert 'value="mine"' in owner.get(at("sender")).content.decode()


def test_a_sender_without_an_address_stays_with_a_word(owner, store):
    page = owner.post(at("sender"), {"sender_email": "", "postal_address": ""}).content.decode()
    assert page.count("This field is required.") == 2 and Store.objects.get().sender_email == ""


def test_rules_are_kept_and_the_change_is_logged_with_its_values(owner, store):
    assert owner.post(at("rules"), RULES)["Location"] == at("flow")
    store.refresh_from_db()
    assert store.abandon_after.total_seconds() == 45 * 60
    line = LoggedChange.objects.get(store=store).entry
    assert line.user.username == "olga" and "Abandoned after" in line.change_message


def test_a_flow_is_installed_and_waits_for_the_switch(owner, store):
    assert owner.post(at("flow"), {"kind": "standard"})["Location"] == at("test")
    assert Flow.objects.get().status == "paused" and "flow" not in lacking(store)


@pytest.mark.parametrize("ready", READY_MADE, ids=lambda one: one.key)
def test_every_ready_made_flow_is_offered_and_its_first_mail_can_be_tried(owner, store, tmp_path, ready):
    page = owner.get(at("flow")).content.decode()
    assert ready.about in page
    owner.post(at("flow"), {"kind": ready.key})
    assert owner.post(at("test"), {"to": "me@own.example"})["Location"] == at("on")
    assert [kept.subject[:6] for kept in read_mailbox(tmp_path)] == ["[Test]"]


def test_a_flow_that_is_a_draft_still_has_to_be_published(owner, store):
    install(store, READY_MADE[0], now=NOW)
    assert "The flow is a draft: open it" in owner.get(at("flow")).content.decode()
    assert "write one first" in owner.post(at("test"), {"to": "me@own.example"}).content.decode()


def test_too_many_tests_in_a_row_are_held_back(owner, store, tmp_path):
    owner.post(at("flow"), {"kind": "standard"})
    pages = [owner.post(at("test"), {"to": "me@own.example"}) for _ in range(6)]
    assert "Those were many tests" in pages[-1].content.decode()
    assert len(read_mailbox(tmp_path)) == 5


def test_the_test_message_goes_out_by_the_real_way(owner, store, tmp_path):
    owner.post(at("flow"), {"kind": "standard"})
    assert owner.post(at("test"), {"to": "me@own.example"})["Location"] == at("on")
    assert len(list(tmp_path.iterdir())) >= 1
    assert FirstRun.objects.get().tested_to == "me@own.example"


def test_without_a_flow_the_test_says_what_to_do(owner, store):
    assert "write one first" in owner.post(at("test"), {"to": "me@own.example"}).content.decode()
    assert FirstRun.objects.get().tested_at is None


def test_it_is_not_switched_on_before_there_is_a_sender(owner, store):
    owner.post(at("flow"), {"kind": "standard"})
    owner.post(at("on"))
    assert Flow.objects.get().status == "paused" and FirstRun.objects.get().done_at is None


def test_the_whole_way_ends_with_a_live_flow(owner, store, settings):
    webhook(store)
    with NameServer({}) as server:
        settings.DNS_SERVERS = [server.address]
        owner.post(at("sender"), SENDER)
    owner.post(at("rules"), RULES)
    owner.post(at("flow"), {"kind": "standard"})
    owner.post(at("test"), {"to": "me@own.example"})
    assert lacking(store) == ["on"]
    owner.post(at("on"))
    assert lacking(store) == [] and Flow.objects.get().status == "live"


def test_the_front_page_leads_back_to_where_one_stopped(owner, store):
    owner.get(at())
    assert "1 of 6 steps" not in (page := owner.get("/admin/").content.decode())
    assert "is not set up yet: 0 of 6 steps are done" in page and 'href="/admin/first-run/puro/"' in page


def test_it_ends_with_the_last_step_where_nothing_lacks():
    from recovery.first_steps import Standing

    assert next_step([Standing("connect", "", []), Standing("on", "", [])]) == "on"


def test_where_only_the_demo_shop_is_the_front_page_asks_for_an_own_one(store, client):
    client.force_login(User.objects.create_superuser("boss"))
    asked = "Only the demo shop is here: add your own"
    assert asked not in client.get("/admin/").content.decode()
    Store.objects.update(is_demo=True)
    assert asked in client.get("/admin/").content.decode()


@pytest.mark.parametrize("role", ["marketer", "support", "analyst"])
def test_only_owners_set_a_store_up(owner, store, role):
    Membership.objects.update(role=role)
    assert [owner.get(at(step)).status_code for step in ("", "connect", "arrived", "on")] == [404] * 4
    assert owner.post(at("on")).status_code == 404
