"""Which products and categories are left behind most often: by rate, with its lower bound, not by count."""

from __future__ import annotations

from recovery.reports import definitions, rollup
from recovery.reports.asked import Asked
from recovery.reports.definitions import TOO_FEW
from recovery.reports.rates import Rate
from recovery.reports.rollup import Cell
from recovery.reports.sheet import Amount, Section, Table

_MOST_ROWS = 50


def products(asked: Asked) -> list[Section]:
    """Two tables, the most often abandoned first."""
    cells = rollup.cells_of(asked, ["product", "category"], numbers=("settled", "unordered", "worth_unordered"))
    return [
        _ranked("Products", "products", [cell for cell in cells if cell["facet"] == "product"]),
        _ranked("Categories", "categories", [cell for cell in cells if cell["facet"] == "category"]),
    ]


def _ranked(title: str, key: str, cells: list[Cell]) -> Section:
    """A product that was in carts of two currencies is two lines: its worth is never summed over both."""
    enough = [cell for cell in cells if cell["settled"] >= TOO_FEW]
    ranked = sorted(enough, key=lambda cell: -_rate(cell).low)
    rows = [
        (
            cell["label"] or cell["value"],
            cell["settled"],
            _rate(cell),
            Amount(cell["worth_unordered"], cell["currency"]),
        )
        for cell in ranked[:_MOST_ROWS]
    ]
    few = sum(1 for cell in cells if 0 < cell["settled"] < TOO_FEW)
    note = f"{few} more were in fewer than {TOO_FEW} settled carts: too few to rank." if few else ""
    note += f" The first {_MOST_ROWS} of {len(ranked)} are shown." if len(ranked) > _MOST_ROWS else ""
    head = (
        title[:-1] if key == "products" else "Category",
        "Settled carts with it",
        "Not ordered",
        "Worth left behind",
    )
    told = f"None was in {TOO_FEW} settled carts or more" + (f", {few} were in fewer." if few else ".")
    return Section(title, definitions.PRODUCTS, tables=[Table(key, head, rows)], note=note, empty="" if rows else told)


def _rate(cell: Cell) -> Rate:
    found = Rate.of(cell["unordered"], cell["settled"])
    assert found  # the caller keeps only those with enough carts
    return found
