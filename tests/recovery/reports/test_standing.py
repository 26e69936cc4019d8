"""Experiments in a list: their verdicts told shortly, the same as on their own pages."""

from __future__ import annotations

import pytest

from recovery.models import Experiment
from recovery.reports.lifts import Lift
from recovery.reports.standing import standings
from recovery.reports.trial_words import Said, in_short
from recovery.reports.trials import findings
from recovery.statistics.verdict import GAIN, OPEN, Verdict
from tests.factories import NOW, ago, make_store
from tests.recovery.reports.test_trials import experiment, shoppers

HOLDOUT, TEST = Experiment(kind="holdout"), Experiment(kind="variants")


def lift(arm: str, word: str, more: int | None = None) -> Lift:
    return Lift(arm, "A", None, 0, Verdict(word, more), 0)


def test_of_a_holdout_the_verdict_alone_is_told() -> None:
    assert in_short(HOLDOUT, [lift("treated", OPEN, 2380)]) == [Said(OPEN, "", "about 2,400 more shoppers")]


def test_arms_with_one_verdict_are_told_together_and_others_apart() -> None:
    found = in_short(TEST, [lift("B", OPEN, 918), lift("C", GAIN), lift("D", OPEN, 920), lift("E", OPEN)])
    assert found == [
        Said(OPEN, "B and D against A", "about 920 more shoppers"),
        Said(GAIN, "C against A", ""),
        Said(OPEN, "E against A", ""),
    ]


def test_three_arms_read_as_a_list() -> None:
    assert in_short(TEST, [lift(name, GAIN) for name in "BCD"])[0].arms == "B, C and D against A"


@pytest.mark.django_db
def test_several_experiments_stand_as_each_does_alone() -> None:
    store = make_store()
    ended = experiment(store, plan={"units": 300}, started_at=ago(days=200), ended_at=ago(days=100))
    trial = experiment(store, plan={"units": 300})
    shoppers(trial, 300, lift=0.1)
    early, full = standings(store, [ended, trial], as_of=NOW)
    assert [(name, arm.assigned) for name, arm in early.arms.items()] == [("treated", 0), ("holdout", 0)]
    (known,) = findings(trial, as_of=NOW).comparisons
    assert [one.verdict for one in full.lifts] == [known.verdict]
    assert full.open == 0 and early.lifts[0].verdict.word == "too early"
