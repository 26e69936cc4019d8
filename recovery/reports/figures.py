"""The figures of a store and a period: the cells of `recovery.reports.rollup`, read as rates, money and messages."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from datetime import timedelta as td
from decimal import Decimal
from typing import Any

from config.lib.money import rounded
from customers.models import Store
from recovery.reports import rollup, sending
from recovery.reports.asked import Asked
from recovery.reports.definitions import LEFT_OUT
from recovery.reports.kept import kept_days
from recovery.reports.period import Period
from recovery.reports.rates import Mean, Rate, Share
from recovery.reports.rollup import Cell


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
    checkouts: int
    checkouts_net: int
    reachable: int


@dataclass(frozen=True, slots=True)
class SoFar:
    """What the carts that are still open have done until now. It may change until their time is over."""

    silent: int
    returned: int
    attributed: int
    revenue: dict[str, Money]


@dataclass(slots=True)
class Money:
    """Net revenue in one currency. `left_out`: orders refunded in another currency. `discount` was given on the orders
    of `order_value`, and is off their totals already."""

    returned: Decimal = Decimal(0)
    attributed: Decimal = Decimal(0)
    left_out: int = 0
    ordered: Decimal = Decimal(0)
    discount: Decimal = Decimal(0)
    order_value: Mean | None = None


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
    """Everything that the overview tells. `worth_abandonment` is by currency."""

    store: Store
    period: Period
    as_of: datetime
    timeout: td
    carts: Carts
    excluded: dict[str, int]
    rates: dict[str, Rate | None]
    worth_abandonment: dict[str, Share | None]
    revenue: dict[str, Money]
    so_far: SoFar
    messages: dict[str, Sending]


def figures(store: Store, period: Period, *, as_of: datetime) -> Figures:
    """The figures of every cart of the period, as they stood at `as_of`."""
    return figures_of(Asked(store, period, as_of))


#: A trend of more days than this is told by week.
_MOST_DAYS = 92
#: The facets that the figures are read from.
FACETS = ("", "left_out", "money")


def figures_of(asked: Asked) -> Figures:
    """The figures of the carts that are asked for."""
    kept = kept_days(asked)
    return _figures(asked, rollup.cells_of(asked, FACETS, kept=kept), sending.steps_of(asked, kept))


def figures_by_day(asked: Asked) -> tuple[Figures, list[Cell]]:
    """The same, and the cells of each day that they are made of."""
    kept = kept_days(asked)
    cells = rollup.cells_of(asked, FACETS, by_day=True, kept=kept)
    return _figures(asked, rollup.together(cells), sending.steps_of(asked, kept)), cells


def _figures(asked: Asked, cells: list[Cell], steps: list[dict[str, Any]]) -> Figures:
    whole = [cell for cell in cells if cell["facet"] == ""]
    money = [cell for cell in cells if cell["facet"] == "money"]
    carts = carts_of(whole)
    left_out = [cell for cell in cells if cell["facet"] == "left_out"]
    return Figures(
        store=asked.store,
        period=asked.period,
        as_of=asked.as_of,
        timeout=asked.store.abandon_after,
        carts=carts,
        excluded={name: total(left_out, "started", value=name) for name in LEFT_OUT},
        rates=rates_of(carts),
        worth_abandonment={cell["currency"]: _worth(cell) for cell in sorted(whole, key=lambda cell: cell["currency"])},
        revenue=_revenue(money, ""),
        so_far=SoFar(
            total(whole, "open_silent"),
            total(whole, "open_returned"),
            total(whole, "open_attributed"),
            _revenue(money, "open_"),
        ),
        messages=_messages(steps),
    )


def total(cells: Iterable[Cell], name: str, *, value: str | None = None) -> int:
    """A count over cells; of one value of the facet, if given."""
    return int(sum(cell[name] for cell in cells if value is None or cell["value"] == value))


def carts_of(cells: Iterable[Cell]) -> Carts:
    """The counts of some cells together."""
    rows = list(cells)
    started, settled = total(rows, "started"), total(rows, "settled")
    names = ("silent", "unordered", "returned", "messaged", "attributed", "checkouts", "checkouts_unordered")
    return Carts(started, started - settled, settled, *(total(rows, name) for name in (*names, "reachable")))


def rates_of(carts: Carts) -> dict[str, Rate | None]:
    """By the names that the rates have in the report."""
    return {
        "gross_abandonment": Rate.of(carts.abandoned_gross, carts.matured),
        "net_abandonment": Rate.of(carts.abandoned_net, carts.matured),
        "return": Rate.of(carts.returned, carts.abandoned_gross),
        "attributed_recovery": Rate.of(carts.attributed, carts.messaged),
        "checkout_abandonment": Rate.of(carts.checkouts_net, carts.checkouts),
        "conversion": Rate.of(carts.matured - carts.abandoned_net, carts.matured),
        "contactable": Rate.of(carts.reachable, carts.abandoned_gross),
    }


@dataclass(frozen=True, slots=True)
class Span:
    """The carts of one day, or of a week that begins on a Monday."""

    first: date
    last: date
    carts: Carts

    @property
    def rate(self) -> Rate | None:
        """Cart abandonment."""
        return Rate.of(self.carts.abandoned_net, self.carts.matured)


def trend_of(asked: Asked, cells: Iterable[Cell]) -> list[Span]:
    """From cells by day: a span for each day that had carts, or for each week where the days are many."""
    days = 7 if (asked.period.last - asked.period.first).days > _MOST_DAYS else 1
    groups: dict[date, list[Cell]] = defaultdict(list)
    for cell in cells:
        if cell["facet"] == "":
            day: date = cell["day"]
            groups[day - td(days=day.weekday()) if days == 7 else day].append(cell)
    return [Span(day, day + td(days=days - 1), carts_of(groups[day])) for day in sorted(groups)]


def _worth(cell: Cell) -> Share | None:
    return Share.of(
        cell["worth_unordered"], cell["worth"], cell["worth_unordered_squares"], cell["worth_squares"], cell["settled"]
    )


def _revenue(cells: list[Cell], prefix: str) -> dict[str, Money]:
    """By currency; of settled carts, or with the prefix of open ones."""
    found: dict[str, Money] = {}
    for cell in cells:
        why = cell["value"].removeprefix(prefix)
        if cell["value"] != prefix + why or why not in ("returned", "attributed", "ordered"):
            continue
        money = found.setdefault(cell["currency"], Money())
        setattr(money, why, rounded(cell["revenue"], cell["currency"]))
        money.left_out = max(money.left_out, cell["unclear"])
        if why == "ordered":
            money.discount = rounded(cell["discount"], cell["currency"])
            money.order_value = Mean.of(cell["revenue"], cell["squares"], cell["orders"])
    return dict(sorted(found.items()))


def _messages(steps: list[dict[str, Any]]) -> dict[str, Sending]:
    found: dict[str, Sending] = {}
    for row in steps:
        _count(found.setdefault(row["channel"], Sending()), row)
    return found


def _count(counts: Sending, row: dict[str, Any]) -> None:
    state, messages = row["state"], row["messages"]
    if state in ("skipped", "cancelled"):
        counts.skipped[row["reason"] or "unknown"] += messages
    elif state in ("delivered", "read"):
        counts.sent += messages
        counts.delivered += messages
    else:
        setattr(counts, state, getattr(counts, state) + messages)
