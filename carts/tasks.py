"""The bells of this floor. A task reads the clock, calls its room until nothing is left, and rings the next bell."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from carts import abandonment, retention
from carts.inbox import process
from carts.privacy import carry_out
from config.lib.wake import wake

#: A bell is answered for this many batches at most; beat rings again, and other queues get their turn.
_MOST_BATCHES = 40


@shared_task
def drain() -> None:
    """Read and apply waiting deliveries."""
    dealt = 0
    for _ in range(_MOST_BATCHES):
        count = process.drain(timezone.now())
        dealt += count
        if not count:
            break
    if dealt:
        wake("recovery.tasks.take_transitions")


@shared_task
def sweep() -> None:
    """Mark silent carts abandoned."""
    swept = 0
    for _ in range(_MOST_BATCHES):
        count = abandonment.sweep(timezone.now())
        swept += count
        if count < abandonment.BATCH:
            break
    if swept:
        wake("recovery.tasks.take_transitions")


@shared_task
def keep_house() -> None:
    """Drop raw deliveries that are past their time, and carry out what privacy law asked for."""
    now = timezone.now()
    carry_out(now)
    retention.forget_old(now)
