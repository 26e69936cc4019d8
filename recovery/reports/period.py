"""Which carts a report is about: those that were started between two dates, as the store's clock has them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from datetime import timedelta as td
from zoneinfo import ZoneInfo

#: How many days a report covers when nobody says.
DAYS = 30


class BadPeriod(ValueError):
    """The dates make no period. The text says why."""


@dataclass(frozen=True, slots=True)
class Period:
    """Both dates belong to it. Days begin at midnight in `zone`."""

    first: date
    last: date
    zone: ZoneInfo

    @property
    def since(self) -> datetime:
        """The first moment, in UTC."""
        return _midnight(self.first, self.zone)

    @property
    def until(self) -> datetime:
        """The first moment after it, in UTC. The last day may have 23 or 25 hours."""
        return _midnight(self.last + td(days=1), self.zone)


def period(first: date | None, last: date | None, *, as_of: datetime, zone: ZoneInfo) -> Period:
    """The period of two dates; one left out is filled so that 30 days come out, ending today. Raises BadPeriod."""
    today = as_of.astimezone(zone).date()
    try:
        last = last or (max(today, first) if first else today)
        found = Period(first or last - td(days=DAYS - 1), last, zone)
        found.since, found.until  # noqa: B018 - dates at the end of the calendar have no midnight
    except OverflowError as error:
        raise BadPeriod("These dates are beyond the calendar.") from error
    if found.first > found.last:
        raise BadPeriod(f"The period would end ({found.last}) before it begins ({found.first}).")
    return found


def end_of(day: date, zone: ZoneInfo, now: datetime) -> datetime:
    """The last moment of the day by that clock, or now where the day is not over. Raises BadPeriod."""
    try:
        return min(_midnight(day + td(days=1), zone) - td(microseconds=1), now)
    except OverflowError as error:
        raise BadPeriod("This date is beyond the calendar.") from error


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)
