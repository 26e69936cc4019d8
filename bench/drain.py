"""Waiting webhooks a second: claimed, read, their shoppers found or made, consent noted, carts written. One worker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from datetime import timedelta as td

from bench.ground import Ground
from bench.options import Options
from bench.parcels import shopify_checkout, shopify_headers
from bench.profile import profiled
from bench.results import Result, Spread
from bench.rows import make_store
from bench.usage import Cost, measured

_TARGET = 3_000
_EACH = 5_000  # webhooks in a repetition
_KEPT = ("X-Shopify-Topic", "X-Shopify-Webhook-Id", "X-Shopify-Triggered-At")


@dataclass(frozen=True)
class Drained:
    """One repetition."""

    count: int
    seconds: float
    cost: Cost

    @property
    def rate(self) -> float:
        return self.count / self.seconds


def run(ground: Ground, options: Options) -> list[Result]:
    from django.utils import timezone

    now = timezone.now()
    with ground.database("bench_drain"):
        store_id = make_store("shopify", now)
        put(store_id, range(500), now)  # everything is imported, every statement was seen
        _drained(ground, now)
        first, again = [], []
        for number in range(options.repeats):
            shoppers = range((number + 1) * _EACH, (number + 2) * _EACH)
            put(store_id, shoppers, now)
            first.append(_drained(ground, now))
            put(store_id, shoppers, now + td(minutes=1), lines=2)
            again.append(_drained(ground, now + td(minutes=1)))
        if options.profile:
            put(store_id, range(10**6, 10**6 + _EACH), now)
            print(profiled(lambda: _drained(ground, now)))
    return [_result("drain, new shoppers", first), _result("drain, known carts", again)]


def put(store_id: int, numbers: Sequence[int], at: datetime, *, lines: int = 1) -> None:
    """A waiting checkout of each of these shoppers."""
    from carts.models import Delivery

    rows = []
    for n in numbers:
        body = shopify_checkout(n, at - td(seconds=5), lines=lines)
        sent = shopify_headers(n, body, at)
        headers = {name.lower(): sent[name] for name in _KEPT}
        rows.append(
            Delivery(
                store_id=store_id,
                topic="checkouts/update",
                dedupe_key=f"checkouts/update:{n}:{at.timestamp()}",
                headers=headers,
                body=body,
                received_at=at,
            )
        )
    Delivery.objects.bulk_create(rows, batch_size=1000)


def drain_all(now: datetime) -> int:
    """Until nothing waits, as the task does it."""
    from carts.inbox.process import drain

    return sum(iter(lambda: drain(now), 0))


def _drained(ground: Ground, now: datetime) -> Drained:
    count, seconds, cost = measured(ground, lambda: drain_all(now))
    return Drained(count, seconds, cost)


def _result(what: str, repetitions: Sequence[Drained]) -> Result:
    rates = Spread([one.rate for one in repetitions])
    middle = sorted(repetitions, key=lambda one: one.rate)[len(repetitions) // 2]
    size = len(shopify_checkout(1, datetime.now(UTC)))
    return Result(
        what=what,
        ours=f"{rates.text('.0f')}/s",
        target=f">= {_TARGET}/s",
        met=rates.middle >= _TARGET,
        notes=[f"{middle.cost.text()}; {_EACH} Shopify checkouts of about {size} bytes, one worker"],
        raw={"rates": list(rates.values)},
    )
