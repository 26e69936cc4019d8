"""Leaving a flow: nothing more is planned, and what waits in the outbox is cancelled."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from recovery import ledger
from recovery.ledger import Entry
from recovery.models import Enrolment, EnrolmentState, Message, MessageState
from recovery.models.messages import STOPPABLE


def stop_carts(cart_ids: Iterable[int], reason: str, *, now: datetime) -> int:
    """The carts leave their flows; returns how many enrolments ended."""
    return _stop(Enrolment.objects.filter(cart_id__in=list(cart_ids)), reason, now=now)


def stop_customers(customer_ids: Iterable[int], reason: str, *, now: datetime, patient: bool = True) -> int:
    """Every cart of the customers leaves its flow, whichever cart the reason came from. Without patience, what a sender
    holds at this moment is left to it."""
    enrolments = Enrolment.objects.filter(customer_id__in=list(customer_ids))
    return _stop(enrolments, reason, now=now, patient=patient)


def stop_enrolment(pk: int, reason: str, *, now: datetime, detail: str = "") -> int:
    """One cart leaves one flow; the ledger keeps the detail."""
    return _stop(Enrolment.objects.filter(pk=pk), reason, now=now, detail=detail)


@transaction.atomic
def _stop(
    enrolments: QuerySet[Enrolment], reason: str, *, now: datetime, detail: str = "", patient: bool = True
) -> int:
    """Enrolments first, then messages: a runner that plans meanwhile finds its enrolment stopped."""
    running = enrolments.filter(state=EnrolmentState.RUNNING).order_by("pk")
    ids = list(running.select_for_update(no_key=True).values_list("pk", flat=True))
    Enrolment.objects.filter(pk__in=ids).update(
        state=EnrolmentState.STOPPED, stop_reason=reason[:20], due_at=None, ended_at=now
    )
    # A flow whose steps are all planned is done, and its last message may still wait.
    waiting = Message.objects.filter(enrolment__in=enrolments.order_by(), state__in=STOPPABLE)
    held = waiting.select_for_update(no_key=True, of=("self",), skip_locked=not patient)
    messages = list(held.order_by("pk").values_list("pk", "enrolment_id"))
    Message.objects.filter(pk__in=[pk for pk, _ in messages]).update(
        state=MessageState.CANCELLED, reason=reason[:30], ended_at=now
    )
    by_enrolment = {enrolment_id: pk for pk, enrolment_id in messages}
    touched = Enrolment.objects.filter(pk__in={*ids, *by_enrolment})
    ledger.note(
        (
            Entry(store_id, cart_id, "stopped", reason, detail, enrolment_id=pk, message_id=by_enrolment.get(pk))
            for pk, store_id, cart_id in touched.order_by("pk").values_list("pk", "store_id", "cart_id")
        ),
        now=now,
    )
    return len(ids)
