"""A worker that is killed in the midst of sending sends nothing twice and loses nothing."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta as td

import pytest
from django.utils import timezone

from carts.abandonment import sweep
from config.celery import app
from recovery import intake
from recovery.flows.runner import run_flows
from recovery.models import Message
from tests.conftest import running_worker
from tests.factories import checkout, make_flow, make_store, person, put
from tests.standins.smtp import SmtpStandin

pytestmark = pytest.mark.django_db(transaction=True)

COUNT = 500
PROCESSES, THREADS = 2, 8  # of the worker, and of each of its processes


def wait_until(true: Callable[[], bool], what: str) -> None:
    """Generous: it bounds a hang, and measures nothing."""
    deadline = time.monotonic() + 120
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def plan_messages() -> None:
    store = make_store()
    make_flow(store)
    now = timezone.now()
    silent_since = now - store.abandon_after - td(minutes=1)
    put(
        store,
        *[checkout(f"C{n}", silent_since, person=person(n), tokens=(f"checkout:C{n}",)) for n in range(COUNT)],
        at=silent_since,
    )
    for room in (sweep, intake.take, run_flows):
        while room(now):
            pass


def test_a_killed_worker_sends_none_twice_and_loses_none(tmp_path):
    plan_messages()
    with SmtpStandin(latency=0.2) as smtp:
        environment = {"EMAIL_URL": f"smtp://127.0.0.1:{smtp.port}", "SENDING_LEASE_SECONDS": "5"}
        environment |= {"SENDING_THREADS": str(THREADS)}
        with running_worker(tmp_path / "one.log", **environment) as worker:
            app.send_task("recovery.tasks.send_due", queue="send")
            wait_until(lambda: smtp.taken >= 120, "the first worker sends")
            smtp.latency = 3  # so that every thread is in the middle of a call
            time.sleep(1)
            os.killpg(worker.pid, signal.SIGKILL)
        taken_by_first, smtp.latency = smtp.taken, 0.05
        assert Message.objects.filter(state="sending").exists()
        with running_worker(tmp_path / "two.log", **environment):
            wait_until(lambda: _settled(), "the second worker finishes")
        sent_to = Counter(mail.recipient for mail in smtp.mails)

    assert taken_by_first < COUNT
    assert max(sent_to.values()) == 1
    in_the_air = Message.objects.filter(state="unknown").count()
    assert 0 < in_the_air <= PROCESSES * THREADS
    states = Counter(Message.objects.values_list("state", flat=True))
    assert states == {"sent": COUNT - in_the_air, "unknown": in_the_air}
    told = set(Message.objects.filter(state="sent").values_list("to", flat=True))
    assert told <= set(sent_to)
    assert set(Message.objects.filter(state="unknown").values_list("reason", flat=True)) == {"worker_died"}


def _settled() -> bool:
    for task, queue in (("send_due", "send"), ("rescue", "upkeep")):
        app.send_task(f"recovery.tasks.{task}", queue=queue)
    time.sleep(0.3)
    return not Message.objects.filter(state__in=["queued", "sending"]).exists()
