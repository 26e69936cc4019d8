"""Variants of a step: one for each shopper, for good."""

from __future__ import annotations

from datetime import timedelta as td

import pytest

from customers.models import Channel
from recovery.flows.publish import CannotPublish, StepPlan, VariantPlan, draft_of, publish
from recovery.models import Assignment, Experiment, Message, TemplateText
from tests.factories import NOW, after, ago, checkout, make_store, person, put
from tests.recovery.experiments.scene import DUE, MANY, arm, fall_silent, publish_steps, run, template, two_variants

pytestmark = pytest.mark.django_db


def test_each_shopper_gets_the_template_of_their_variant():
    store = make_store()
    two_variants(store, template=template(store, "help"))
    TemplateText.objects.filter(template__name="Help").update(subject="Of variant B")
    fall_silent(store, MANY)
    run()
    for message in Message.objects.select_related("variant"):
        assert message.variant and message.variant.name == arm(message.customer_id)
        assert (message.subject == "Of variant B") == (message.variant.name == "B")
    assert set(Assignment.objects.values_list("arm", flat=True)) == {"A", "B"}


def test_a_shopper_keeps_their_variant_with_the_next_cart():
    store = make_store()
    two_variants(store, template=template(store, "help"))
    fall_silent(store, 6)
    run()
    before = dict(Message.objects.values_list("customer_id", "variant__name"))
    at = after(days=5)
    for n in range(1, 7):
        put(store, checkout(f"N{n}", at, person=person(n), tokens=(f"checkout:N{n}",)), at=at)
    run(after(days=5, minutes=31))
    again = Message.objects.filter(created_at__gt=after(days=4))
    assert dict(again.values_list("customer_id", "variant__name")) == before
    assert Assignment.objects.count() == 6


def test_a_later_variant_waits_from_the_draw_and_goes_at_its_own_time():
    store = make_store()
    two_variants(store, delay=td(hours=4))
    fall_silent(store, MANY)
    run()
    now = {
        m.variant.name: (m.state, m.reason, m.due_at) for m in Message.objects.select_related("variant") if m.variant
    }
    assert now["A"][:2] == ("sending", "")
    assert now["B"] == ("queued", "variant_delay", NOW + td(hours=4))
    assert Assignment.objects.count() == MANY
    run(after(hours=4))
    assert set(Message.objects.values_list("state", flat=True)) == {"sending"}
    late = Message.objects.filter(variant__name="B")[0]
    assert (late.planned_at, late.expires_at) == (after(hours=4), after(hours=10))


def test_after_downtime_a_variant_that_came_too_late_is_counted_all_the_same():
    store = make_store()
    two_variants(store, delay=td(hours=24))
    fall_silent(store, MANY)
    run(after(hours=8))
    told = {m.variant.name: (m.state, m.reason) for m in Message.objects.select_related("variant") if m.variant}
    assert told == {"A": ("skipped", "too_late"), "B": ("queued", "variant_delay")}
    assert Assignment.objects.count() == MANY


def test_held_out_shoppers_are_in_no_comparison_of_variants():
    store = make_store()
    variants = [VariantPlan("A"), VariantPlan("B", template=template(store, "help"))]
    publish_steps(store, StepPlan(td(minutes=30), template(store), variants=variants), holdout=50)
    fall_silent(store, MANY)
    run()
    held = Assignment.objects.filter(arm="holdout").values_list("customer_id", flat=True)
    compared = Assignment.objects.filter(experiment__kind="variants").values_list("customer_id", flat=True)
    assert held and compared and not set(held) & set(compared)
    assert len(held) + len(compared) == MANY


def test_a_whatsapp_template_without_approval_stops_every_arm(settings):
    settings.TWILIO_ACCOUNT_SID = "AC" + "0" * 32
    settings.TWILIO_WHATSAPP_FROM = "+358401112233"
    store = make_store()
    mine, other = (template(store, key, Channel.WHATSAPP) for key in ("reminder", "help"))
    TemplateText.objects.filter(template=mine).update(approval="approved", content_sid="HX1")
    publish_steps(store, StepPlan(td(minutes=30), mine, variants=[VariantPlan("A"), VariantPlan("B", template=other)]))
    put(store, checkout(person=person(phone="+358401234567", country="FI", consents=("whatsapp",))))
    run()
    assert Message.objects.get().reason == "template_not_approved"
    assert not Assignment.objects.exists()


def test_a_fallback_carries_the_variant_along():
    from recovery.outbox.enqueue import fall_back

    store = make_store()
    variants = [VariantPlan("A"), VariantPlan("B", weight=3)]
    plan = StepPlan(
        td(minutes=30), template(store), variants=variants, fallbacks=[template(store, "reminder", Channel.SMS)]
    )
    publish_steps(store, plan)
    fall_silent(store, 1)
    run()
    message = Message.objects.get()
    assert fall_back(message, now=DUE)
    assert Message.objects.get(fallback_of=message).variant_id == message.variant_id is not None


WRONG = {
    "has only one variant": [VariantPlan("A")],
    "Step 2 would come before step 1": [VariantPlan("A"), VariantPlan("B", delay=td(hours=30))],
    "variant B goes by email, but its template is for sms": [VariantPlan("A"), VariantPlan("B")],
}


@pytest.mark.parametrize("sentence", WRONG)
def test_variants_that_cannot_be_compared_are_not_published(sentence):
    from dataclasses import replace

    store = make_store()
    variants = WRONG[sentence]
    if "sms" in sentence:
        variants = [variants[0], replace(variants[1], template=template(store, "reminder", Channel.SMS))]
    first = StepPlan(td(hours=1), template(store), variants=variants)
    with pytest.raises(CannotPublish) as told:
        publish_steps(store, first, StepPlan(td(hours=24), template(store)))
    assert any(sentence in problem for problem in told.value.problems)


def test_the_next_draft_has_the_same_variants_and_goes_on_with_the_test():
    store = make_store()
    flow = two_variants(store, template=template(store, "help")).flow
    draft = draft_of(flow)
    assert [(v.name, v.template_id) for v in draft.steps.get().variants.all()] == [
        (v.name, v.template_id) for v in flow.versions.get(number=1).steps.get().variants.all()
    ]
    publish(flow, now=NOW)
    assert Experiment.objects.get().ended_at is None


def test_other_weights_are_another_experiment():
    store = make_store()
    flow = two_variants(store, template=template(store, "help")).flow
    draft_of(flow).steps.get().variants.filter(name="B").update(weight=2)
    publish(flow, now=NOW)
    told = Experiment.objects.order_by("pk").values_list("started_at", "ended_at")
    assert list(told) == [(ago(days=1), NOW), (NOW, None)]
