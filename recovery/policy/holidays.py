"""Public holidays on which marketing rests. Computed, because a list would run out some year."""

from __future__ import annotations

from datetime import date
from datetime import timedelta as td
from functools import lru_cache

# Days off by law in the whole of France (Code du travail L3133-1). Alsace and Moselle have two more.
_FRENCH = ((1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25))
_FRENCH_AFTER_EASTER = (1, 39, 50)  # Easter Monday, Ascension, Whit Monday: days after Easter Sunday


def is_holiday(country: str, day: date) -> bool:
    """Whether the day is a public holiday there, for the countries that quiet_hours.toml asks about."""
    return country == "FR" and day in _french(day.year)


@lru_cache(maxsize=32)
def _french(year: int) -> frozenset[date]:
    moving = {easter(year) + td(days=days) for days in _FRENCH_AFTER_EASTER}
    return frozenset(moving | {date(year, month, day) for month, day in _FRENCH})


def easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar, by the paschal full moon (Gauss, with the Lilian corrections)."""
    century = year // 100
    golden = year % 19
    epact = (19 * golden + century - century // 4 - (8 * century + 13) // 25 + 15) % 30
    moon = epact - (epact == 29 or (epact == 28 and golden > 10))  # days from 21 March to the full moon
    weekday = (year + year // 4 - century + century // 4 + 2 + moon) % 7  # of the full moon; Sunday is 0
    return date(year, 3, 21) + td(days=moon + 7 - weekday)
