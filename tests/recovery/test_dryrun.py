"""A dry run tells what the door would have said, and leaves everything as it was."""

from __future__ import annotations

import json
from datetime import datetime, time
from datetime import timedelta as td
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from carts.abandonment import sweep
from customers import consent
from customers.models import Channel, Store
from recovery.dryrun import DryRun, NothingToRun, dry_run
from recovery.flows.publish import StepPlan, VariantPlan, write_steps
from recovery.models import Assignment, Decision, Enrolment, Flow, Message, MessagePrice
from tests.factories import NOW, after, ago, checkout, make_flow, make_store, order, person, put
from tests.recovery.experiments.scene import fall_silent, run, template

pytestmark = pytest.mark.django_db

LATER = after(days=10)


def draft(store: Store, *plans: StepPlan, **version: int) -> Flow:
    """A flow that was never published."""
    flow = Flow.objects.create(store=store, name="Draft", minimum_gap=td(hours=6))
    write_steps(flow, plans)
    flow.versions.update(**version)
    return flow


def reminder(store: Store, **fields: Any) -> StepPlan:
    chosen: dict[str, Any] = {"delay": td(hours=1), "template": template(store)} | fields
    return StepPlan(**chosen)


def silent(store: Store, count: int = 3, at: datetime = NOW, first: int = 1) -> None:
    fall_silent(store, count, at, first)
    while sweep(at + store.abandon_after):
        pass


def told(result: DryRun) -> list[tuple[int, str, str, datetime]]:
    lines = (row.line for row in result.rows if row.line.step)
    return [(line.step, line.outcome, line.reason, line.at) for line in lines]


def test_it_tells_who_would_have_got_what_and_when():
    store = make_store()
    silent(store, 1)
    result = dry_run(draft(store, reminder(store), reminder(store, delay=td(hours=24))), now=LATER)
    assert told(result) == [(1, "sent", "", after(hours=1)), (2, "sent", "", after(hours=24))]
    assert (result.carts, result.carts_there, result.entered, result.sent) == (1, 1, 1, 2)
    assert [row.line.channel for row in result.behind(1, "sent")] == ["email"]


def test_nothing_is_written_and_nothing_is_sent():
    store = make_store()
    silent(store)
    flow = draft(store, reminder(store), holdout_percent=20)
    with CaptureQueriesContext(connection) as seen:
        dry_run(flow, now=LATER)
    assert [query["sql"] for query in seen if not query["sql"].startswith("SELECT")] == []
    for model in (Message, Enrolment, Decision, Assignment):
        assert not model.objects.exists()


def test_an_order_stops_every_step_that_comes_after_it():
    store = make_store()
    silent(store, 1)
    put(store, order(at=after(hours=20), person=person(1), token="C1"), at=after(hours=20))
    flow = draft(store, reminder(store), reminder(store, delay=td(hours=24)))
    assert told(dry_run(flow, now=LATER))[1] == (2, "skipped", "ordered", after(hours=24))


def test_a_shopper_who_came_back_hears_no_more_of_that_cart():
    store = make_store()
    silent(store, 1)
    put(store, checkout("C1", after(hours=5), person=person(1), tokens=("checkout:C1",)), at=after(hours=5))
    flow = draft(store, reminder(store), reminder(store, delay=td(hours=24)))
    assert [line[1:3] for line in told(dry_run(flow, now=LATER))] == [("sent", ""), ("skipped", "returned")]


def test_quiet_hours_shift_and_the_shift_is_told():
    store = make_store(quiet_from=time(14), quiet_until=time(16))  # 13:00 UTC is 15:00 in Helsinki
    silent(store, 2)
    result = dry_run(draft(store, reminder(store)), now=LATER)
    assert {line[3] for line in told(result)} == {after(hours=2)}
    assert (result.steps[0].sent, result.steps[0].shifted) == (2, {"quiet_hours": 2})
    assert len(result.behind(1, "sent", shift="quiet_hours")) == 2


def test_the_gap_and_the_cap_hold_over_all_carts_of_a_shopper():
    store = make_store(cap_messages=2, cap_days=7)
    for n, hours in enumerate((0, 26, 52)):
        at = after(hours=hours)
        put(store, checkout(f"C{n}", at, person=person(1), tokens=(f"checkout:C{n}",)), at=at)
        sweep(after(hours=hours, minutes=31))
    result = dry_run(draft(store, reminder(store)), now=LATER)
    assert [line[1:3] for line in told(result)] == [("sent", ""), ("sent", ""), ("skipped", "too_late")]
    assert result.steps[0].shifted == {}
    assert "frequency_cap" in result.behind(1, "skipped")[0].line.detail


def test_who_may_not_be_written_to_is_counted_by_reason():
    store = make_store()
    silent(store, 3)
    put(store, checkout("N", person=person(9, consents=()), tokens=("checkout:N",)))
    put(store, checkout("A", person=person(email=""), tokens=("checkout:A",)))
    sweep(after(minutes=31))
    consent.suppress(store.pk, "email", person(1).email, "bounce", now=NOW)
    result = dry_run(draft(store, reminder(store)), now=LATER)
    assert result.steps[0].skipped == {"suppressed": 1, "no_consent": 1}
    assert result.refused == {"no_address": 1}
    assert (result.carts, result.steps[0].sent) == (5, 2)


def test_the_shares_of_holdout_and_variants_are_told():
    store = make_store()
    silent(store, 200)
    variants = [VariantPlan("A"), VariantPlan("B", template=template(store, "help"))]
    result = dry_run(draft(store, reminder(store, variants=variants), holdout_percent=50), now=LATER)
    step = result.steps[0]
    assert step.sent + step.held_out == 200
    assert 70 <= step.held_out <= 130  # a fair coin leaves this range once in 40,000 times, and the lots are fixed
    assert set(step.by_variant) == {"A", "B"} and sum(step.by_variant.values()) == step.sent


def test_an_sms_costs_by_its_segments_at_the_stores_own_price():
    store = make_store()
    MessagePrice.objects.create(store=store, channel="sms", country="FI", amount=Decimal("0.05"), currency="EUR")
    shopper = person(phone="+358401234567", country="FI", consents=("sms",))
    put(store, checkout(person=shopper))
    sweep(after(minutes=31))
    sms = template(store, "reminder", Channel.SMS)
    result = dry_run(draft(store, reminder(store, template=sms)), now=LATER)
    (row,) = result.behind(1, "sent", channel="sms")
    assert row.line.segments in (1, 2)
    assert result.cost == {"EUR": Decimal("0.05") * row.line.segments}
    assert "SMS to FI: 0.05 EUR a segment (the store's own price)." in result.notes


def test_without_a_price_of_the_store_the_table_says_one_with_its_source():
    store = make_store()
    silent(store, 3)
    result = dry_run(draft(store, reminder(store)), now=LATER)
    assert result.cost == {"USD": Decimal("0.0003")}
    assert any("Amazon SES" in note for note in result.notes)


def test_of_too_many_carts_whole_shoppers_are_drawn():
    store = make_store()
    silent(store, 30)
    result = dry_run(draft(store, reminder(store)), now=LATER, most=10)
    assert (result.carts, result.carts_there, result.steps[0].sent) == (10, 30, 10)
    assert result.notes[0] == "A sample: 10 of 30 carts, whole shoppers drawn by lot."


def test_carts_are_old_enough_for_every_step():
    store = make_store()
    silent(store, 1)
    flow = draft(store, reminder(store), reminder(store, delay=td(hours=72)))
    assert dry_run(flow, now=after(hours=78)).carts == 0
    assert dry_run(flow, now=after(hours=79)).carts == 1


def statements(flow: Flow) -> int:
    with CaptureQueriesContext(connection) as seen:
        dry_run(flow, now=LATER)
    return len(seen)


def test_the_number_of_statements_does_not_grow_with_the_carts():
    store = make_store()
    flow = draft(store, reminder(store))
    silent(store, 5)
    few = statements(flow)
    silent(store, 150, first=1000)
    assert statements(flow) == few


def test_a_flow_without_a_step_is_refused():
    with pytest.raises(NothingToRun, match="no step yet"):
        dry_run(Flow.objects.create(store=make_store(), name="Empty"), now=NOW)


def test_it_foretells_what_the_door_then_did():
    """The standard flow is really played in steps of half an hour; the dry run says the same of every message."""
    store = make_store(quiet_from=time(22), quiet_until=time(8), cap_messages=3, cap_days=3)
    flow = make_flow(store)
    start = NOW.replace(hour=0)
    for n in range(16):
        at = start + td(minutes=90 * n)
        put(store, checkout(f"C{n}", at, person=person(n % 11), tokens=(f"checkout:C{n}",)), at=at)
        play(at, at + td(minutes=90))
        if n % 4 == 3:
            put(
                store,
                order(f"O{n}", at + td(minutes=85), f"C{n - 2}", person=person((n - 2) % 11)),
                at=at + td(minutes=85),
            )
    play(start + td(hours=24), start + td(days=5))
    result = dry_run(flow, now=start + td(days=12))
    foretold = {(row.line.cart_id, row.line.step, row.line.at) for row in result.rows if row.line.outcome == "sent"}
    sent = Message.objects.filter(state="sending").values_list("cart_id", "step__position", "sent_at")
    assert foretold == set(sent)
    assert len(foretold) > 20


def play(at: datetime, until: datetime) -> None:
    while at < until:
        run(at)
        at += td(minutes=30)


def test_the_command_prints_one_object_and_sentences():
    store = make_store()
    silent(store, 2)
    flow = draft(store, reminder(store))
    told = StringIO()
    call_command("dry_run", str(flow.pk), "--now", LATER.isoformat(), "--json", stdout=told)
    found = json.loads(told.getvalue())
    assert (found["sent"], found["cost"], len(found["rows"])) == (2, {"USD": "0.0002"}, 4)
    told = StringIO()
    call_command("dry_run", str(flow.pk), "--now", LATER.isoformat(), stdout=told)
    assert "step 1: 2 sent by 2 email, 0 held out, 0.00 USD" in told.getvalue()


def test_the_command_says_which_flows_there_are():
    flow = draft(make_store())
    with pytest.raises(CommandError, match=rf"There is no flow 0. Flows: {flow.pk} \(Draft\)"):
        call_command("dry_run", "0")
    with pytest.raises(CommandError, match="no step yet"):
        call_command("dry_run", str(flow.pk), "--now", ago(days=1).isoformat())
