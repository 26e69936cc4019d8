"""The gate: why a message goes, waits or never goes. Each refusal also means that nothing was sent."""

from __future__ import annotations

from datetime import UTC, datetime, time
from datetime import timedelta as td

import pytest

from carts.abandonment import sweep
from carts.models import Cart, Delivery
from customers import consent
from customers.models import Customer, Store
from recovery import intake
from recovery.flows.runner import run_flows
from recovery.models import Decision, Enrolment, Flow, FlowStep, FlowVersion, Message, ProviderEvent, ProviderPause
from recovery.outbox.send import send_due
from recovery.providers.console.provider import read_mailbox
from tests.factories import NOW, after, ago, checkout, make_flow, make_store, order, person, put

pytestmark = pytest.mark.django_db(transaction=True)

DUE = after(minutes=31)


@pytest.fixture
def mailbox(settings, tmp_path):
    settings.MAILBOX_DIR = tmp_path
    return tmp_path


def queued(**fields) -> Store:
    """A store with one message that would go at DUE."""
    store = make_store(**fields)
    make_flow(store)
    put(store, checkout())
    sweep(DUE), intake.take(DUE), run_flows(DUE)
    assert Message.objects.get().state == "queued"
    return store


def verdict(mailbox, at: datetime = DUE) -> tuple[str, str]:
    """What became of the message; a refused one must not have been sent."""
    send_due(at)
    message = Message.objects.get()
    assert (message.state == "sent") == bool(read_mailbox(mailbox))
    return message.state, message.reason


def test_it_goes_when_nothing_stands_against_it(mailbox):
    queued()
    assert verdict(mailbox) == ("sent", "")
    assert [d.verdict for d in Decision.objects.order_by("id")] == ["enrolled", "sent"]


def set_step(**fields) -> None:
    """Change the first step, as if it had been published so."""
    FlowVersion.objects.update(published_at=None)
    FlowStep.objects.filter(position=1).update(**fields)
    FlowVersion.objects.update(published_at=ago(days=1))


REFUSALS = {
    "store_is_off": lambda: Store.objects.update(uninstalled_at=NOW),
    "erased": lambda: Customer.objects.update(erased_at=NOW),
    "ordered": lambda: put(Store.objects.get(), order(at=after(minutes=30))),
    "returned": lambda: put(Store.objects.get(), checkout(at=after(minutes=30)), at=after(minutes=30)),
    "emptied": lambda: put(Store.objects.get(), checkout(at=after(minutes=30), lines=()), at=after(minutes=30)),
    "opted out by hand": lambda: Enrolment.objects.update(
        state="stopped", stop_reason="opted out by hand", due_at=None
    ),
    "suppressed": lambda: consent.suppress(Store.objects.get().pk, "email", person().email, "bounce", now=NOW),
    "no_consent": lambda: Customer.objects.get().consents.all().delete(),
    "no_address": lambda: Customer.objects.update(email=""),
    "condition": lambda: set_step(conditions={"min_total": "100"}),
    "broken_conditions": lambda: set_step(conditions={"minimum": 3}),
}


@pytest.mark.parametrize("reason", REFUSALS)
def test_it_never_goes(reason, mailbox):
    queued()
    REFUSALS[reason]()
    assert verdict(mailbox) == ("skipped", reason)
    assert Decision.objects.filter(verdict="skipped", reason=reason).exists()


@pytest.mark.parametrize(
    ("conditions", "goes"),
    [
        ({"min_total": "91"}, True),
        ({"max_total": "90.99"}, False),
        ({"shopper": "new"}, True),
        ({"shopper": "returning"}, False),
        ({"countries": ["fi"]}, True),
        ({"countries": ["SE", "NO"]}, False),
        ({"items": ["p9", "v2"]}, True),
        ({"items": ["p9"]}, False),
    ],
)
def test_conditions_are_asked_at_the_door(conditions, goes, mailbox):
    queued()
    Cart.objects.update(country="FI")
    set_step(conditions=conditions)
    assert verdict(mailbox)[0] == ("sent" if goes else "skipped")


def test_a_returning_customer_has_an_earlier_order(mailbox):
    store = queued()
    put(store, order("O0", at=ago(days=30), token="", lines=()))
    set_step(conditions={"shopper": "returning"})
    assert verdict(mailbox) == ("sent", "")


def test_it_is_skipped_when_it_comes_too_late_for_its_window(mailbox):
    queued()
    assert verdict(mailbox, after(hours=6, minutes=31)) == ("skipped", "too_late")


def waits_until(mailbox, reason: str) -> datetime:
    assert verdict(mailbox) == ("queued", reason)
    return Message.objects.get().due_at


def test_it_waits_out_quiet_hours_in_the_stores_own_time(mailbox):
    queued(quiet_from=time(14), quiet_until=time(16))  # 12:31 UTC is 14:31 in Helsinki
    assert waits_until(mailbox, "quiet_hours") == datetime(2026, 3, 10, 14, tzinfo=UTC)
    assert verdict(mailbox, datetime(2026, 3, 10, 14, tzinfo=UTC)) == ("sent", "")


def test_it_waits_out_a_paused_flow_and_goes_when_it_runs_again(mailbox):
    queued()
    Flow.objects.update(status="paused")
    until = waits_until(mailbox, "flow_paused")
    Flow.objects.update(status="live")
    assert verdict(mailbox, until) == ("sent", "")


def test_it_waits_while_its_provider_is_paused(mailbox):
    queued()
    ProviderPause.objects.create(
        channel="email", provider="smtp", code="535", detail="wrong password", began_at=NOW, until=after(minutes=45)
    )
    assert waits_until(mailbox, "provider_paused") == after(minutes=45)


def test_it_keeps_the_gap_to_the_last_message_to_the_same_person(mailbox):
    store = queued()
    Flow.objects.update(minimum_gap=td(hours=3), days_between=0)
    send_due(DUE)
    put(store, checkout("C2", at=after(hours=1)), at=after(hours=1))
    sweep(after(hours=2)), intake.take(after(hours=2)), run_flows(after(hours=2))
    send_due(after(hours=2))
    first, second = Message.objects.order_by("id")
    assert (second.state, second.reason) == ("queued", "minimum_gap")
    assert first.sent_at and second.due_at == first.sent_at + td(hours=3)
    assert len(read_mailbox(mailbox)) == 1


def test_it_waits_for_an_inbox_that_is_behind(mailbox):
    store = queued()
    Delivery.objects.create(store=store, topic="cart.updated", dedupe_key="1", body=b"{}", received_at=ago(minutes=1))
    assert waits_until(mailbox, "inbox_behind") > DUE


def test_it_waits_for_a_reply_that_nobody_has_read_yet(mailbox):
    store = queued()
    event = ProviderEvent.objects.create(provider="twilio", kind="inbound", store=store, dedupe_key="1", payload={})
    assert waits_until(mailbox, "inbox_behind") > DUE
    ProviderEvent.objects.filter(pk=event.pk).update(state="done")
    assert verdict(mailbox, DUE + td(seconds=5)) == ("sent", "")


def test_a_wait_that_outlives_its_window_is_a_refusal(mailbox):
    queued(quiet_from=time(14), quiet_until=time(23))
    assert verdict(mailbox) == ("skipped", "too_late")
    assert Message.objects.get().detail == "quiet_hours until 2026-03-10 21:00 UTC"


def test_waiting_for_the_same_reason_again_adds_nothing_to_the_ledger(mailbox):
    queued()
    Flow.objects.update(status="paused")
    for minutes in (0, 6, 12):
        send_due(DUE + td(minutes=minutes))
    assert Decision.objects.filter(verdict="deferred").count() == 1


def test_the_number_of_queries_does_not_grow_with_the_batch(mailbox):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from recovery.outbox.prepare import prepare

    counts = []
    for size in (2, 20):
        store = make_store()
        make_flow(store)
        put(store, *[checkout(f"K{n}", person=person(n)) for n in range(size)])
        sweep(DUE), intake.take(DUE), run_flows(DUE)
        with CaptureQueriesContext(
            connection,
        ) as seen:
            ready, _, _ = prepare(DUE, 50)
        assert len(ready) == size
        counts.append(len(seen))
    assert counts[0] == counts[1]
