"""What the report costs beside a year of carts: every page's server time and queries, without a filter and with the one
that takes longest, and one day's rollup.

The rows are synthetic: made by formulas in SQL, so that a million carts take minutes. They are as wide as real ones and
lie as real ones do, by time; their rates mean nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from datetime import timedelta as td
from functools import partial
from statistics import median
from typing import Any

from bench.ground import Ground
from bench.options import Options
from bench.results import Result, Spread
from bench.usage import measured
from bench.year import NOW, Year, count, fill, stir

_TARGET_MS, _TARGET_QUERIES = 300, 20
_ROLLS = 9  # days that are rolled up for one reading
_FEW_DAYS = 30
_COMPARED = {"compare": "before"}


def run(ground: Ground, options: Options) -> list[Result]:
    few = Year("bench_month", options.size * _FEW_DAYS // 365, _FEW_DAYS)
    many = Year("bench_year", options.size, 365)
    with ExitStack() as stack:
        for year in (few, many):
            stack.enter_context(ground.planted(year.database, partial(fill, year)))
        rolls = {year.name: _day(ground, year, options.repeats) for year in (few, many)}
        ground.turn_to(many.database)
        seconds, events = _roll_all(), count()
        stir()
        pages = _pages(ground, options.repeats)
    note = f"{many.carts:,} carts, {events:,} events over a year (synthetic); all rolled up in {seconds:.0f} s"
    return [*pages, _rollup(rolls[many.name], rolls[few.name], few, note)]


def _day(ground: Ground, year: Year, repeats: int) -> list[float]:
    """Seconds for one day's rollup."""
    from customers.models import Store
    from recovery.reports.rollup import roll_day

    ground.turn_to(year.database)
    store = Store.objects.get()
    days = [(NOW - td(days=16 + n)).date() for n in range(_ROLLS)]
    roll_day(store, days[0], now=datetime.now(UTC))
    readings = []
    for _ in range(repeats):
        began = time.perf_counter()
        for day in days:
            roll_day(store, day, now=datetime.now(UTC))
        readings.append((time.perf_counter() - began) / len(days))
    return readings


def _roll_all() -> float:
    from django.db import connection

    from recovery.reports import draw_rollup, rollup

    began = time.perf_counter()
    for roll_up in (rollup.roll_up, draw_rollup.roll_up):
        while roll_up(datetime.now(UTC)):
            pass
    seconds = time.perf_counter() - began
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    return seconds


def _pages(ground: Ground, repeats: int) -> list[Result]:
    from recovery.reports.pages.index import PAGES

    look = _looker()
    found = []
    for days in (30, 365):
        for name, page in PAGES.items():
            found.append(_page(ground, partial(look, name, days, {}), f"{name}, {days} days", repeats))
            filtered = [
                _page(ground, partial(look, name, days, chosen), f"{name}, {days} days, {_said(chosen)}", repeats)
                for chosen in _filters(page.filters)
            ]
            found.append(max(filtered, key=lambda one: median(one.raw["ms"])))
    return [*found, *_draws(ground, repeats)]


def _draws(ground: Ground, repeats: int) -> list[Result]:
    """The list of experiments, and the page of each."""
    from recovery.models import Experiment

    client = _client()
    places = {"experiments": "/admin/experiments/?store=shop"}
    places |= {f"experiment: {one.kind}": f"/admin/experiments/{one.pk}/" for one in Experiment.objects.all()}
    return [_page(ground, partial(client.get, place, secure=True), what, repeats) for what, place in places.items()]


def _filters(heeded: Sequence[str]) -> list[dict[str, str]]:
    """Each filter that the page heeds by itself, all together, and the days before beside these."""
    from recovery.models import Flow

    values = {"currency": "EUR", "device": "mobile", "segment": "new", "channel": "email"}
    values |= {"flow": str(Flow.objects.values_list("pk", flat=True).get())}
    chosen = {name: values[name] for name in heeded}
    return [*({name: value} for name, value in chosen.items()), *([chosen] if len(chosen) > 1 else []), _COMPARED]


def _said(chosen: dict[str, str]) -> str:
    return f"by {' and '.join(chosen)}" if chosen != _COMPARED else "compared"


def _client() -> Any:
    """Asks as an administrator's browser would."""
    from django.conf import settings
    from django.contrib.auth.models import User
    from django.test import Client

    settings.ALLOWED_HOSTS = ["*"]
    client = Client()
    client.force_login(User.objects.get_or_create(username="bench", is_staff=True, is_superuser=True)[0])
    return client


def _looker() -> Callable[[str, int, dict[str, str]], Any]:
    """A function that asks for a page of the report."""
    client = _client()

    def look(name: str, days: int, chosen: dict[str, str]) -> Any:
        place = "/admin/report/" if name == "overview" else f"/admin/report/{name}/"
        first = (NOW - td(days=days - 1)).date()
        asked = {"store": "shop", "first": str(first), "last": str(NOW.date())} | chosen
        answer = client.get(place, asked, secure=True)
        assert answer.status_code == 200, answer.status_code
        return answer.content

    return look


def _page(ground: Ground, look: Callable[[], Any], what: str, repeats: int) -> Result:
    """The time by the clock, and beside it the CPU time of both sides, which a busy machine does not lengthen."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    look()
    readings, spent = [], []
    for _ in range(max(3, repeats)):
        _, seconds, cost = measured(ground, lambda: bool(look()))
        readings.append(1000 * seconds)
        spent.append(1000 * sum(cost.seconds.values()))
    with CaptureQueriesContext(connection) as seen:
        look()
    slow = sorted(((float(query["time"]), query["sql"][:60]) for query in seen.captured_queries), reverse=True)[:2]
    middle = Spread(readings)
    return Result(
        what=what,
        ours=f"{middle.text('.0f')} ms, {len(seen)} queries",
        target=f"< {_TARGET_MS} ms, <= {_TARGET_QUERIES}",
        met=middle.middle < _TARGET_MS and len(seen) <= _TARGET_QUERIES,
        ratio=f"CPU {Spread(spent).middle:.0f} ms",
        raw={"ms": readings, "cpu_ms": spent, "queries": len(seen), "slowest": slow},
    )


def _rollup(many: list[float], few: list[float], month: Year, note: str) -> Result:
    ours, bare = Spread([1000 * one for one in many]), Spread([1000 * one for one in few])
    ratio = ours.middle / bare.middle
    return Result(
        what="one day's rollup",
        ours=f"{ours.text('.0f')} ms",
        bare=f"{bare.text('.0f')} ms",
        ratio=f"{ratio:.2f}",
        target="<= 1.5",
        met=ratio <= 1.5,
        notes=[note, f"bare: the same carts a day, but only {month.days} days of them"],
        raw={"many": many, "few": few},
    )
