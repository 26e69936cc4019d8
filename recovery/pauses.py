"""Lifting the pause of a provider: by hand, or because its settings were mended."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from config.lib.wake import wake
from customers.models import Store
from recovery.models import Message, MessageState, Notice, ProviderPause


def lift(pauses: Iterable[ProviderPause], *, now: datetime) -> int:
    """Lift those that stand, and let what waits for them ask again at once; returns how many there were.

    What waits for another pause asks too, and is put off again: that costs less than knowing.
    """
    with transaction.atomic():
        standing = ProviderPause.objects.standing(now).filter(pk__in=[one.pk for one in pauses])
        lifted = list(standing.select_for_update())
        ProviderPause.objects.filter(pk__in=[one.pk for one in lifted]).update(lifted_at=now)
        waiting = [rows for pause in lifted for rows in _waiting(pause)]
        for rows in waiting:
            rows.filter(due_at__gt=now).update(due_at=now)
    if lifted:
        wake("recovery.tasks.send_due")
        wake("recovery.tasks.send_notices")
    return len(lifted)


def lift_of(store: Store, *channels: str, now: datetime) -> int:
    """Those of the store's own provider, whose settings have just been changed."""
    return lift(ProviderPause.objects.standing(now).filter(store=store, channel__in=channels), now=now)


def waiting_for(pause: ProviderPause, *, most: int = 1_000) -> int:
    """How many messages wait for it, counted up to `most`."""
    messages, _ = _waiting(pause)
    return len(messages.order_by("pk").values_list("pk", flat=True)[:most])


def _waiting(pause: ProviderPause) -> tuple[QuerySet[Any], QuerySet[Any]]:
    """Messages and answers. A message may wait for another channel than its step's own, so the channel is not asked."""
    whose = {"store": pause.store_id} if pause.store_id else {}
    asked: dict[str, Any] = {"state": MessageState.QUEUED, "reason": "provider_paused", **whose}
    return Message.objects.filter(**asked), Notice.objects.filter(**asked)
