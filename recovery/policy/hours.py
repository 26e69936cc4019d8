"""When a message may arrive: the law's hours and the store's, in every time zone the person may be in.

The table is quiet_hours.toml, which is no legal advice. A moment is allowed when each rule holds in each candidate
zone, by the wall clock there.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from datetime import timedelta as td
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from recovery.policy.holidays import is_holiday
from recovery.policy.zones import region_code

_TABLE = Path(__file__).with_name("quiet_hours.toml")
#: No lawful pause is longer: two closed days, a holiday on either side, and the width of the world.
_HORIZON = td(days=15)


class NeverOpen(ValueError):
    """The hours contradict each other: there is no moment that all of them allow."""


@dataclass(frozen=True, slots=True)
class Window:
    """From `start` until before `end`, by the wall clock. With an end no later than its start it runs past midnight,
    and belongs to the day it starts on."""

    start: time
    end: time

    def span(self, day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """The window of that day in UTC. An hour that autumn repeats is only inside when both times around are, so the
        window opens at the later and closes at the earlier; an edge that spring skips is taken after the gap."""
        last = day if self.end > self.start else day + td(days=1)
        return _moment(day, self.start, zone, later=True), _moment(last, self.end, zone, later=False)


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table. None is a day without any window."""

    country: str
    region: str
    channels: frozenset[str]
    weekday: Window | None
    saturday: Window | None
    sunday: Window | None
    closed_on_holidays: bool
    source: str
    as_of: date

    def window_on(self, day: date) -> Window | None:
        if self.closed_on_holidays and is_holiday(self.country, day):
            return None
        return {5: self.saturday, 6: self.sunday}.get(day.weekday(), self.weekday)


def allowed_at(
    now: datetime,
    zones: Sequence[ZoneInfo],
    country: str,
    region: str,
    channel: str,
    store_window: Window | None = None,
) -> datetime | None:
    """None when a message may arrive now; else the next moment (UTC) at which it may. Raises NeverOpen.

    `zones` are all that the person may be in, and every one of them must be inside its hours; `store_window` is the
    store's own, in the person's time too, and can only tighten. E-mail has no hours but the store's.
    """
    if not zones:
        raise ValueError("at least one time zone is needed")
    opens = [_opening(zone, hours) for zone in zones for hours in _hours(country, region, channel, store_window)]
    now = now.astimezone(UTC)
    moment = _agreed(now, opens)
    return None if moment == now else moment


def rules_for(country: str, region: str, channel: str) -> tuple[Rule, ...]:
    """The rows that bind a message: the region's own, else its country's, else the house rule. With the region unknown
    in a country that has regional rows, all of them."""
    rows = [rule for rule in table() if channel in rule.channels]
    own = [rule for rule in rows if rule.country == country.upper()]
    code = region_code(country, region)
    here = [rule for rule in own if rule.region == code] or [rule for rule in own if not rule.region]
    if own and not code:
        here = own
    return tuple(here or [rule for rule in rows if not rule.country])


def ever_open(country: str, region: str, channel: str, store_window: Window | None) -> bool:
    """Whether the store's hours leave any time at all beside the law's there."""
    try:
        allowed_at(datetime(2026, 1, 5, tzinfo=UTC), [ZoneInfo("UTC")], country, region, channel, store_window)
    except NeverOpen:
        return False
    return True


@cache
def table() -> tuple[Rule, ...]:
    """Every row of quiet_hours.toml."""
    return tuple(_rule(row) for row in tomllib.loads(_TABLE.read_text("utf-8"))["rule"])


_WindowOn = Callable[[date], Window | None]
_Opening = Callable[[datetime], datetime | None]


def _hours(country: str, region: str, channel: str, store_window: Window | None) -> Iterable[_WindowOn]:
    """Each set of hours that binds, as the window of a day; equal ones once."""
    rules = rules_for(country, region, channel)
    alike = {(r.weekday, r.saturday, r.sunday, r.closed_on_holidays): r for r in rules}
    yield from (rule.window_on for rule in alike.values())
    if store_window and store_window.start != store_window.end:
        yield lambda day: store_window


def _agreed(now: datetime, opens: Sequence[_Opening]) -> datetime:
    """The first moment from `now` on that all allow. Each answers with its own first moment, never later than that of
    all, so going on to the latest answer until none moves arrives there."""
    moment = now
    while True:
        answers = [opening(moment) for opening in opens]
        latest = max([answer for answer in answers if answer], default=moment)
        if None in answers or latest - now > _HORIZON:
            raise NeverOpen("these hours leave no time at all")
        if latest == moment:
            return moment
        moment = latest


def _opening(zone: ZoneInfo, window_on: _WindowOn) -> _Opening:
    def first_open(moment: datetime) -> datetime | None:
        day = moment.astimezone(zone).date() - td(days=1)  # yesterday's window may run past midnight
        for _ in range(_HORIZON.days):
            window = window_on(day)
            start, end = window.span(day, zone) if window else (moment, moment)
            if moment < end and start < end:
                return max(moment, start)
            day += td(days=1)
        return None

    return first_open


def _moment(day: date, clock: time, zone: ZoneInfo, *, later: bool) -> datetime:
    """When that wall clock shows, in UTC. Autumn shows some times twice: `later` tells which. Times that spring skips
    stand for the end of the gap."""
    local = datetime.combine(day, clock, zone)
    first, second = (local.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    if first <= second:
        return second if later else first
    return _end_of_gap(second, first, zone)


def _end_of_gap(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The second at which the clocks jumped, between a moment before and one after."""
    old = before.astimezone(zone).utcoffset()
    while after - before > td(seconds=1):
        middle = before + (after - before) // 2
        if middle.astimezone(zone).utcoffset() == old:
            before = middle
        else:
            after = middle
    return after.replace(microsecond=0)


def _rule(row: dict[str, Any]) -> Rule:
    every = _window(row["every"])
    return Rule(
        country=row.get("country", ""),
        region=row.get("region", ""),
        channels=frozenset(row["channels"]),
        weekday=every,
        saturday=_window(row["saturday"]) if "saturday" in row else every,
        sunday=_window(row["sunday"]) if "sunday" in row else every,
        closed_on_holidays=row.get("holidays") == "closed",
        source=row["source"],
        as_of=row["as_of"],
    )


def _window(value: Any) -> Window | None:
    if value == "closed":
        return None
    start, end = (time.fromisoformat(text) for text in value)
    return Window(start, end)
