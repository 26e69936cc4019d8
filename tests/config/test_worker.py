"""A real worker on the real broker: a bell rung here is answered over there."""

from __future__ import annotations

import os
import subprocess
import time

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from carts.models import Delivery, DeliveryState
from config.lib.wake import wake
from tests import factories


def test_the_settings_know_the_redis_database_of_this_process() -> None:
    assert os.environ["REDIS_URL"] == settings.REDIS_URL


def test_a_worker_answers_the_bell(celery_worker_process: subprocess.Popen[bytes]) -> None:
    with transaction.atomic():
        row = Delivery.objects.create(
            store=factories.make_store(), topic="none", dedupe_key="1", body=b"{}", received_at=timezone.now()
        )
        wake("carts.tasks.drain")
    deadline = time.monotonic() + 15
    while Delivery.objects.filter(pk=row.pk, state=DeliveryState.PENDING).exists():
        assert time.monotonic() < deadline, "nobody came"
        time.sleep(0.05)
    assert celery_worker_process.poll() is None
