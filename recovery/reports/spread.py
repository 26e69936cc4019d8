"""How the figures of facets with many values are kept: as lists, a row for each filter. The SQL that packs cells into
such rows and reads them out again.

They are kept twice: with every filter apart, and with segments, channels and flows together. So many filters make
nearly as many cells as there are carts; a page without these filters has no need to add them all up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from recovery.reports import cells

_KEY = ("facet", *cells.DIMENSIONS)
_LISTS = ("value", "label", *cells.SPREAD_NUMBERS)
DAYS, MONTHS = "recovery_dailyspread", "recovery_monthlyspread"

_TOGETHER = "facet, currency, device, '' AS segment, '{}'::text[] AS channels, '{}'::bigint[] AS flows"
_MADE = "FROM made WHERE facet = ANY(%(spread)s)"
#: Cells of a day (`made`), with every filter apart, and the same with segments, channels and flows together.
BOTH = f"""
    SELECT {", ".join((*_KEY, *_LISTS))} {_MADE}
    UNION ALL
    {cells.added_up(f"SELECT {_TOGETHER}, {', '.join(_LISTS)} {_MADE}", (*_KEY, *_LISTS))}
"""
#: The rows that a page reads: the filters' own, or those of all together.
ASKED = "(segment = '') = (%(segment)s = '' AND %(channel)s = '' AND %(flow)s = 0)"


def packed(table: str, rows: str) -> str:
    """The statement that keeps these rows, of %(store)s and %(day)s."""
    lists = ", ".join(f"array_agg({name})" for name in _LISTS)
    return f"""
        INSERT INTO {table} (store_id, day, {", ".join((*_KEY, *_LISTS))})
        SELECT %(store)s, %(day)s, {", ".join(_KEY)}, {lists} FROM ({rows}) cells
        GROUP BY {", ".join(_KEY)} ORDER BY facet
    """


def summed(rows: Mapping[str, str], names: Sequence[str] = (*_KEY, *_LISTS)) -> str:
    """The cells of some rows added up: table → which of its rows."""
    columns = ", ".join(f"unnest({name}) AS {name}" if name in _LISTS else name for name in names)
    parts = (f"SELECT {columns} FROM {table} WHERE {which}" for table, which in rows.items())
    return cells.added_up(" UNION ALL ".join(parts), names)
