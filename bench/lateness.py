"""How late messages are: 1,000 carts fall silent for long enough within one minute, and the product runs as ever.

Counted from the moment at which the cart has been silent for the store's timeout to the moment at which its message is
handed to the provider: the sweep, the intake, the flow and the outbox all lie between, each with its bell.
"""

from __future__ import annotations

import random
import time
from contextlib import ExitStack
from datetime import datetime
from datetime import timedelta as td

from bench import children
from bench.ground import Ground
from bench.options import Options
from bench.results import Result, percentile
from bench.roads import ROADS
from bench.rows import SILENCE, make_store, put_carts
from config.run import environment_of_children

_COUNT = 1_000
_MINUTE = td(minutes=1)
_SOON = td(seconds=10)  # until the first is due: by then the carts are all there
_PATIENCE = 180  # seconds for the worker to start, and for the messages after the last was due


def run(ground: Ground, options: Options) -> list[Result]:
    smtp = ROADS[0]
    with ground.database("bench_lateness") as url, ExitStack() as stack:
        provider = stack.enter_context(children.module(smtp.standin, "--port", "0", "--latency", "50"))
        port = int(children.line(provider).rpartition(":")[2])
        environment = environment_of_children() | {"DATABASE_URL": url, **smtp.settings(port)}
        for name in ("worker", "beat"):
            stack.enter_context(children.procfile(name, environment))
        _wait_for_worker()
        late = _lateness(_put_silent_carts() + _MINUTE)
        arrived = smtp.taken(port)
    if arrived != _COUNT:
        raise RuntimeError(f"of {_COUNT} messages {arrived} arrived")
    return [_result(late)]


def _wait_for_worker() -> None:
    """Until it answers: how long a start takes is another question."""
    from config.celery import app

    for _ in range(_PATIENCE):
        if app.control.ping(timeout=1):
            return
    raise RuntimeError("the worker does not answer")


def _put_silent_carts() -> datetime:
    """Shoppers who last did something at moments spread over a minute; returns when the first message is due."""
    from django.utils import timezone

    first, chance = timezone.now() + _SOON, random.Random(7)
    touched = [(n, first - SILENCE + chance.random() * _MINUTE) for n in range(_COUNT)]
    put_carts(make_store("shopify", first), touched)
    return first


def _lateness(last: datetime) -> list[float]:
    """Seconds from due to sent of each message, once all were sent."""
    from django.utils import timezone

    from recovery.models import Message

    sent = Message.objects.filter(state="sent", sent_at__isnull=False)
    while sent.count() < _COUNT:
        if timezone.now() > last + td(seconds=_PATIENCE):
            raise RuntimeError(f"{sent.count()} of {_COUNT} messages were sent {_PATIENCE} s after the last was due")
        time.sleep(1)
    return [(went - due).total_seconds() for went, due in sent.values_list("sent_at", "planned_at") if went]


def _result(late: list[float]) -> Result:
    p50, p99 = (percentile(late, share) for share in (0.5, 0.99))
    return Result(
        what="lateness",
        ours=f"p50 {p50:.1f} s, p99 {p99:.1f} s",
        notes=[f"{_COUNT:,} messages due within a minute; from due to handed over, at most {max(late):.1f} s"],
        raw={"seconds": late},
    )
