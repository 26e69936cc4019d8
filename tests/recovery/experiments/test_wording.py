"""Words that change in the middle of a test are told, before and after."""

from __future__ import annotations

from datetime import datetime
from datetime import timedelta as td

import pytest

from recovery.experiments.wording import reworded, running_with
from recovery.flows.publish import StepPlan
from recovery.models import Experiment, MessageTemplate, TemplateVersion
from recovery.reports.trial_json import findings_json
from recovery.reports.trials import findings
from tests.factories import NOW, ago, make_store
from tests.recovery.experiments.scene import publish_steps, template, two_variants

pytestmark = pytest.mark.django_db


def publish_words(written: MessageTemplate, at: datetime) -> TemplateVersion:
    """Another version of it."""
    number = written.versions.count() + 1
    return TemplateVersion.objects.create(template=written, number=number, edited_at=at, published_at=at)


def running() -> tuple[Experiment, MessageTemplate, MessageTemplate]:
    """A test that began yesterday, and the words of its arms."""
    store = make_store()
    other = template(store, "help")
    two_variants(store, template=other)
    return Experiment.objects.get(), template(store), other


def test_words_published_while_it_runs_are_remembered():
    trial, first, second = running()
    publish_words(first, ago(days=3))
    during = [publish_words(second, ago(hours=5)), publish_words(first, ago(hours=2))]
    assert reworded(trial) == during
    assert [one["version"] for one in findings_json(findings(trial, as_of=NOW))["reworded"]] == [2, 3]


def test_words_published_after_its_end_are_not_its_business():
    trial, first, _ = running()
    Experiment.objects.update(ended_at=ago(hours=3))
    trial.refresh_from_db()
    publish_words(first, ago(hours=2))
    assert (reworded(trial), running_with(first)) == ([], [])


def test_a_holdout_is_about_the_words_of_every_step():
    store = make_store()
    first, second, third = (template(store, key) for key in ("reminder", "help", "farewell"))
    publish_steps(store, *_steps(first, second), holdout=10)
    trial = Experiment.objects.get()
    assert [running_with(one) for one in (first, second, third)] == [[trial], [trial], []]


def _steps(*templates: MessageTemplate) -> list[StepPlan]:
    return [StepPlan(td(hours=n), one) for n, one in enumerate(templates, 1)]
