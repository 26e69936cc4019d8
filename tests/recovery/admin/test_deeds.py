"""What a person does in the admin: by POST, with permission, with a token, and written down."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from carts.models import Delivery
from customers.admin.base import address
from customers.models import Consent, ConsentEvent, Customer, Membership, PrivacyRequest
from recovery.flows.publish import StepPlan, write_steps
from recovery.models import Decision, Flow, FlowVersion, Message, MessageTemplate, ProviderEvent, ProviderPause
from tests.factories import NOW, ago, make_store
from tests.recovery.reports.story import message, silent

pytestmark = pytest.mark.django_db


def deed(row: Any, name: str) -> str:
    return f"{address(row).removesuffix('change/')}do/{name}/"


def said(response: Any) -> list[str]:
    return [str(line) for line in get_messages(response.wsgi_request)]


@pytest.fixture
def dead(store: Any) -> Delivery:
    return Delivery.objects.create(
        store=store, topic="order.created", dedupe_key="1", body=b"<script>", state="dead", reason="no JSON"
    )


def test_a_dead_letter_goes_back_into_the_inbox(boss, dead):
    boss.post(deed(dead, "replay"))
    dead.refresh_from_db()
    assert (dead.state, dead.reason) == ("pending", "")
    assert LogEntry.objects.get().change_message == "Put back into the inbox"


def test_several_dead_letters_go_back_at_once_and_others_are_left(boss, dead):
    done = Delivery.objects.create(store=dead.store, topic="t", dedupe_key="2", body=b"{}", state="done")
    ids = [dead.pk, done.pk]
    boss.post(reverse("admin:carts_delivery_changelist"), {"action": "put_back", "_selected_action": ids})
    assert [Delivery.objects.get(pk=pk).state for pk in ids] == ["pending", "done"]


def test_callbacks_of_one_reason_are_applied_again_together(boss, store):
    alike = {"store": store, "provider": "twilio", "kind": "status", "state": "dead", "payload": {}}
    one, _, other = (
        ProviderEvent.objects.create(**alike, reason=reason, dedupe_key=f"k{n}")
        for n, reason in enumerate(("no SID", "no SID", "no token"))
    )
    assert said(boss.post(deed(one, "replay_alike"))) == ["2 wait to be applied again."]
    other.refresh_from_db()
    assert other.state == "dead"


def test_a_raw_body_is_shown_as_text(boss, dead):
    page = boss.get(address(dead)).content.decode()
    assert "&lt;script&gt;" in page


def test_a_link_alone_does_nothing(boss, dead):
    assert boss.get(deed(dead, "replay")).status_code == 405
    dead.refresh_from_db()
    assert dead.state == "dead"


def test_a_post_from_elsewhere_does_nothing(boss, dead):
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = boss.cookies
    assert strict.post(deed(dead, "replay")).status_code == 403


@pytest.mark.parametrize("permissions", [(), ("carts.view_delivery",)])
def test_who_may_not_change_deliveries_replays_none(clerk, dead, permissions):
    client = clerk(*permissions)
    assert client.post(deed(dead, "replay")).status_code == 403
    ids = {"action": "put_back", "_selected_action": [dead.pk]}
    client.post(reverse("admin:carts_delivery_changelist"), ids)
    dead.refresh_from_db()
    assert dead.state == "dead"


def test_a_deed_that_makes_no_sense_any_more_is_refused(boss, dead):
    Delivery.objects.update(state="done")
    assert "not possible any more" in said(boss.post(deed(dead, "replay")))[0]


def test_a_deed_that_nobody_offers_is_not_found(boss, dead):
    assert boss.post(deed(dead, "has_delete_permission")).status_code == 404


def test_a_draft_is_published(boss, store):
    flow, template = Flow.objects.get(), MessageTemplate.objects.all()[0]
    write_steps(flow, [StepPlan(flow.minimum_gap, template)])
    assert said(boss.post(deed(flow, "publish")))[0].startswith("Version 2 is live.")
    assert FlowVersion.objects.filter(flow=flow, published_at=None).count() == 0


def test_a_draft_with_problems_says_them_and_stays_a_draft(boss, store):
    flow = Flow.objects.get()
    empty = MessageTemplate.objects.create(store=store, name="Empty")
    write_steps(flow, [StepPlan(flow.minimum_gap, empty)])
    assert said(boss.post(deed(flow, "publish"))) == ["Step 1: the template “Empty” is not published in any language."]
    assert FlowVersion.objects.filter(flow=flow, published_at=None).count() == 1


def test_a_flow_is_paused_and_resumed(boss, store):
    flow = Flow.objects.get()
    for name, status in (("pause", "paused"), ("resume", "live")):
        boss.post(deed(flow, name))
        flow.refresh_from_db()
        assert flow.status == status


def test_publishing_asks_for_the_permission(clerk, store):
    flow = Flow.objects.get()
    assert clerk("recovery.view_flow").post(deed(flow, "pause")).status_code == 403
    flow.refresh_from_db()
    assert flow.status == "live"


def test_who_is_stopped_gets_nothing_that_waits(boss, store):
    cart = silent(store, 1)
    message(cart, state="queued", sent_at=None)
    boss.post(deed(cart.customer, "stop"))
    assert Message.objects.get().state == "cancelled"
    assert Consent.objects.get(customer=cart.customer, channel="email").state == "revoked"
    assert ConsentEvent.objects.latest("id").source == "by staff: boss"


def test_an_erasure_is_asked_for_and_written_down(boss, store):
    customer = silent(store, 1).customer
    boss.post(deed(customer, "erase"))
    request = PrivacyRequest.objects.get()
    assert (request.kind, request.customer, request.reference) == ("erase", customer, "admin: boss")


def test_erasing_asks_for_its_own_permission(clerk, store):
    customer = silent(store, 1).customer
    client = clerk("customers.view_customer", "customers.change_customer")
    assert client.post(deed(customer, "erase")).status_code == 403
    assert PrivacyRequest.objects.count() == 0


def test_the_export_holds_what_is_known_of_one_person_only(boss, store):
    customer, other = silent(store, 1).customer, silent(store, 2).customer
    assert customer and other
    body = boss.get(address(customer, "export")).content.decode()
    assert customer.email in body and other.email not in body


def test_a_pause_is_lifted(boss, store):
    pause = ProviderPause.objects.create(
        channel="email", provider="smtp", code="auth", detail="", began_at=ago(hours=1)
    )
    boss.post(deed(pause, "lift"))
    pause.refresh_from_db()
    assert pause.lifted_at is not None


def test_an_answered_request_is_done(boss):
    request = PrivacyRequest.objects.create(store=make_store(), kind="access")
    boss.post(deed(request, "answered"))
    request.refresh_from_db()
    assert request.done_at is not None


def by_hand(client: Any, cart: Any, name: str, **told: Any) -> list[str]:
    return said(client.post(deed(cart, name), told))


@pytest.fixture
def waits(store: Any) -> Any:
    """A cart with a message that waits in the outbox, of the first step."""
    return message(silent(store, 1), state="queued", sent_at=None)


def test_a_step_is_skipped_by_its_button_and_written_down(boss, waits):
    told = {"enrolment": waits.enrolment_id, "position": 1}
    page = boss.get(address(waits.cart)).content.decode()
    assert f'name="enrolment" value="{waits.enrolment_id}"' in page
    assert by_hand(boss, waits.cart, "skip_step", **told) == ["It will not be sent."]
    assert LogEntry.objects.get().change_message == "Skip this message"
    assert by_hand(boss, waits.cart, "skip_step", **told)[-1] == "That step has been dealt with already."
    assert (LogEntry.objects.count(), Message.objects.get().reason) == (1, "by_hand")


def test_a_button_of_another_cart_is_not_found(boss, store, waits):
    assert boss.post(deed(silent(store, 2), "take_out"), {"enrolment": waits.enrolment_id}).status_code == 404
    assert by_hand(boss, waits.cart, "take_out", enrolment="x")[0].startswith("The page was too old")
    assert Message.objects.get().state == "queued"


def test_support_acts_on_carts_and_an_analyst_does_not(client, store, waits):
    for role, status, state in (("analyst", 403, "queued"), ("support", 302, "cancelled")):
        user = User.objects.create_user(role, is_staff=True)
        Membership.objects.create(user=user, store=store, role=role)
        client.force_login(user)
        assert client.post(deed(waits.cart, "take_out"), {"enrolment": waits.enrolment_id}).status_code == status
        waits.refresh_from_db()
        assert (waits.state, Decision.objects.filter(detail=f"by {role}").exists()) == (state, role == "support")


def test_sent_again_leads_to_the_new_message_and_says_why_not_the_second_time(boss, store):
    sent = message(silent(store, 1), state="failed", expires_at=NOW)
    Customer.objects.update(email="")
    assert said(boss.post(deed(sent, "resend"))) == ["It would not be sent: no address for this channel."]
    assert (Message.objects.count(), LogEntry.objects.count()) == (1, 0)


def test_a_cart_is_marked_as_a_test_and_back(boss, waits):
    for name, is_test in (("mark_test", True), ("no_test", False)):
        boss.post(deed(waits.cart, name))
        waits.cart.refresh_from_db()
        assert waits.cart.is_test is is_test
