"""From kept deliveries to facts: claim a batch, read it, apply it, all in one transaction."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from time import perf_counter

from django.db import DataError, IntegrityError, transaction
from django.db.models import QuerySet

from carts.apply import Fact, apply
from carts.models import Delivery, DeliveryState
from carts.snapshots import Ignored
from carts.sources.base import Parcel, Shop, Unreadable
from carts.sources.registry import source_for
from config.lib import batch
from config.lib.logline import handed
from customers.models import Store

log = logging.getLogger("cartback.drain")

BATCH = 500

#: What one delivery's contents can do to a batch. Anything else (a lost connection, a missing column) is no delivery's
#: fault: it is raised, and the rows wait as they are.
_POISON = (DataError, IntegrityError, ValueError, TypeError, KeyError, ArithmeticError)


@dataclass(frozen=True, slots=True)
class _Claimed:
    """A delivery that is ours to deal with."""

    pk: int
    store: Store
    parcel: Parcel


@dataclass(frozen=True, slots=True)
class _Read:
    """A delivery and what came of reading it."""

    delivery: _Claimed
    facts: list[Fact]
    state: str = DeliveryState.DONE
    reason: str = ""


def drain(now: datetime, *, limit: int = BATCH) -> int:
    """Read and apply one batch of waiting deliveries, oldest first; returns how many it dealt with.

    A batch that fails is taken again one by one, so that only the delivery at fault becomes a dead letter.
    """
    began = perf_counter()
    try:
        count = _take(Delivery.objects.pending()[:limit], now)
    except _POISON as error:
        log.warning("batch failed, taking it one by one: %s", type(error).__name__)
        count = _one_by_one(now, limit)
    if count:
        handed(log, "drain", count=count, ms=(perf_counter() - began) * 1000)
    return count


@transaction.atomic
def _take(waiting: QuerySet[Delivery], now: datetime) -> int:
    reads = [_read(delivery) for delivery in _claim(waiting)]
    for store, facts in _by_store(reads):
        apply(store, facts, now=now)
    _finish(reads, now)
    return len(reads)


def _claim(waiting: QuerySet[Delivery]) -> list[_Claimed]:
    """Lock what nobody else has locked. Stores are few and their rows wide, so they are read apart, each once."""
    rows = waiting.select_for_update(skip_locked=True, no_key=True)
    found = list(rows.values_list("pk", "store_id", "headers", "body", "received_at"))
    stores = Store.objects.in_bulk({store_id for _, store_id, *_ in found})
    return [
        _Claimed(pk, stores[store_id], Parcel(headers, bytes(body), received_at))
        for pk, store_id, headers, body, received_at in found
    ]


def _read(delivery: _Claimed) -> _Read:
    store, parcel = delivery.store, delivery.parcel
    try:
        snapshots = source_for(store.platform).read(parcel, Shop(store.domain, store.currency, store.timezone))
    except Unreadable as error:
        return _Read(delivery, [], DeliveryState.DEAD, str(error)[:1000])
    left_aside = [snapshot.reason for snapshot in snapshots if isinstance(snapshot, Ignored)]
    if left_aside and len(left_aside) == len(snapshots):
        return _Read(delivery, [], DeliveryState.IGNORED, "; ".join(left_aside)[:1000])
    return _Read(delivery, [Fact(snapshot, parcel.received_at) for snapshot in snapshots])


def _by_store(reads: Sequence[_Read]) -> Iterable[tuple[Store, list[Fact]]]:
    """Each store's facts in the order of arrival; stores by their ids, so that locks are always taken in one order."""
    facts: dict[int, list[Fact]] = defaultdict(list)
    stores: dict[int, Store] = {}
    for read in reads:
        store = read.delivery.store
        stores[store.pk] = store
        facts[store.pk] += read.facts
    return [(stores[pk], facts[pk]) for pk in sorted(facts) if facts[pk]]


def _finish(reads: Sequence[_Read], now: datetime) -> None:
    rows = [
        {"id": read.delivery.pk, "state": str(read.state), "reason": read.reason, "processed_at": now} for read in reads
    ]
    batch.update(Delivery, rows)


def _one_by_one(now: datetime, limit: int) -> int:
    """Each delivery in a transaction of its own; the one that cannot be applied is set aside with its reason."""
    ids = list(Delivery.objects.pending().values_list("pk", flat=True)[:limit])
    return sum(_alone(pk, now) for pk in ids)


def _alone(pk: int, now: datetime) -> int:
    try:
        return _take(Delivery.objects.pending().filter(pk=pk), now)
    except _POISON as error:
        log.exception("delivery d%s cannot be applied", pk)
        reason = f"{type(error).__name__}: {error}"[:1000]
        return Delivery.objects.filter(pk=pk, state=DeliveryState.PENDING).update(
            state=DeliveryState.DEAD, reason=reason, processed_at=now
        )
