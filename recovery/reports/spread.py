"""How cells are kept: twice, with every filter apart, and with segments, channels and flows together. So many filters
make nearly as many cells as there are carts; a page without these filters has no need to add them all up.

Those of facets with many values are kept as lists, a row for each filter: here is the SQL that packs cells into such
rows and reads them out again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from recovery.reports import cells

_KEY = ("facet", *cells.DIMENSIONS)
_LISTS = ("value", "label", *cells.SPREAD_NUMBERS)
NAMES = (*_KEY, *_LISTS)
DAYS, MONTHS = "recovery_dailyspread", "recovery_monthlyspread"

_TOGETHER = {"segment": "''", "channels": "'{}'::text[]", "flows": "'{}'::bigint[]"}


def both(names: Sequence[str], which: str) -> str:
    """Cells of a day (`made`) with every filter apart, and the same with segments, channels and flows together."""
    rows = f"FROM made WHERE {which}"
    together = ", ".join(f"{_TOGETHER[name]} AS {name}" if name in _TOGETHER else name for name in names)
    return f"SELECT {', '.join(names)} {rows} UNION ALL {cells.added_up(f'SELECT {together} {rows}', names)}"


def packed(table: str, rows: str) -> str:
    """The statement that keeps these rows, of %(store)s and %(day)s."""
    lists = ", ".join(f"array_agg({name})" for name in _LISTS)
    return f"""
        INSERT INTO {table} (store_id, day, {", ".join(NAMES)})
        SELECT %(store)s, %(day)s, {", ".join(_KEY)}, {lists} FROM ({rows}) cells
        GROUP BY {", ".join(_KEY)} ORDER BY facet, segment
    """


def summed(rows: Mapping[str, str], names: Sequence[str] = NAMES) -> str:
    """The cells of some rows added up: table → which of its rows."""
    columns = ", ".join(f"unnest({name}) AS {name}" if name in _LISTS else name for name in names)
    parts = (f"SELECT {columns} FROM {table} WHERE {which}" for table, which in rows.items())
    return cells.added_up(" UNION ALL ".join(parts), names)
