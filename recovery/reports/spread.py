"""How the figures of facets with many values are kept: as lists, a row for each filter. The SQL that packs cells into
such rows and reads them out again.

They are kept twice: with every filter apart, and with segments, channels and flows together. So many filters make
nearly as many cells as there are carts; a page without these filters has no need to add them all up.
"""

from __future__ import annotations

from collections.abc import Sequence

from recovery.reports import cells

_KEY = ("facet", *cells.DIMENSIONS)
_LISTS = ("value", "label", *cells.SPREAD_NUMBERS)
_SUMS = ", ".join(f"sum({name}) AS {name}" for name in cells.SPREAD_NUMBERS)

#: Cells of a day (`made`), with every filter apart, and the same with segments, channels and flows together.
BOTH = f"""
    SELECT {", ".join((*_KEY, *_LISTS))} FROM made WHERE facet = ANY(%(spread)s)
    UNION ALL
    SELECT facet, currency, device, '', '{{}}', '{{}}', value, max(label), {_SUMS}
    FROM made WHERE facet = ANY(%(spread)s) GROUP BY facet, currency, device, value
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


def cells_in(table: str, names: Sequence[str], which: str) -> str:
    """These columns of the cells, as rows."""
    return f"SELECT {', '.join(map(_column, names))} FROM {table} WHERE {which}"


def _column(name: str) -> str:
    return f"unnest({name}) AS {name}" if name in _LISTS else name


def summed(days: str) -> str:
    """The cells of several rows of `days` added up."""
    return f"""
        SELECT {", ".join(_KEY)}, value, max(label) AS label, {_SUMS}
        FROM ({cells_in("recovery_dailyspread", (*_KEY, *_LISTS), days)}) cells
        GROUP BY {", ".join(_KEY)}, value
    """
