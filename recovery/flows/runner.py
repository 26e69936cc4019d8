"""The steps whose time has come are planned as messages. Planning never decides: the gate does, at the door."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from time import perf_counter

from django.db import transaction

from config.lib import batch
from config.lib.logline import handed
from recovery.models import Enrolment, EnrolmentState, FlowStep
from recovery.outbox.enqueue import enqueue

log = logging.getLogger("cartback.flows")

BATCH = 500


@transaction.atomic
def run_flows(now: datetime, *, limit: int = BATCH) -> int:
    """Plan the next step of one batch of due enrolments; returns how many it dealt with."""
    began = perf_counter()
    due = Enrolment.objects.due(now).select_for_update(skip_locked=True, no_key=True)
    enrolments = list(due[:limit])
    plan_next(enrolments, now=now)
    if enrolments:
        handed(log, "plan", count=len(enrolments), ms=(perf_counter() - began) * 1000)
    return len(enrolments)


def plan_next(enrolments: Sequence[Enrolment], *, now: datetime) -> None:
    """Put each enrolment's next step into the outbox, and move it on to the one after. The caller holds their rows."""
    steps = _steps(enrolments)
    plans = [(enrolment, steps[enrolment.version_id]) for enrolment in enrolments]
    enqueue([(e, some[e.next_position]) for e, some in plans if e.next_position in some], now=now)
    batch.update(Enrolment, [_moved_on(enrolment, some, now) for enrolment, some in plans])


def _steps(enrolments: Sequence[Enrolment]) -> dict[int, dict[int, FlowStep]]:
    """For each version, its steps by position, with their variants."""
    found: dict[int, dict[int, FlowStep]] = defaultdict(dict)
    versions = {enrolment.version_id for enrolment in enrolments}
    for step in FlowStep.objects.filter(version_id__in=versions).prefetch_related("variants"):
        found[step.version_id][step.position] = step
    return found


def _moved_on(enrolment: Enrolment, steps: dict[int, FlowStep], now: datetime) -> dict[str, object]:
    """The enrolment after this step: the next one's time, or done."""
    following = [position for position in sorted(steps) if position > enrolment.next_position]
    if not following:
        return _state(enrolment, EnrolmentState.DONE, enrolment.next_position, None, now)
    step = steps[following[0]]
    return _state(enrolment, EnrolmentState.RUNNING, step.position, enrolment.anchor_at + step.delays[0], None)


def _state(
    enrolment: Enrolment, state: EnrolmentState, position: int, due_at: datetime | None, ended_at: datetime | None
) -> dict[str, object]:
    return {"id": enrolment.pk, "state": str(state), "next_position": position, "due_at": due_at, "ended_at": ended_at}
