"""Quiet hours, in somebody's own time of day."""

from __future__ import annotations

from datetime import UTC, datetime, time
from datetime import timedelta as td
from zoneinfo import ZoneInfo


def quiet_until(now: datetime, zone: ZoneInfo, start: time | None, end: time | None) -> datetime | None:
    """The end of the quiet hours that `now` falls into, in UTC; None when it falls into none.

    The window may cross midnight (21:00 to 08:00). `start` belongs to it, `end` does not. An end that daylight saving
    skips is taken at the first moment after the gap.
    """
    if start is None or end is None or start == end:
        return None
    local = now.astimezone(zone)
    clock = local.time()
    inside = start <= clock < end if start < end else clock >= start or clock < end
    if not inside:
        return None
    day = local.date() if clock < end else local.date() + td(days=1)
    until = datetime.combine(day, end, zone).astimezone(UTC)
    # In the hour that an autumn night repeats, the wall clock's end may lie behind us.
    return until if until > now else until + td(hours=1)
