"""Replies in the admin: who waits for an answer, and answering them."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.messages import get_messages
from django.urls import reverse
from django.utils import timezone

from customers.admin.base import address
from customers.models import Store
from recovery.admin.front_page import jobs
from recovery.models import Notice, Reply
from tests.recovery.reports.story import message, silent

pytestmark = pytest.mark.django_db

ASKED = "Does it come with a bulb?"


@pytest.fixture
def reply(store: Store) -> Reply:
    facts = {"channel": "sms", "address": "+358401234567", "provider_id": "SM1", "at": timezone.now()}
    return Reply.objects.create(store=store, body=ASKED, **facts)


def deed(row: Reply, name: str) -> str:
    return f"{address(row).removesuffix('change/')}do/{name}/"


def to_do() -> list[str]:
    told = [job.text for job in jobs(User(is_superuser=True), [], timezone.now())]
    return [text for text in told if "wait" in text or "failed" in text]


def test_a_reply_waits_on_the_front_page_until_it_is_answered(boss, reply):
    assert to_do() == ["1 reply waits for an answer"]
    assert ASKED in boss.get(f"{reverse('admin:recovery_reply_changelist')}?intent=none").content.decode()
    boss.post(deed(reply, "answer"), {"words": "Yes, E27."})
    assert (Notice.objects.get().text, Notice.objects.get().to) == ("Yes, E27.", "+358401234567")
    assert to_do() == []
    assert ASKED not in boss.get(f"{reverse('admin:recovery_reply_changelist')}?intent=none").content.decode()


def test_what_needs_no_answer_is_put_aside(boss, reply):
    boss.post(deed(reply, "settle"))
    assert (to_do(), Notice.objects.count()) == ([], 0)
    assert "Answered" in boss.get(address(reply)).content.decode()


def test_an_empty_answer_is_told_to_whoever_sent_it(boss, reply):
    answer = boss.post(deed(reply, "answer"), {"words": " "})
    assert [str(line) for line in get_messages(answer.wsgi_request)] == ["Write the answer first."]


def test_who_may_only_look_is_offered_no_answer(clerk, reply):
    looker: Any = clerk("recovery.view_reply", "customers.view_store")
    assert "Send the answer" not in looker.get(address(reply)).content.decode()
    assert looker.post(deed(reply, "answer"), {"words": "Hi"}).status_code == 403
    assert not Notice.objects.exists()


def test_what_carriers_refused_for_our_own_fault_is_told_with_the_reason(boss, store):
    sent = message(silent(store, 1), state="failed", reason="twilio_30007")
    type(sent).objects.filter(pk=sent.pk).update(planned_at=timezone.now())
    assert to_do() == ["1 message of the last 7 days failed: filtered by the carrier (30007)"]
