"""What noticing silence costs beside few carts and beside many: with nothing due, and with 10,000 due."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from datetime import timedelta as td
from statistics import median

from bench.ground import Ground
from bench.options import Options
from bench.results import Result, Spread, ratios
from bench.rows import blanks, make_store
from bench.usage import Cost, measured

SMALL = 50_000
DUE = 10_000
_TARGET = 1.5
_LOOKS = 200  # sweeps with nothing due, for one reading
_APART = td(milliseconds=10)  # between the deadlines of two carts

# In the order of their deadlines, as carts come in. Lines and addresses make a row as wide as a real one.
_CARTS = """
    INSERT INTO carts_cart ({columns})
    SELECT {values} FROM generate_series(0, %(count)s - 1) AS n
"""
_LINE = '[{"price": "39.90", "title": "Linen shirt", "quantity": 1, "product_id": "7100001", "variant_id": "47110001"}]'


@dataclass
class Side:
    """One table of carts, and how long its sweeps took."""

    name: str
    count: int
    began: datetime
    swept: int = 0
    idle: list[float] = field(default_factory=list)  # seconds for one look
    busy: list[float] = field(default_factory=list)  # seconds for DUE carts
    costs: list[Cost] = field(default_factory=list)  # of DUE carts


def run(ground: Ground, options: Options) -> list[Result]:
    began = datetime.fromisoformat("2026-03-10T12:00:00+00:00")
    sides = [Side("bench_few", SMALL, began), Side("bench_many", options.size, began)]
    with ExitStack() as stack:
        for side in sides:
            stack.enter_context(ground.database(side.name))
            fill(side)
        for _ in range(options.repeats):
            for side in sides:
                ground.turn_to(side.name)
                side.idle.append(_idle(side))
                _busy(side, ground)
    few, many = sides
    return [
        _result("sweep, nothing due", many.idle, few.idle, options, f"the median of {_LOOKS} sweeps", 1e6, "µs"),
        _result(f"sweep, {DUE:,} due", many.busy, few.busy, options, _rates(sides), 1e3, "ms"),
    ]


def fill(side: Side) -> None:
    """Active carts whose deadlines follow one another."""
    from django.db import connection

    from carts.models import Cart

    store_id = make_store("shopify", side.began)
    told = {
        "store_id": str(store_id),
        "state": "'active'",
        "stage": "'contact'",
        "started_at": "%(began)s::timestamptz + n * %(apart)s::interval - interval '35 minutes'",
        "last_activity_at": "%(began)s::timestamptz + n * %(apart)s::interval - interval '30 minutes'",
        "abandon_after": "%(began)s::timestamptz + n * %(apart)s::interval",
        "currency": "'EUR'",
        "total": "39.90",
        "quantity": "1",
        "lines": f"'{_LINE}'::jsonb",
        "restore_url": "'https://puro.example/55501/checkouts/ac/hWN7aXq0/recover?key=' || md5(n::text)",
    }
    values = blanks(Cart) | told
    sql = _CARTS.format(columns=", ".join(f'"{column}"' for column in values), values=", ".join(values.values()))
    with connection.cursor() as cursor:
        cursor.execute(sql, {"count": side.count, "began": side.began, "apart": f"{_APART.total_seconds()} seconds"})
        cursor.execute("VACUUM ANALYZE carts_cart")
        cursor.execute("CHECKPOINT")


def _idle(side: Side) -> float:
    from carts.abandonment import sweep

    sweep(side.began - td(days=1))  # the connection is there
    looks = []
    for _ in range(_LOOKS):
        began = time.perf_counter()
        assert sweep(side.began - td(days=1)) == 0
        looks.append(time.perf_counter() - began)
    return median(looks)


def _busy(side: Side, ground: Ground) -> None:
    """Time passes until the next 10,000 are due; then sweeps until nothing is, as the task does."""
    from carts.abandonment import sweep

    side.swept += DUE
    now = side.began + (side.swept - 1) * _APART
    count, seconds, cost = measured(ground, lambda: sum(iter(lambda: sweep(now), 0)))
    assert count == DUE, count
    side.busy.append(seconds)
    side.costs.append(cost)


def _rates(sides: Sequence[Side]) -> str:
    middles = (f"{side.count:,} carts {DUE / Spread(side.busy).middle:,.0f}" for side in sides)
    spent = (f"{Spread([sum(cost.seconds.values()) / DUE * 1e6 for cost in side.costs]).middle:.0f}" for side in sides)
    return f"noticed a second: {', '.join(middles)}; CPU µs each: {', '.join(spent)}"


def _result(
    what: str, many: Sequence[float], few: Sequence[float], options: Options, note: str, scale: float, unit: str
) -> Result:
    ratio = ratios(many, few)
    ours, bare = (f"{Spread([value * scale for value in side]).text('.0f')} {unit}" for side in (many, few))
    return Result(
        what=what,
        ours=ours,
        bare=bare,
        ratio=ratio.text(),
        target=f"<= {_TARGET}",
        met=ratio.middle <= _TARGET,
        notes=[f"ours: {options.size:,} active carts, bare: {SMALL:,}; {note}"],
        raw={"many": list(many), "few": list(few)},
    )
