"""What is tested is written down before it starts, and does not change while it runs."""

from __future__ import annotations

from datetime import timedelta as td

import pytest
from django.db import DatabaseError, transaction

from recovery.experiments.plans import control_of, set_store_holdout, store_holdout, trials_of, unlike
from recovery.flows.publish import problems, publish, warnings
from recovery.models import Experiment, StepVariant
from tests.factories import NOW, after, make_flow, make_store

pytestmark = pytest.mark.django_db


def test_a_store_holds_nobody_out_until_it_is_told():
    assert store_holdout(make_store()) == 0


def test_another_share_ends_the_experiment_and_starts_the_next():
    store = make_store()
    set_store_holdout(store, 10, now=NOW)
    set_store_holdout(store, 10, now=after(days=1))
    set_store_holdout(store, 20, now=after(days=2))
    assert store_holdout(store) == 20
    told = Experiment.objects.order_by("started_at").values_list("started_at", "ended_at")
    assert list(told) == [(NOW, after(days=2)), (after(days=2), None)]
    assert Experiment.objects.values("salt").distinct().count() == 2


def test_no_share_ends_it():
    store = make_store()
    set_store_holdout(store, 10, now=NOW)
    set_store_holdout(store, 0, now=after(days=1))
    assert store_holdout(store) == 0
    assert Experiment.objects.get().ended_at == after(days=1)


@pytest.mark.parametrize("percent", [-1, 51])
def test_more_than_half_is_no_holdout(percent):
    with pytest.raises(ValueError, match="0 to 50"):
        set_store_holdout(make_store(), percent, now=NOW)


@pytest.mark.parametrize("change", [{"salt": "x"}, {"arms": []}, {"plan": {}}, {"started_at": after(days=1)}])
def test_nothing_but_its_end_is_ever_written(change):
    set_store_holdout(make_store(), 10, now=NOW)
    with pytest.raises(DatabaseError, match="a running experiment never changes"), transaction.atomic():
        Experiment.objects.update(**change)


def test_the_plan_says_what_is_left_open():
    set_store_holdout(make_store(), 10, now=NOW, plan={"window_days": 30})
    plan = {"metric": "orders", "window_days": 30, "alpha": 0.05, "power": 0.8, "lift": 0.2}
    assert Experiment.objects.get().plan == plan | {"base": 0.1, "assumed": True, "units": 19962}


def test_variants_of_a_published_step_never_change():
    step = make_flow(make_store()).versions.get().steps.get(position=1)
    with pytest.raises(DatabaseError, match="a published version of a flow never changes"), transaction.atomic():
        StepVariant.objects.create(step=step, name="A")


def test_a_version_without_holdout_and_variants_asks_for_no_test():
    assert trials_of(make_flow(make_store()).versions.get()) == []


def test_variants_that_are_the_same_are_warned_of_and_may_be_published(draft_step):
    for name, delay in (("A", None), ("B", draft_step.delay), ("C", td(hours=4))):
        StepVariant.objects.create(step=draft_step, name=name, delay=delay)
    flow = draft_step.version.flow
    said = (
        "Step 1: the variants A and B are the same: between them the test can only find chance. "
        "Give one another template, time or discount, unless you want to try out the draw itself."
    )
    assert (warnings(draft_step.version), problems(draft_step.version)) == ([said], [])
    assert publish(flow, now=NOW).number == 2


def test_an_arm_tells_in_what_it_differs(draft_step):
    StepVariant.objects.create(step=draft_step, name="B", weight=2, delay=td(hours=4))
    StepVariant.objects.create(step=draft_step, name="A")
    (trial,) = trials_of(draft_step.version)
    own = {"template": draft_step.template_id, "offer": None}
    assert (trial.kind, trial.position) == ("variants", 1)
    assert trial.arms == [
        {"name": "A", "weight": 1, "delay": 1800, **own},
        {"name": "B", "weight": 2, "delay": 14400, **own},
    ]


def test_arms_stand_in_the_order_of_their_numbers_and_the_first_is_what_the_others_are_measured_against(draft_step):
    for hours in (24, 4, 1):
        StepVariant.objects.create(step=draft_step, name=f"{hours} h", delay=td(hours=hours))
    (trial,) = trials_of(draft_step.version)
    assert [arm["name"] for arm in trial.arms] == ["1 h", "4 h", "24 h"]
    assert control_of(trial.arms) == "1 h"


def test_a_test_whose_arms_were_written_down_in_another_order_goes_on(draft_step):
    for name in ("4 h", "24 h"):
        StepVariant.objects.create(step=draft_step, name=name)
    flow, wanted = draft_step.version.flow, trials_of(draft_step.version)
    arms = wanted[0].arms[::-1]
    running = Experiment(kind="variants", position=1, arms=arms)
    assert unlike([running], wanted) == ([], [])
    Experiment.objects.create(store=flow.store, flow=flow, kind="variants", position=1, arms=arms, started_at=NOW)
    publish(flow, now=after(hours=1))
    assert (Experiment.objects.get().arms, Experiment.objects.get().ended_at) == (arms, None)


@pytest.fixture
def draft_step():
    from recovery.flows.publish import draft_of

    return draft_of(make_flow(make_store())).steps.first()
