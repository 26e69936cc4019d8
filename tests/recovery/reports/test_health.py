"""Bounces, spam reports and lopsided draws, against their limits."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

from customers.models import Membership, Role, Store, Suppression
from recovery.admin.front_page import jobs
from recovery.models import Assignment, Experiment, Message
from recovery.reports import health
from tests.factories import NOW, after, ago, make_store
from tests.recovery.reports.story import message, silent

pytestmark = pytest.mark.django_db

ASKED = after(hours=1)


@pytest.fixture
def store() -> Store:
    return make_store(name="Puro")


def mailed(store: Any, count: int) -> None:
    """So many messages sent at NOW, by copying one."""
    first = message(silent(store, 1))
    Message.objects.filter(pk=first.pk).update(planned_at=NOW)
    copies = [
        Message(**{f.attname: getattr(first, f.attname) for f in Message._meta.concrete_fields})
        for _ in range(count - 1)
    ]
    last: Any = first
    for n, copy in enumerate(copies, first.pk + 1):
        copy.pk, copy.planned_at, copy.resend_of = n, NOW, last
        last = copy
    Message.objects.bulk_create(copies)


def stopped(store: Any, reason: str, count: int, at: Any = NOW) -> None:
    Suppression.objects.bulk_create(
        Suppression(store=store, channel="email", address_hash=f"{reason}{at}{n}", reason=reason, at=at)
        for n in range(count)
    )


def test_bounces_and_reports_are_counted_within_each_period(store):
    mailed(store, 200)
    stopped(store, "bounce", 3)
    stopped(store, "bounce", 2, ago(days=10))
    stopped(store, "complaint", 1)
    week, month = health.taken([store], ASKED)
    assert [(one.days, one.sent, one.bounced, one.reported) for one in (week, month)] == [
        (7, 200, 3, 1),
        (30, 200, 5, 1),
    ]
    assert (week.bounce_rate, month.bounce_rate, week.complaint_rate) == (0.015, 0.025, 0.005)


def test_of_few_messages_no_rate_is_told(store):
    mailed(store, 199)
    stopped(store, "bounce", 50)
    assert [(one.bounce_rate, one.complaint_rate) for one in health.taken([store], ASKED)] == [(None, None)] * 2


def test_the_front_page_names_rates_above_their_limits_to_their_own_people(store):
    mailed(store, 200)
    stopped(store, "complaint", 1)
    stopped(store, "bounce", 4)
    user, stranger = User.objects.create_user("mia"), User.objects.create_user("tom")
    Membership.objects.create(user=user, store=store, role=Role.MARKETER)
    told = [(job.text.split(";")[0], job.tone) for job in jobs(user, [store], ASKED)][:2]
    assert told == [
        ("Puro: 1 of 200 e-mails of the last 7 days was reported as spam, 0.50%", "bad"),
        ("Puro: 4 of 200 e-mails of the last 7 days bounced, 2.0%", "bad"),
    ]
    assert jobs(stranger, [], ASKED) == []


@pytest.mark.parametrize(("counts", "alarm"), [((130, 70), True), ((104, 96), False), ((30, 1), False)])
def test_a_draw_that_went_wrong_is_found(store, counts, alarm):
    silent(store, 1)
    arms = [{"name": "A", "weight": 1}, {"name": "B", "weight": 1}]
    test = Experiment.objects.create(store=store, kind="holdout", salt="s", arms=arms, plan={}, started_at=NOW)
    people = [store.customers.create(email=f"p{n}@mail.example") for n in range(sum(counts))]
    Assignment.objects.bulk_create(
        Assignment(experiment=test, customer=one, arm="A" if n < counts[0] else "B", assigned_at=NOW)
        for n, one in enumerate(people)
    )
    assert health.lopsided([store]) == ([test] if alarm else [])
