"""Long lists a page at a time, by a cursor that neither skips nor repeats rows while new ones come in."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.utils.dateparse import parse_datetime

from recovery.api.door import Refused

USUAL, MOST = 100, 500

_Row = TypeVar("_Row", bound=Model)


def page_of(request: HttpRequest, rows: QuerySet[_Row], column: str) -> tuple[list[_Row], str | None]:
    """A page of rows, the newest by `column` first, and the cursor of the next page (None: this was the last).

    ?since and ?until take moments of the column, ?limit how many rows, ?cursor where the page before ended.
    """
    limit, which = _limit(request), _between(request, column)
    if cursor := request.GET.get("cursor"):
        at, pk = _read(cursor)
        which &= Q(**{f"{column}__lt": at}) | Q(**{column: at, "pk__lt": pk})
    found = list(rows.filter(which).order_by(f"-{column}", "-pk")[: limit + 1])
    page = found[:limit]
    return page, _write(getattr(page[-1], column), page[-1].pk) if len(found) > limit else None


def listed(
    request: HttpRequest, rows: QuerySet[_Row], column: str, told: Callable[[_Row], dict[str, Any]]
) -> dict[str, Any]:
    """A page of rows as they are answered, each told by itself."""
    page, more = page_of(request, rows, column)
    return {"data": [told(row) for row in page], "next_cursor": more}


def _limit(request: HttpRequest) -> int:
    text = request.GET.get("limit", str(USUAL))
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= MOST):
        raise Refused(400, "Bad limit", f"limit is a number from 1 to {MOST}.")
    return int(text)


def _between(request: HttpRequest, column: str) -> Q:
    which = Q(**{f"{column}__isnull": False})
    for name, comparison in (("since", "gte"), ("until", "lt")):
        if text := request.GET.get(name):
            which &= Q(**{f"{column}__{comparison}": _moment(name, text)})
    return which


def _moment(name: str, text: str) -> datetime:
    try:
        found = parse_datetime(text.replace(" ", "+"))  # a + that was not encoded arrives as a space
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise Refused(400, f"Bad {name}", f"{name} is a moment with its zone, such as 2026-01-31T12:00:00Z.")
    return found


def _write(at: datetime, pk: int) -> str:
    return base64.urlsafe_b64encode(f"{at.isoformat()}|{pk}".encode()).decode().rstrip("=")


def _read(cursor: str) -> tuple[datetime, int]:
    try:
        at, _, pk = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().partition("|")
        moment, number = datetime.fromisoformat(at), int(pk)
        if moment.tzinfo is None or not 0 <= number < 2**63:
            raise ValueError
    except (ValueError, binascii.Error, UnicodeDecodeError) as error:
        raise Refused(400, "Bad cursor", "Take the cursor from next_cursor of the page before, as it is.") from error
    return moment, number
