"""Raw deliveries hold personal data: they are kept for as long as they help, and no longer."""

from __future__ import annotations

import logging
from datetime import datetime
from datetime import timedelta as td

from django.conf import settings
from django.db.models import QuerySet

from carts.models import Delivery, DeliveryState
from config.lib.logline import handed

log = logging.getLogger("cartback.retention")

_BATCH = 5_000


def forget_old(now: datetime) -> int:
    """Delete read and ignored deliveries older than DELIVERY_RETENTION_DAYS, in batches; returns how many.

    Dead letters are kept three times as long: somebody should look at them first.
    """
    age = td(days=settings.DELIVERY_RETENTION_DAYS)
    old = Delivery.objects.filter(received_at__lt=now - age, state__in=[DeliveryState.DONE, DeliveryState.IGNORED])
    dead = Delivery.objects.filter(received_at__lt=now - 3 * age, state=DeliveryState.DEAD)
    count = sum(_delete(rows) for rows in (old, dead))
    if count:
        handed(log, "forget", count=count)
    return count


def _delete(rows: QuerySet[Delivery]) -> int:
    total = 0
    while True:
        ids = list(rows.values_list("pk", flat=True)[:_BATCH])
        if not ids:
            return total
        total += Delivery.objects.filter(pk__in=ids).delete()[0]
