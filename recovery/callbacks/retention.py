"""What providers told holds addresses: it is kept for as long as it helps, and no longer."""

from __future__ import annotations

import logging
from datetime import datetime
from datetime import timedelta as td

from django.conf import settings

from config.lib.logline import handed
from recovery.models import EventState, ProviderEvent

log = logging.getLogger("cartback.retention")

_BATCH = 5_000


def forget_old(now: datetime) -> int:
    """Delete events older than DELIVERY_RETENTION_DAYS, dead letters after three times that; returns how many."""
    age = td(days=settings.DELIVERY_RETENTION_DAYS)
    old = ProviderEvent.objects.filter(received_at__lt=now - age, state__in=[EventState.DONE, EventState.IGNORED])
    dead = ProviderEvent.objects.dead().filter(received_at__lt=now - 3 * age)
    total = 0
    for rows in (old, dead):
        while ids := list(rows.values_list("pk", flat=True)[:_BATCH]):
            total += ProviderEvent.objects.filter(pk__in=ids).delete()[0]
    if total:
        handed(log, "forget_events", count=total)
    return total
