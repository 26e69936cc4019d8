"""Which days' figures are kept and still hold."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import connection

from recovery.reports.asked import Asked, days_of, settings_of

_KEPT = """
    SELECT d.day
    FROM unnest(%(days)s::date[], %(since)s::timestamptz[], %(until)s::timestamptz[]) AS d(day, since, until)
    JOIN recovery_rolledday r ON r.store_id = %(store)s AND r.day = d.day
    WHERE r.valid_from <= %(as_of)s AND coalesce(r.valid_until > %(as_of)s, true) AND r.settings = %(settings)s
      AND NOT EXISTS (SELECT FROM recovery_touchedday t
                      WHERE t.store_id = %(store)s AND t.at >= d.since AND t.at < d.until)
"""


def kept_days(asked: Asked) -> set[date]:
    """The days of the period whose kept figures are what judging them now would give."""
    told = asked.parameters(days_of(asked.period)) | {"settings": settings_of(asked.store)}
    return {row[0] for row in fetch(_KEPT, told)}


def fetch(sql: str, told: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, told)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def run(sql: str, told: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, told)
