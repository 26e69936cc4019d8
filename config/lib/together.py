"""Several questions to the database in one round trip."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet

#: A `values_list` of plain columns (a JSON column would come as text), or SQL with its parameters.
Question = QuerySet[Any, Any] | tuple[str, Sequence[Any]]
Rows = list[tuple[Any, ...]]


def ask_together(*questions: Question) -> list[Rows]:
    """The rows of each question, in their order.

    On a busy machine the way to the database and back costs more than a small question does.
    """
    asked = [_sql(question) for question in questions]
    spoken = [pair for pair in asked if pair]
    if not spoken:
        return [[] for _ in questions]
    with connection.cursor() as cursor:
        cursor.execute(";\n".join(sql for sql, _ in spoken), [value for _, values in spoken for value in values])
        return [_next_rows(cursor, first=pair is spoken[0]) if pair else [] for pair in asked]


def _sql(question: Question) -> tuple[str, Sequence[Any]] | None:
    """None for a question whose answer is known to be nothing, like one for an empty list of keys."""
    if isinstance(question, tuple):
        return question
    try:
        sql, values = question.query.sql_with_params()
    except EmptyResultSet:
        return None
    return sql, values


def _next_rows(cursor: Any, *, first: bool) -> Rows:
    if not first:
        cursor.nextset()
    rows: Rows = cursor.fetchall()
    return rows
