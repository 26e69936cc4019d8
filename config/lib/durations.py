"""Durations as people write them, 90s, 30m, 2h, 1d, and as they say them, 30 minutes, 1 day."""

from __future__ import annotations

import re
from datetime import timedelta as td

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def duration(text: str) -> td:
    """Read 90s, 30m, 2h or 1d, or several together as in 1h30m. Raises ValueError with a sentence."""
    parts = re.findall(r"(\d{1,6})([smhd])", text.strip().lower())
    if not parts or "".join(number + unit for number, unit in parts) != text.strip().lower():
        raise ValueError(f"“{text}” is no duration: write 90s, 30m, 2h or 1d.")
    return sum((td(**{_UNITS[unit]: int(number)}) for number, unit in parts), td(0))


def in_words(value: td) -> str:
    """The shortest such text: 1d2h, 30m, 90s."""
    seconds = int(value.total_seconds())
    words = ""
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        words += f"{seconds // size}{unit}" if seconds >= size else ""
        seconds %= size
    return words or "0s"


#: What people count in, the longest first.
UNITS = (("day", td(days=1)), ("hour", td(hours=1)), ("minute", td(minutes=1)), ("second", td(seconds=1)))


def spoken(value: td) -> str:
    """30 minutes, 1 day, 1 day 12 hours; "at once" for none."""
    words = []
    for unit, size in UNITS:
        count, value = divmod(value, size)
        words += [f"{count} {unit}{'' if count == 1 else 's'}"] if count > 0 else []
    return " ".join(words) or "at once"


def in_units(value: td) -> tuple[int, str]:
    """(90, "minute"): the longest unit that it is a whole number of."""
    unit, size = next((unit, size) for unit, size in UNITS if not value % size or unit == "second")
    return value // size, unit
