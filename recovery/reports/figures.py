"""The figures of a store and a period. One pass over the carts for each table, nothing kept between reports."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from datetime import timedelta as td
from decimal import Decimal
from typing import Any

from django.db import connection

from config.lib.money import rounded
from customers.models import Store
from recovery.reports import cohort
from recovery.reports.definitions import HORIZON, LEFT_OUT, TOO_FEW
from recovery.reports.period import Period
from recovery.reports.wilson import wilson


@dataclass(frozen=True, slots=True)
class Rate:
    """A share with its 95 % interval."""

    hits: int
    n: int
    low: float
    high: float

    @property
    def value(self) -> float:
        return self.hits / self.n

    @property
    def too_few(self) -> bool:
        return self.n < TOO_FEW

    @classmethod
    def of(cls, hits: int, n: int) -> Rate | None:
        """None where there is nothing to divide by."""
        return cls(hits, n, *wilson(hits, n)) if n else None


@dataclass(frozen=True, slots=True)
class Carts:
    """Counts of carts. All but `started` and `open` are of settled carts."""

    started: int
    open: int
    matured: int
    abandoned_gross: int
    abandoned_net: int
    returned: int
    messaged: int
    attributed: int


@dataclass(frozen=True, slots=True)
class SoFar:
    """What the carts that are still open have done until now. It may change until their time is over."""

    silent: int
    returned: int
    attributed: int
    revenue: dict[str, Money]


@dataclass(slots=True)
class Money:
    """Net revenue in one currency. `left_out`: orders refunded in another currency."""

    returned: Decimal = Decimal(0)
    attributed: Decimal = Decimal(0)
    left_out: int = 0


@dataclass(slots=True)
class Sending:
    """How the messages of one channel ended. `sent` includes those delivered, `delivered` those read."""

    sent: int = 0
    delivered: int = 0
    failed: int = 0
    unknown: int = 0
    waiting: int = 0
    skipped: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything that the first report tells."""

    store: Store
    period: Period
    as_of: datetime
    timeout: td
    carts: Carts
    excluded: dict[str, int]
    rates: dict[str, Rate | None]
    revenue: dict[str, Money]
    so_far: SoFar
    messages: dict[str, Sending]


def figures(store: Store, period: Period, *, as_of: datetime) -> Figures:
    """The figures as they stood at `as_of`, as far as the rows keep their times."""
    asked = {
        "store": store.pk,
        "since": period.since,
        "until": period.until,
        "as_of": as_of,
        "horizon": HORIZON,
        "timeout": store.abandon_after,
    }
    counts = _rows(cohort.COUNTS, asked)[0]
    found = _carts(counts)
    revenue = _revenue(asked)
    return Figures(
        store=store,
        period=period,
        as_of=as_of,
        timeout=store.abandon_after,
        carts=found,
        excluded=dict.fromkeys(LEFT_OUT, 0) | dict(_rows(cohort.EXCLUDED, asked)),
        rates={
            "gross_abandonment": Rate.of(found.abandoned_gross, found.matured),
            "net_abandonment": Rate.of(found.abandoned_net, found.matured),
            "return": Rate.of(found.returned, found.abandoned_gross),
            "attributed_recovery": Rate.of(found.attributed, found.messaged),
        },
        revenue=revenue[True],
        so_far=SoFar(counts[7], counts[8], counts[9], revenue[False]),
        messages=_messages(asked),
    )


def _carts(counts: tuple[Any, ...]) -> Carts:
    started, matured, *others = counts[:7]
    return Carts(started, started - matured, matured, *others)


def _revenue(asked: Mapping[str, Any]) -> dict[bool, dict[str, Money]]:
    """By whether the carts are settled, then by currency."""
    found: dict[bool, dict[str, Money]] = {True: {}, False: {}}
    for matured, why, currency, amount, left_out in _rows(cohort.REVENUE, asked):
        money = found[matured].setdefault(currency, Money())
        setattr(money, why, rounded(amount, currency))
        money.left_out = max(money.left_out, left_out)
    return {matured: dict(sorted(some.items())) for matured, some in found.items()}


def _messages(asked: Mapping[str, Any]) -> dict[str, Sending]:
    found: dict[str, Sending] = {}
    for channel, state, reason, count in _rows(cohort.MESSAGES, asked):
        sending = found.setdefault(channel, Sending())
        if state in ("skipped", "cancelled"):
            sending.skipped[reason or "unknown"] += count
        elif state in ("delivered", "read"):
            sending.sent += count
            sending.delivered += count
        else:
            setattr(sending, state, getattr(sending, state) + count)
    return found


def _rows(sql: str, asked: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, asked)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows
