"""Ring a worker's bell by the task's name, once the transaction is committed."""

from __future__ import annotations

import logging

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

log = logging.getLogger("cartback.wake")


def wake(task: str) -> None:
    """Send the named task after commit. A lost bell costs seconds: beat rings again, and the row is the visit."""
    transaction.on_commit(lambda: _ring(task), robust=True)


def _ring(task: str) -> None:
    try:
        current_app.send_task(task, expires=30, retry=False)
    except OperationalError:
        log.warning("broker unreachable, %s waits for beat", task)
