"""What publishing will change is told before, and pausing holds everything back without a bunch after."""

from __future__ import annotations

from datetime import timedelta as td

import pytest

from customers.models import Channel
from recovery.flows.changes import waiting
from recovery.flows.publish import StepPlan, VariantPlan, changes, draft_of, pause, publish, resume, write_steps
from recovery.models import Flow, FlowVersion, Message
from tests.factories import NOW, after, make_flow, make_store
from tests.recovery.experiments.scene import DUE, fall_silent, run, template, two_variants

pytestmark = pytest.mark.django_db


@pytest.fixture
def flow() -> Flow:
    return make_flow(make_store())


def test_without_a_draft_nothing_changes(flow):
    assert changes(flow) == []


def test_a_draft_like_what_is_published_changes_nothing(flow):
    draft_of(flow)
    assert changes(flow) == ["Nothing changes: the draft is what is published."]


def test_a_flow_that_was_never_published_takes_in_new_carts():
    store = make_store()
    flow = Flow.objects.create(store=store, name="New")
    write_steps(flow, [StepPlan(td(hours=1), template(store))])
    assert changes(flow) == ["New abandoned carts will enter this flow from now on."]


def test_each_difference_is_a_sentence(flow):
    store = flow.store
    first, second, _ = (StepPlan(step.delay, step.template) for step in flow.versions.get().steps.all())
    sms = template(store, "reminder", Channel.SMS)
    cheap = StepPlan(second.delay, second.template, conditions={"min_total": "50", "countries": ["FI"]})
    write_steps(flow, [StepPlan(td(hours=1), first.template, fallbacks=[sms]), cheap])
    FlowVersion.objects.filter(flow=flow, published_at=None).update(holdout_percent=10)
    assert changes(flow) == [
        "Step 1: it goes after 1h instead of 30m.",
        "Step 1: else it sends “Reminder (SMS)” by SMS instead of none.",
        "Step 2: it goes to carts worth at least 50, shoppers in FI instead of everybody.",
        "Step 3 is gone: new shoppers do not get “Farewell” any more.",
        "Of a hundred new shoppers 10 will be held out, instead of none.",
        "The holdout begins: its plan is frozen from then on.",
    ]


def test_other_weights_end_a_test_and_say_so():
    store = make_store()
    flow = two_variants(store, template=template(store, "help")).flow
    fall_silent(store, 5)
    run()
    draft_of(flow).steps.get().variants.filter(name="B").update(weight=3)
    told = changes(flow)
    assert told[0].startswith("Step 1: its variants are A (weight 1, “Reminder” after 30m, no offer), B (weight 3")
    assert told[1] == ("The test of step 1 ends with 5 shoppers drawn: its arms change, so a new one begins at nought.")


def test_who_is_within_the_flow_is_told_by_version_and_step(flow):
    fall_silent(flow.store, 3)
    run()
    draft_of(flow).steps.filter(position=3).delete()
    publish(flow, now=after(hours=1))
    fall_silent(flow.store, 1, at=after(hours=2), first=50)
    run(after(hours=2, minutes=31))
    draft_of(flow)
    assert waiting(flow) == {(1, 2): 3, (2, 2): 1}
    assert changes(flow)[1:] == [
        "3 shoppers are within the flow and will finish version 1: 3 for step 2.",
        "1 shopper is within the flow and will finish version 2: 1 for step 2.",
    ]


def test_a_message_in_the_outbox_waits_for_its_own_step(flow):
    fall_silent(flow.store, 2)
    pause(flow)
    run()
    assert waiting(flow) == {}  # nobody enters a paused flow
    resume(flow, now=DUE)
    fall_silent(flow.store, 2, at=DUE, first=10)
    pause_after_entering(flow)
    assert waiting(flow) == {(1, 1): 2}
    draft_of(flow)
    flow.refresh_from_db()
    assert changes(flow)[0] == "The flow is paused: publishing sets it going again."


def pause_after_entering(flow) -> None:
    from carts.abandonment import sweep
    from recovery import intake

    at = DUE + td(minutes=31)
    sweep(at)
    intake.take(at)
    pause(flow)
    run(at)


def test_a_pause_holds_everything_back_and_what_is_timely_goes_once_after(flow):
    fall_silent(flow.store, 2)
    run()
    pause(flow)
    run(after(hours=24))
    assert set(Message.objects.filter(step__position=2).values_list("state", "reason")) == {("queued", "flow_paused")}
    assert resume(flow, now=after(hours=25))
    run(after(hours=25))
    assert set(Message.objects.filter(step__position=2).values_list("state", flat=True)) == {"sending"}


def test_what_is_too_late_after_a_pause_is_skipped_and_nothing_comes_in_a_bunch(flow):
    fall_silent(flow.store, 2)
    run()
    pause(flow)
    for hours in (24, 31, 72, 73):
        run(after(hours=hours))
    resume(flow, now=after(hours=74))
    run(after(hours=74))
    told = Message.objects.order_by("step__position", "pk").values_list("step__position", "state", "reason")
    assert list(told) == [
        *[(1, "sending", "")] * 2,
        *[(2, "skipped", "too_late")] * 2,
        *[(3, "sending", "")] * 2,
    ]


def test_pausing_and_resuming_twice_changes_nothing(flow):
    assert (pause(flow), pause(flow)) == (True, False)
    assert (resume(flow, now=NOW), resume(flow, now=NOW)) == (True, False)


def test_variants_are_told_by_what_they_change():
    store = make_store()
    flow = two_variants(store, delay=td(hours=4)).flow
    draft = draft_of(flow)
    plan = [VariantPlan("A"), VariantPlan("B", delay=td(hours=24))]
    write_steps(flow, [StepPlan(td(minutes=30), draft.steps.get().template, variants=plan)])
    assert "B (weight 1, “Reminder” after 1d, no offer) instead of A" in changes(flow)[0]
