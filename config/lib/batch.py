"""Many rows in one statement: the rows travel as one JSON array and PostgreSQL unpacks them.

Decision: one JSON array of arrays instead of VALUES lists or executemany. One parameter, one parse and one plan for any
number of rows, and the client's share is an orjson dump. Columns by their number cost PostgreSQL a quarter less than
`jsonb_to_recordset`, which looks every name up in every row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import cache
from typing import Any

import orjson
from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.db.models import Model
from django.db.models.expressions import RawSQL
from psycopg import Cursor

Row = Mapping[str, Any]


def insert(model: type[Model], rows: Sequence[Row], *, conflict: str = "") -> int:
    """Insert rows (column -> value, the same columns in each); returns how many. `conflict` follows ON CONFLICT."""
    if not rows:
        return 0
    columns = list(rows[0])
    names = _quoted(columns)
    tail = f" ON CONFLICT {conflict}" if conflict else ""
    sql = f"INSERT INTO {_table(model)} ({names}) SELECT {names} FROM {_recordset(model, columns)}{tail}"
    with _cursor() as cursor:
        cursor.execute(sql, [_packed(rows, columns)])
        return int(cursor.rowcount)


def update(model: type[Model], rows: Sequence[Row], *, where: str = "") -> list[int]:
    """Write the columns of each row to the row with its `id`. `where` is a further condition on `t`.

    Returns the ids of the rows that were written.
    """
    if not rows:
        return []
    columns = list(rows[0])
    changes = ", ".join(f'"{column}" = r."{column}"' for column in columns if column != "id")
    condition = f" AND {where}" if where else ""
    sql = f"UPDATE {_table(model)} AS t SET {changes} FROM {_recordset(model, columns)} WHERE t.id = r.id{condition}"
    with _cursor() as cursor:
        cursor.execute(f"{sql} RETURNING t.id", [_packed(rows, columns)])
        return [row[0] for row in cursor.fetchall()]


def new_ids(model: type[Model], count: int) -> list[int]:
    """Fresh primary keys, so that rows that point at each other can be written one table at a time."""
    if not count:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            # OFFSET 0 keeps the name from being looked up again for every row.
            "SELECT nextval(s.name) FROM (SELECT pg_get_serial_sequence(%s, 'id')::regclass AS name OFFSET 0) AS s, "
            "generate_series(1, %s)",
            [model._meta.db_table, count],
        )
        return [row[0] for row in cursor.fetchall()]


def texts(values: Iterable[str]) -> RawSQL:
    """For `column__in=`: any number of values as one parameter, where a list would be as many words to parse."""
    return RawSQL("SELECT jsonb_array_elements_text(%s::jsonb)", [orjson.dumps(list(values)).decode()])


def ids(values: Iterable[int]) -> RawSQL:
    """As `texts`, for keys."""
    return RawSQL("SELECT jsonb_array_elements_text(%s::jsonb)::bigint", [orjson.dumps(list(values)).decode()])


def lock_stores(store_ids: Iterable[int]) -> None:
    """Hold the stores' advisory locks until the transaction ends: one drain at a time applies a store's events."""
    ids = sorted(set(store_ids))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtext('cartback.store'), id) FROM unnest(%s::int[]) AS id", [ids]
        )


def _cursor() -> CursorWrapper:
    """Sends its parameter beside the statement. Django's own cursor writes it into the statement as a literal, which
    both sides have to go through once more: a third of the time for rows with long texts."""
    with connection.cursor():
        pass  # it is connected, and in good health
    cursor: CursorWrapper = connection._prepare_cursor(Cursor(connection.connection))  # type: ignore[attr-defined]
    return cursor


def _packed(rows: Sequence[Row], columns: Sequence[str]) -> str:
    return orjson.dumps([[row[column] for column in columns] for row in rows], default=_plain).decode()


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value)} has no place in a row")


def _table(model: type[Model]) -> str:
    return f'"{model._meta.db_table}"'


def _quoted(columns: Sequence[str]) -> str:
    return ", ".join(f'"{column}"' for column in columns)


def _recordset(model: type[Model], columns: Sequence[str]) -> str:
    """The rows as a table `r`. Types go without their length: the column itself refuses what is too long."""
    types = _types(model)
    parts = ", ".join(f'{_member(number, types[column])} AS "{column}"' for number, column in enumerate(columns))
    return f"(SELECT {parts} FROM jsonb_array_elements(%s::jsonb) AS a) AS r"


@cache
def _types(model: type[Model]) -> dict[str, str]:
    """The plain type of each column: "varchar", "bigint"."""
    given = {
        str(field.column): field.rel_db_type(connection) if field.is_relation else field.db_type(connection)
        for field in model._meta.concrete_fields
    }
    return {column: str(kind).split(" GENERATED")[0].partition("(")[0] for column, kind in given.items()}


def _member(number: int, kind: str) -> str:
    return f"nullif(a -> {number}, 'null')" if kind == "jsonb" else f"(a ->> {number})::{kind}"
