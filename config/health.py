"""How the house is: /healthz for a watchdog, /metrics for Prometheus. Both are read from the rows when asked.

Decision: no counters in the processes. There are several web and worker processes, and what counts is in the database
anyway: how many rows wait at each hand-over, and for how long the oldest has waited.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import redis
from django.conf import settings
from django.db import Error, connection
from django.db.models import Count, Min, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from carts.models import Cart, CartTransition, Delivery
from recovery.models import Enrolment, Message, Notice, ProviderEvent, ProviderPause
from recovery.reports.gauges import MEANINGS, gauges

_PATIENCE = 2.0


@dataclass(frozen=True)
class HandOver:
    """A place where rows wait: which are due at a moment, and the column that says since when."""

    name: str
    due: Callable[[datetime], QuerySet[Any]]
    since: str


#: In the order of the spine. A new hand-over is one line here.
HAND_OVERS = [
    HandOver("drain", lambda now: Delivery.objects.pending(), "received_at"),
    HandOver("sweep", lambda now: Cart.objects.silent(now), "abandon_after"),
    HandOver("take_transitions", lambda now: CartTransition.objects.unhandled(), "recorded_at"),
    HandOver("run_flows", lambda now: Enrolment.objects.due(now), "due_at"),
    HandOver("send", lambda now: Message.objects.due(now), "due_at"),
    HandOver("take_events", lambda now: ProviderEvent.objects.pending(), "received_at"),
    HandOver("send_notices", lambda now: Notice.objects.due(now), "due_at"),
]


@dataclass(frozen=True)
class Waiting:
    """How many rows are due at a hand-over, and by how many seconds the oldest is late."""

    name: str
    count: int
    seconds_late: float


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """200 when the database and the broker answer, else 503. Being late is told, but is no reason for a restart."""
    database, broker = database_answers(), broker_answers()
    rows = waiting(timezone.now()) if database else []
    facts = {
        "ok": database and broker,
        "version": settings.VERSION,
        "database": "ok" if database else "down",
        "broker": "ok" if broker else "down",
        "dead_letters": dead_letters() if database else {},
        "hand_overs": {row.name: {"due": row.count, "seconds_late": row.seconds_late} for row in rows},
    }
    return JsonResponse(facts, status=200 if facts["ok"] else 503)


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus' text format, for who has METRICS_TOKEN, or for this machine while there is none."""
    if not may_read_metrics(request):
        return HttpResponseForbidden("Send METRICS_TOKEN as a bearer token.\n", content_type="text/plain")
    registry = CollectorRegistry()
    registry.register(Gauges(timezone.now()))
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def may_read_metrics(request: HttpRequest) -> bool:
    """A forwarded request comes from a proxy on this machine, not from this machine."""
    if settings.METRICS_TOKEN:
        return hmac.compare_digest(
            request.headers.get("Authorization", "").encode(), f"Bearer {settings.METRICS_TOKEN}".encode()
        )
    forwarded = "Forwarded" in request.headers or "X-Forwarded-For" in request.headers
    return not forwarded and request.META.get("REMOTE_ADDR", "") in ("127.0.0.1", "::1")


def database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error:
        return False
    return True


def broker_answers() -> bool:
    options = {"socket_timeout": _PATIENCE, "socket_connect_timeout": _PATIENCE, "retry": None}
    try:
        with redis.Redis.from_url(settings.REDIS_URL, **options) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def waiting(now: datetime) -> list[Waiting]:
    """What waits at each hand-over; each is one look into a partial index."""
    return [_waiting(hand_over, now) for hand_over in HAND_OVERS]


def dead_letters() -> dict[str, int]:
    """What could not be read and waits for a person: webhooks of stores, callbacks of providers."""
    return {"deliveries": Delivery.objects.dead().count(), "provider_events": ProviderEvent.objects.dead().count()}


def _waiting(hand_over: HandOver, now: datetime) -> Waiting:
    facts = hand_over.due(now).order_by().aggregate(count=Count("*"), oldest=Min(hand_over.since))
    late = (now - facts["oldest"]).total_seconds() if facts["oldest"] else 0.0
    return Waiting(hand_over.name, facts["count"], round(max(late, 0.0), 1))


class Gauges:
    """Everything that /metrics tells, as it is now."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def collect(self) -> Iterator[GaugeMetricFamily]:
        database = database_answers()
        yield _gauge("cartback_info", "The version that runs", {settings.VERSION: 1}, "version")
        yield _gauge("cartback_up", "Whether it answers", {"database": database, "broker": broker_answers()}, "server")
        if not database:
            return
        rows = waiting(self._now)
        yield _gauge("cartback_due", "Rows due at a hand-over", {r.name: r.count for r in rows}, "hand_over")
        late = {row.name: row.seconds_late for row in rows}
        yield _gauge("cartback_late_seconds", "Lateness of the oldest due row", late, "hand_over")
        dead = dead_letters()
        yield GaugeMetricFamily("cartback_dead_letters", "Unreadable deliveries", dead["deliveries"])
        yield GaugeMetricFamily("cartback_dead_events", "Provider events not applied", dead["provider_events"])
        paused = ProviderPause.objects.filter(lifted_at=None).count()
        yield GaugeMetricFamily("cartback_paused_providers", "Providers left alone for a while", paused)
        yield from _of_stores(self._now)


def _of_stores(now: datetime) -> Iterator[GaugeMetricFamily]:
    families = {
        name: GaugeMetricFamily(name, meaning, labels=["store", *labels])
        for name, (meaning, labels) in MEANINGS.items()
    }
    for gauge in gauges(now):
        families[gauge.name].add_metric([gauge.store, *gauge.labels], gauge.value)
    yield from families.values()


def _gauge(name: str, meaning: str, values: dict[str, Any], label: str) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, meaning, labels=[label])
    for key, value in values.items():
        family.add_metric([key], float(value))
    return family
