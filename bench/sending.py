"""Messages a second out of the outbox to a provider that takes 50 ms, against a bare loop of the same client.

Each has 32 messages in the air at most: ours in one process, and in two that have 16 each and send side by side, as a
worker's processes do.
 The outbox does all that it does in production: claim, gate, compose, mark,
hand over, settle. What counts is what the provider took: every message once, or the measurement ends with an error.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from subprocess import Popen

from bench import children
from bench.ground import Ground
from bench.options import Options
from bench.profile import profiled
from bench.results import Result, Spread, ratios
from bench.roads import FLYING, ROADS, Road
from bench.rows import SILENCE, make_sms_flow, make_store, put_carts, queue_messages
from bench.usage import Cost, Meter, measured

_TARGET = 0.8
_LATENCY_MS = 50
_EACH = 2_000  # as many as one ring of the bell sends at most
_FEW = 200
_DATABASE = "bench_sending"
_START = datetime.fromisoformat("2026-03-10T09:00:00+00:00")  # a Tuesday, in working hours where the shoppers live


@dataclass(frozen=True)
class Sent:
    """One repetition of one side."""

    rate: float
    cost: Cost


class Outbox:
    """Of a store whose shoppers fall silent as often as that is needed."""

    def __init__(self, road: Road) -> None:
        self._touched = _START
        self._shoppers = 0
        self._store_id = make_store("shopify", _START)
        if road.channel == "sms":
            make_sms_flow(self._store_id, _START)

    def fill(self, count: int) -> datetime:
        """So many messages of new shoppers are due at the returned moment."""
        touched, first = self._touched, self._shoppers
        self._touched += SILENCE / 10
        self._shoppers += count
        put_carts(self._store_id, ((first + n, touched) for n in range(count)))
        queued = queue_messages(touched + SILENCE)
        if queued != count:
            raise RuntimeError(f"{queued} messages are queued, not {count}")
        return touched + SILENCE


def run(ground: Ground, options: Options) -> list[Result]:
    return [result for road in ROADS for result in _measured(road, ground, options)]


def _measured(road: Road, ground: Ground, options: Options) -> list[Result]:
    from django.test import override_settings

    ours: list[Sent] = []
    pairs: list[Sent] = []
    bare: list[Sent] = []
    with ground.database(_DATABASE), _standin(road) as port, override_settings(**road.settings(port)):
        outbox = Outbox(road)
        due = outbox.fill(_FEW)
        with _bare_loop(road, port, due) as send_all, _two_senders(road, port) as pair:
            # Everything is imported by this, and every connection is open.
            _timed(ground, road, port, _FEW, partial(_empty, due))
            _timed(ground, road, port, _FEW, partial(send_all, _FEW))
            _timed_pair(ground, road, port, pair, _FEW, outbox.fill(_FEW))
            for _ in range(options.repeats):
                due = outbox.fill(_EACH)
                bare.append(_timed(ground, road, port, _EACH, partial(send_all, _EACH)))
                ours.append(_timed(ground, road, port, _EACH, partial(_empty, due)))
                pairs.append(_timed_pair(ground, road, port, pair, _EACH, outbox.fill(_EACH)))
        _check_outbox()
        if options.profile:
            print(profiled(partial(_empty, outbox.fill(_EACH))))
    return [_result(f"sending by {road.name}", ours, bare), _result(f"{road.name}, two processes", pairs, bare)]


@contextmanager
def _standin(road: Road) -> Iterator[int]:
    """The provider, in a process of its own, at the port that this gives."""
    with children.module(road.standin, "--port", "0", "--latency", str(_LATENCY_MS)) as child:
        yield int(children.line(child).rpartition(":")[2])


@contextmanager
def _bare_loop(road: Road, port: int, due: datetime) -> Iterator[Callable[[int], int]]:
    """Sends a message as they are due then, so many times, with as many threads as the outbox has."""
    from django.db import transaction

    from recovery.outbox.prepare import prepare

    with transaction.atomic():
        [ready], _, _ = prepare(due, 1)
        transaction.set_rollback(True)
    envelope, mine = ready.composed.envelope, threading.local()
    opened = road.bare(port, envelope)

    def send(to: str) -> None:
        if not hasattr(mine, "send"):
            mine.send = opened()
        mine.send(to)

    with ThreadPoolExecutor(FLYING) as pool:
        yield lambda count: len(list(pool.map(send, [envelope.to] * count)))


@contextmanager
def _two_senders(road: Road, port: int) -> Iterator[list[Popen[str]]]:
    """Two processes with half of the threads each."""
    settings = json.dumps(road.settings(port) | {"SENDING_THREADS": FLYING // 2})
    with ExitStack() as stack:
        senders = [stack.enter_context(children.module("bench.sender", _DATABASE, settings)) for _ in range(2)]
        for sender in senders:
            children.line(sender)
        yield senders


def _empty(due: datetime) -> int:
    """What waits goes out, as the task does it."""
    from recovery.outbox.send import send_due

    return send_due(due)


def _timed_pair(ground: Ground, road: Road, port: int, pair: Sequence[Popen[str]], count: int, due: datetime) -> Sent:
    """As `_timed`, with the CPU of the two processes for that of the worker."""
    meters = [Meter(sender.pid) for sender in pair]

    def empty() -> int:
        for sender in pair:
            children.say(sender, due.isoformat())
        return sum(int(children.line(sender)) for sender in pair)

    sent = _timed(ground, road, port, count, empty)
    return replace(sent, cost=Cost(count, sent.cost.seconds | {"worker": sum(meter.seconds() for meter in meters)}))


def _timed(ground: Ground, road: Road, port: int, count: int, work: Callable[[], int]) -> Sent:
    before = road.taken(port)
    done, seconds, cost = measured(ground, work)
    arrived = road.taken(port) - before
    if (done, arrived) != (count, count):
        raise RuntimeError(f"{road.name}: of {count} messages {done} were handed over and {arrived} arrived")
    return Sent(count / seconds, cost)


def _check_outbox() -> None:
    """As many arrived as were handed over; when each row is sent besides, each arrived once."""
    from recovery.models import Message

    others = list(Message.objects.exclude(state="sent").values_list("state", "reason")[:3])
    if others:
        raise RuntimeError(f"not every message was sent: {others}")


def _result(what: str, ours: Sequence[Sent], bare: Sequence[Sent]) -> Result:
    rates = [[sent.rate for sent in side] for side in (ours, bare)]
    ratio = ratios(*rates)
    middles = [sorted(side, key=lambda sent: sent.rate)[len(side) // 2] for side in (ours, bare)]
    return Result(
        what=what,
        ours=f"{Spread(rates[0]).middle:.0f}/s",
        bare=f"{Spread(rates[1]).middle:.0f}/s",
        ratio=ratio.text(),
        target=f">= {_TARGET}",
        met=ratio.middle >= _TARGET,
        notes=[
            f"{middles[0].cost.text()}; the bare loop: {middles[1].cost.seconds['worker'] / _EACH * 1e6:.0f}",
            f"{_EACH} messages each, {FLYING} at a time, {_LATENCY_MS} ms at the provider; each arrived once",
        ],
        raw={"rates": rates[0], "bare": rates[1]},
    )
