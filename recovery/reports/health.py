"""How well a store's e-mail is taken: bounces and spam reports against the limits of those who take it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta as td
from typing import Any

from django.db.models import Count, Q, QuerySet

from customers.models import Channel, Store, Suppression
from customers.models.suppression import SuppressionReason
from recovery.models import Assignment, Experiment, Message
from recovery.models.messages import PERHAPS_REACHED, MessageState
from recovery.statistics.checks import MISMATCH, sample_ratio

#: Amazon SES puts a sender under review at 5 % of hard bounces; senders are well advised to stay under 2 %.
BOUNCE_LIMIT = 0.02
#: Gmail and Yahoo, rules for bulk senders: reported spam under 0.1 %, never 0.3 % or more.
COMPLAINT_WARNING, COMPLAINT_LIMIT = 0.001, 0.003
#: Of fewer messages no rate is told: one bounce would be an alarm.
FEWEST = 200


@dataclass(frozen=True, slots=True)
class Taken:
    """E-mails of a store within the last `days`: handed over, bounced, reported as spam."""

    store: Store
    days: int
    sent: int
    bounced: int
    reported: int

    @property
    def bounce_rate(self) -> float | None:
        return self.bounced / self.sent if self.sent >= FEWEST else None

    @property
    def complaint_rate(self) -> float | None:
        return self.reported / self.sent if self.sent >= FEWEST else None


def taken(stores: Sequence[Store], now: datetime, periods: Sequence[int] = (7, 30)) -> list[Taken]:
    """For each store and period, in two statements. Bounces and reports are read off the stop list: each address is on
    it once, and is not written to again."""
    since = {days: now - td(days=days) for days in periods}
    first = min(since.values(), default=now)
    left = [*PERHAPS_REACHED, MessageState.FAILED]
    mails = Message.objects.filter(store__in=stores, channel=Channel.EMAIL, state__in=left, planned_at__gte=first)
    stopped = Suppression.objects.filter(
        store__in=stores, channel=Channel.EMAIL, reason__in=[_BOUNCE, _COMPLAINT], at__gte=first
    )
    sent, told = _counts(mails, "planned_at", since), _counts(stopped, "at", since, "reason")
    return [
        Taken(
            store,
            days,
            sent.get((store.pk,), {}).get(days, 0),
            told.get((store.pk, _BOUNCE), {}).get(days, 0),
            told.get((store.pk, _COMPLAINT), {}).get(days, 0),
        )
        for store in stores
        for days in periods
    ]


_BOUNCE, _COMPLAINT = str(SuppressionReason.BOUNCE), str(SuppressionReason.COMPLAINT)


def _counts(
    rows: QuerySet[Any], moment: str, since: Mapping[int, datetime], *by: str
) -> dict[tuple[Any, ...], dict[int, int]]:
    """(store id, …): days: how many rows since then."""
    wanted = {f"in_{days}": Count("pk", filter=Q(**{f"{moment}__gte": at})) for days, at in since.items()}
    found = rows.order_by().values_list("store_id", *by).annotate(**wanted)
    width = 1 + len(by)
    return {tuple(row[:width]): dict(zip(since, row[width:], strict=True)) for row in found}


def lopsided(stores: Sequence[Store]) -> list[Experiment]:
    """Running experiments whose arms hold other shares of the shoppers than were drawn: their results mean nothing."""
    running = list(Experiment.objects.running().filter(store__in=stores).select_related("store", "flow"))
    rows = Assignment.objects.filter(experiment__in=running).order_by().values_list("experiment_id", "arm")
    counts = {(pk, arm): count for pk, arm, count in rows.annotate(Count("pk"))} if running else {}
    return [one for one in running if _p_of(one, counts) < MISMATCH]


def _p_of(experiment: Experiment, counts: dict[tuple[int, str], int]) -> float:
    weights = {str(arm["name"]): float(arm["weight"]) for arm in experiment.arms if arm["weight"]}
    drawn = {name: counts.get((experiment.pk, name), 0) for name in weights}
    return sample_ratio(drawn, weights) if sum(drawn.values()) >= FEWEST and len(weights) > 1 else 1.0
