"""What a flow's messages add: the experiments' own numbers, counted at once."""

from __future__ import annotations

from typing import Any

import pytest

from customers.models import Store
from recovery.models import Assignment, Experiment
from recovery.reports.asked import Asked
from recovery.reports.draws import Counted
from recovery.reports.lifts import Lift, counted, lifts_of, lifts_over_holdout, ran
from recovery.reports.pages.flow import flow
from recovery.reports.period import period
from recovery.reports.sheet import Table
from recovery.reports.trials import findings
from tests.factories import NOW, after, ago, make_flow, make_store
from tests.recovery.reports.story import message, silent
from tests.recovery.reports.test_trials import HALF, experiment, shoppers

pytestmark = pytest.mark.django_db

AB = [{"name": "A", "weight": 1}, {"name": "B", "weight": 1}]


def asked(store: Store, at: Any = NOW) -> Asked:
    return Asked(store, period(ago(days=70).date(), NOW.date(), as_of=at, zone=store.zone), at)


def holdout(store: Store, **fields: Any) -> Experiment:
    return experiment(store, HALF, flow=make_flow(store), **fields)


def variants_beside(trial: Experiment, **fields: Any) -> Experiment:
    """A test of the first step that began with the holdout: everybody who was not held out is drawn for it."""
    test = experiment(
        trial.store, AB, flow=trial.flow, kind="variants", position=1, started_at=trial.started_at, **fields
    )
    treated = Assignment.objects.filter(experiment=trial, arm="treated").order_by("pk")
    Assignment.objects.bulk_create(
        Assignment(experiment=test, customer_id=one.customer_id, arm="AB"[n % 2], assigned_at=one.assigned_at)
        for n, one in enumerate(treated)
    )
    return test


def lifts(trial: Experiment) -> list[Lift]:
    return lifts_of(trial, counted(trial.store, [trial], NOW).get(trial.pk, {}))


def test_it_is_the_experiments_own_number() -> None:
    trial = holdout(make_store(), plan={"units": 3000})
    shoppers(trial, 3000, lift=0.08)
    (one,) = lifts(trial)
    (known,) = findings(trial, as_of=NOW).comparisons
    assert (one.estimate, one.verdict, one.arm, one.against) == (known.held, known.verdict, "treated", "holdout")
    assert one.verdict.word == "proven gain"


def test_too_few_shoppers_prove_nothing() -> None:
    trial = holdout(make_store(), plan={"units": 3000})
    shoppers(trial, 90, lift=0.5)
    (one,) = lifts(trial)
    assert one.estimate and one.estimate.low > 0
    assert one.verdict.word == "too early"


def test_nobody_drawn_is_no_lift() -> None:
    (one,) = lifts(holdout(make_store()))
    assert (one.estimate, one.n, one.verdict.word) == (None, 0, "too early")


def test_arms_filled_otherwise_than_planned_are_not_compared() -> None:
    trial = holdout(make_store(), plan={"units": 300})
    shoppers(trial, 300, lift=0.2)
    Assignment.objects.filter(experiment=trial, arm="holdout", customer__orders=None).delete()
    (one,) = lifts(trial)
    assert (one.verdict.word, one.estimate) == ("no verdict", None)


def test_several_variants_share_the_error_that_one_may_have() -> None:
    arms = [*AB, {"name": "C", "weight": 1}]
    three = experiment(make_store(), arms, flow=None, plan={"units": 3000})
    counts = {"A": Counted(1000, 1000, 100), "B": Counted(1000, 1000, 147), "C": Counted(1000, 1000, 100)}
    assert [one.verdict.word for one in lifts_of(three, counts)] == ["not proven yet"] * 2
    two = Experiment(arms=AB, plan=three.plan)
    assert [one.verdict.word for one in lifts_of(two, {name: counts[name] for name in "AB"})] == ["proven gain"]


def test_variants_of_the_first_step_stand_beside_those_held_out() -> None:
    trial = holdout(make_store(), plan={"units": 1000})
    shoppers(trial, 1000, lift=0.0)
    test = variants_beside(trial, plan={"units": 1000})
    found = lifts_over_holdout(test, trial, counted(trial.store, [trial, test], NOW))
    assert [(one.arm, one.against, one.verdict.word) for one in found] == [
        ("A", "holdout", "not proven yet"), ("B", "holdout", "not proven yet"),
    ]  # fmt: skip


def test_the_natural_return_of_those_held_out_stands_beside_the_first_steps_variants() -> None:
    trial = holdout(make_store(), plan={"units": 200})
    shoppers(trial, 200, lift=0.0)
    test = variants_beside(trial)
    beside, own = (findings(one, as_of=NOW).curve["holdout"] for one in (test, trial))
    assert beside == own
    later = variants_beside(holdout(make_store()), plan={})
    later.position = 2
    assert findings(later, as_of=NOW).curve == {}


def test_variants_that_began_later_or_met_others_are_not_set_beside_them() -> None:
    trial = holdout(make_store())
    shoppers(trial, 100, lift=0.0)
    test = variants_beside(trial)
    found = counted(trial.store, [trial, test], NOW)
    Assignment.objects.filter(experiment=test, arm="A")[0].delete()
    assert lifts_over_holdout(test, trial, counted(trial.store, [trial, test], NOW)) == []
    test.started_at = ago(days=40)
    assert lifts_over_holdout(test, trial, found) == []


def test_the_newest_draw_of_the_days_is_told() -> None:
    store = make_store()
    holdout(store, started_at=ago(days=200), ended_at=ago(days=100))
    old = holdout(store, started_at=ago(days=90), ended_at=ago(days=50))
    new = experiment(store, HALF, flow=old.flow, started_at=ago(days=50))
    whole, flows = ran(asked(store))
    assert (whole, {flow: trials.holdout for flow, trials in flows.items()}) == (None, {old.flow_id: new})


def tables(store: Store) -> dict[str, Table]:
    days = Asked(store, period(NOW.date(), NOW.date(), as_of=after(days=20), zone=store.zone), after(days=20))
    return {table.key: table for section in flow(days) for table in section.tables}


def test_the_page_says_for_each_step_what_is_known() -> None:
    store = make_store()
    trial = holdout(store, plan={"units": 400}, started_at=ago(days=60))
    cart = silent(store, 1)
    message(cart)
    message(cart)
    shoppers(trial, 400, lift=0.0)
    rows = [(step, against, verdict) for step, against, _, verdict in tables(store)[f"lift-{trial.flow_id}"].rows]
    assert [row[:2] for row in rows] == [("All steps", "held out"), ("1", "–"), ("2", "–")]
    assert str(rows[0][2]).startswith("not proven yet") and "not drawn by itself" in str(rows[1][2])


def test_without_a_draw_the_page_says_that_it_cannot_be_known() -> None:
    store = make_store()
    message(silent(store, 1))
    days = Asked(store, period(NOW.date(), NOW.date(), as_of=after(days=20), zone=store.zone), after(days=20))
    assert "nobody can tell what its messages add" in flow(days)[1].empty
