"""What a report's page consists of, before anything is drawn: sections with cards, a chart and a table.

The same tables are the page, its CSV and its JSON, so they cannot tell different numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.safestring import SafeString

from config.lib.money import rounded
from recovery.reports.definitions import Definition
from recovery.reports.drawing import bar, interval
from recovery.reports.rates import Mean, Rate, Share


@dataclass(frozen=True, slots=True)
class Amount:
    """Money, as a cell of a table."""

    amount: Decimal
    currency: str

    def __str__(self) -> str:
        return f"{rounded(self.amount, self.currency):,} {self.currency}"


@dataclass(frozen=True, slots=True)
class Bar:
    """A count that is drawn as long as its share of the largest."""

    count: int
    most: int


@dataclass(frozen=True, slots=True)
class Value:
    """A mean amount in its currency."""

    mean: Mean
    currency: str


@dataclass(frozen=True, slots=True)
class Gap:
    """A difference of two arms with its interval: in parts of one, or in money a shopper where it has a currency.

    `n`: the shoppers behind both."""

    value: float
    low: float
    high: float
    n: int
    currency: str = ""


Cell = str | int | float | date | Rate | Share | Amount | Bar | Value | Gap | None


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells under their titles. `folded`: shown only when asked for, because a chart stands for it. `before`:
    the rows of the same table of the period before, where that was asked for; not of one that stands `alone`, because
    its rows are days and months of their own."""

    key: str
    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    folded: bool = False
    alone: bool = False
    before: Sequence[Sequence[Cell]] | None = None

    @property
    def titles(self) -> list[tuple[str, bool]]:
        """Each title, and whether its column is of words."""
        firsts = self.rows[0] if self.rows else []
        return [(title, isinstance(first, str)) for title, first in zip(self.head, firsts, strict=False)]


@dataclass(frozen=True, slots=True)
class Card:
    """One number in large. `before`: the same of the period before. `main` marks the one to look at first. `about`
    tells it from others of the same definition."""

    definition: Definition
    value: Cell
    note: str = ""
    before: Cell = None
    main: bool = False
    about: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a page. `empty` is said in place of everything where there is nothing to show."""

    title: str
    definition: Definition | None = None
    cards: Sequence[Card] = ()
    chart: SafeString = field(default_factory=SafeString)
    tables: Sequence[Table] = ()
    note: str = ""
    empty: str = ""


#: What two periods can be compared by; words, dates and differences between arms cannot.
_NUMBERS = (Rate, Share, Amount, Bar, Value, int, float)


def beside(sections: Sequence[Section], earlier: Sequence[Section]) -> list[Section]:
    """The same sections with each number of the period before beside its own: of cards of the same title, and of
    tables with the same key."""
    cards = {(one.title, card.definition.title, card.about): card.value for one in earlier for card in one.cards}
    tables = {table.key: table.rows for one in earlier for table in one.tables}
    return [
        replace(
            section,
            cards=[
                replace(card, before=cards.get((section.title, card.definition.title, card.about)))
                for card in section.cards
            ],
            tables=[
                table if table.alone else replace(table, before=tables.get(table.key, ())) for table in section.tables
            ],
        )
        for section in sections
    ]


def paired(table: Table) -> Iterable[list[tuple[Cell, Cell]]]:
    """Each row as pairs of a cell and the same of the period before, by the words that the row begins with."""
    known = {_label(row): row for row in table.before or ()}
    for row in table.rows:
        twin = known.get(_label(row))
        yield [
            (cell, twin[n] if twin and n and isinstance(cell, _NUMBERS) and isinstance(twin[n], type(cell)) else None)
            for n, cell in enumerate(row)
        ]


def _label(row: Sequence[Cell]) -> tuple[Cell, ...]:
    """The words that tell a row from the others: its first cell, and the words right after it."""
    words = [n for n, cell in enumerate(row) if n and not isinstance(cell, str)]
    return tuple(row[: words[0]] if words else row)


def plain(value: Cell) -> Any:
    """For JSON: numbers and text; a rate with its interval and its n."""
    if isinstance(value, (Rate, Share)):
        found: dict[str, Any] = {"value": value.value, "low": value.low, "high": value.high, "n": value.n}
        return found | ({"hits": value.hits} if isinstance(value, Rate) else {})
    if isinstance(value, Gap):
        ends = {"value": value.value, "low": value.low, "high": value.high}
        told = {name: round(end, 6) for name, end in ends.items()} | {"n": value.n}
        return told | ({"currency": value.currency} if value.currency else {})
    if isinstance(value, Value):
        return {"value": str(rounded(value.mean.value, value.currency)), "n": value.mean.n, "currency": value.currency}
    if isinstance(value, Amount):
        return {"amount": str(rounded(value.amount, value.currency)), "currency": value.currency}
    if isinstance(value, Bar):
        return value.count
    return value.isoformat() if isinstance(value, date) else value


#: What a spreadsheet would run as a formula. Sources and titles come from outside.
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")


def harmless(value: Any) -> Any:
    """A CSV field that no spreadsheet takes for a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULAS) else value


def as_lines(table: Table) -> Iterable[list[Any]]:
    """For CSV: a rate takes five columns, an amount two, a difference five; the period before as many again."""
    kinds = [_kind(row[n] for row in table.rows) for n in range(len(table.head))]
    numbers = [n for n, kind in enumerate(kinds) if n and issubclass(kind, _NUMBERS)]
    compared = numbers if table.before is not None else []
    titles = [*zip(table.head, kinds, strict=True), *((f"Before: {table.head[n]}", kinds[n]) for n in compared)]
    yield [name for title, kind in titles for name in _titles(title, kind)]
    for pairs in paired(table):
        cells = [*((cell, kinds[n]) for n, (cell, _) in enumerate(pairs)), *((pairs[n][1], kinds[n]) for n in compared)]
        yield [harmless(part) for cell, kind in cells for part in _parts(cell, kind)]


def _kind(cells: Iterable[Cell]) -> type:
    return next((type(cell) for cell in cells if cell is not None), str)


_PARTS: dict[type, tuple[str, ...]] = {
    Rate: ("", "low", "high", "hits", "n"),
    Share: ("", "low", "high", "n"),
    Amount: ("", "currency"),
    Value: ("", "n", "currency"),
    Gap: ("", "low", "high", "n", "currency"),
}


def _titles(title: str, kind: type) -> list[str]:
    return [f"{title} {part}".strip() for part in _PARTS.get(kind, ("",))]


def _parts(cell: Cell, kind: type) -> list[Any]:
    names = _PARTS.get(kind)
    if names is None:
        return [plain(cell)]
    found = plain(cell) or {}
    first = found.get("value", found.get("amount", ""))
    return [first, *(found.get(name, "") for name in names[1:])]


def as_json(sections: Sequence[Section]) -> list[dict[str, Any]]:
    """Every card and table of a page."""
    return [
        {
            "title": section.title,
            "numbers": {_name(card): plain(card.value) for card in section.cards},
            "tables": {table.key: [_told(table, pairs) for pairs in paired(table)] for table in section.tables},
        }
        for section in sections
    ]


def _name(card: Card) -> str:
    return f"{card.definition.title}, {card.about}" if card.about else card.definition.title


def _told(table: Table, pairs: Sequence[tuple[Cell, Cell]]) -> dict[str, Any]:
    found = {title: plain(cell) for title, (cell, _) in zip(table.head, pairs, strict=True)}
    before = {title: plain(cell) for title, (_, cell) in zip(table.head, pairs, strict=True) if cell is not None}
    return found | ({"before": before} if before else {})


def drawn(value: Cell) -> SafeString | str:
    """The bar of a cell, where it has one."""
    if isinstance(value, (Rate, Share)):
        return interval(value)
    if isinstance(value, Bar):
        return bar(value.count / value.most if value.most else 0)
    return ""
