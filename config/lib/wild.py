"""Boxes for untrusted JSON: nothing leaves one but through a check that can name what was wrong and where."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson

_MAX_TEXT = 2_000
_MAX_MONEY = 10**12  # numeric(15, 3) holds what is below
_MAX_DIGITS = 64
_EXACT = 2**53  # from here on a float no longer tells one whole number from the next
_INT64 = 2**63

# NUL has no place in PostgreSQL; every other control character and line break would end a mail header.
_CONTROLS = {**dict.fromkeys([*range(1, 32), *range(127, 160), 0x2028, 0x2029], " "), 0: None}
_URL = re.compile(r"https?://[^\s\x00-\x1f\x7f\"<>\\^`{|}]+", re.IGNORECASE)
# A whole pair of surrogate escapes | half of one | any other escape, so that "\\ud800" is left alone.
_ESCAPES = re.compile(
    rb"(\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\."
)


class WildError(ValueError):
    """The body does not say what it should. The message names the path, as in `line_items[0].price`."""


class Wild:
    """One untrusted JSON value and the way that led to it; the path is only spelled out when something is wrong."""

    __slots__ = ("_key", "_parent", "_value")

    def __init__(self, value: Any, key: str | int = "", parent: Wild | None = None) -> None:
        self._value = value
        self._key = key
        self._parent = parent

    @classmethod
    def parse(cls, body: bytes) -> Wild:
        """Read a JSON body. Integers keep every digit up to 64 bits; `text` and `integer` refuse larger ones by name.

        Half an emoji, as a store leaves it that cuts titles in JavaScript, is mended rather than costing the event.
        """
        try:
            return cls(orjson.loads(body))
        except orjson.JSONDecodeError as error:
            mended = _ESCAPES.sub(_whole_characters, body)
            if mended == body:
                raise WildError(f"the body is not JSON: {error}") from error
        try:
            return cls(orjson.loads(mended))
        except orjson.JSONDecodeError as error:
            raise WildError(f"the body is not JSON: {error}") from error

    @property
    def path(self) -> str:
        """Where the value stands, as in `line_items[0].price`."""
        above = self._parent.path if self._parent is not None else ""
        if isinstance(self._key, int):
            return f"{above}[{self._key}]"
        return f"{above}.{self._key}" if above else self._key

    def _wrong(self, what: str) -> WildError:
        return WildError(f"{self.path or 'the body'} {what}")

    def __getitem__(self, key: str) -> Wild:
        """The value under `key`; raises WildError when there is none."""
        box = self.get(key)
        if box._value is None:
            raise box._wrong("is missing")
        return box

    def get(self, key: str) -> Wild:
        """The value under `key`, or an empty box when it is absent or this is no object."""
        value = self._value
        return Wild(value.get(key) if isinstance(value, dict) else None, key, self)

    def __contains__(self, key: str) -> bool:
        return isinstance(self._value, dict) and key in self._value

    def __str__(self) -> str:
        raise TypeError(f"{self.path}: untrusted value used as text; ask for .text()")

    def __eq__(self, other: object) -> bool:
        raise TypeError(f"{self.path}: untrusted value compared; take it out first")

    __hash__ = None  # type: ignore[assignment]

    @property
    def missing(self) -> bool:
        return self._value is None

    @property
    def is_empty(self) -> bool:
        """Absent, or there and without content: null, "", [], {}."""
        return self._value is None or self._value in ("", [], {})

    @property
    def is_object(self) -> bool:
        return isinstance(self._value, dict)

    @property
    def is_list(self) -> bool:
        return isinstance(self._value, list)

    def keys(self) -> list[str]:
        """The keys of an object, [] for anything else."""
        return list(self._value) if isinstance(self._value, dict) else []

    def items(self, limit: int = 500) -> Iterator[Wild]:
        """The members of a list. A missing list is empty; more than `limit` members are cut."""
        if self._value is None:
            return
        if not isinstance(self._value, list):
            raise self._wrong("should be a list")
        for index, value in enumerate(self._value[:limit]):
            yield Wild(value, index, self)

    def text(self, limit: int = _MAX_TEXT) -> str:
        """One line of text, cut at `limit`; "" when missing. A number gives its digits: ids come as both."""
        return self._words()[:limit]

    def short(self, limit: int) -> str:
        """As `text`, but "" when it is longer: half an e-mail address would be somebody else's."""
        words = self._words()
        return words if len(words) <= limit else ""

    def identifier(self, limit: int = 100) -> str:
        """As `text`, but too long is an error: two ids cut short would be taken for one."""
        words = self._words()
        if len(words) > limit:
            raise self._wrong("is too long for an id")
        return words

    def url(self) -> str:
        """An absolute http(s) address; "" when missing, too long or anything else."""
        words = self._words() if isinstance(self._value, str) else ""
        return words if len(words) <= _MAX_TEXT and _URL.fullmatch(words) else ""

    def _words(self) -> str:
        value = self._value
        if isinstance(value, str):
            return (value if value.isprintable() else value.translate(_CONTROLS)).strip()
        if value is None:
            return ""
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self._wrong("should be text")
        return str(self._exact(value))

    def _exact(self, value: int | float) -> int | float:
        """A float that stands for a whole number as that number; refused where it may stand for another one."""
        if not isinstance(value, float) or not value.is_integer():
            return value
        if abs(value) >= _EXACT:
            raise self._wrong("is too large to be exact; send it as text")
        return int(value)

    def integer(self, default: int = 0, low: int = -_INT64, high: int = _INT64 - 1) -> int:
        """A whole number between `low` and `high`, also when written as text; `default` when absent or ""."""
        if self._value is None or self._value == "":
            return default
        number = self._number("should be a whole number")
        if number != number.to_integral_value() or not low <= number <= high:
            raise self._wrong(f"should be a whole number from {low} to {high}")
        return int(number)

    def money(self) -> Decimal | None:
        """An amount in major units, from text or number; None when absent or empty."""
        if self._value is None or self._value == "":
            return None
        amount = self._number("should be an amount")
        if abs(amount) >= _MAX_MONEY:
            raise self._wrong("is no possible amount")
        return amount

    def _number(self, complaint: str) -> Decimal:
        """A finite number out of text or number, with every digit that was written."""
        value = self._value
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            raise self._wrong(complaint)
        digits = value.strip() if isinstance(value, str) else str(self._exact(value))
        if len(digits) > _MAX_DIGITS or not digits.isascii() or "_" in digits:
            raise self._wrong(complaint)
        try:
            number = Decimal(digits)
        except InvalidOperation as error:
            raise self._wrong(complaint) from error
        if not number.is_finite():
            raise self._wrong(complaint)
        return number

    def flag(self) -> bool | None:
        """true or false; None when absent."""
        value = self._value
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, (str, int)) and value in ("true", "false", 0, 1, "1", "0"):
            return value in ("true", 1, "1")
        raise self._wrong("should be true or false")

    def moment(self, zone: tzinfo = UTC) -> datetime | None:
        """An ISO 8601 time with its zone; one without an offset is read in `zone`. None when absent.

        A malformed or impossible time raises WildError: whether it spoils the event is for the caller to say.
        """
        value = self._value
        if value is None or value == "":
            return None
        try:
            moment = datetime.fromisoformat(value.strip() if isinstance(value, str) else "")
        except ValueError as error:
            raise self._wrong("should be an ISO 8601 time") from error
        if not 1990 <= moment.year <= 2200:
            raise self._wrong("is no possible time")
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)

    def moment_or_none(self, zone: tzinfo = UTC) -> datetime | None:
        """As `moment`, but a malformed time costs only the field."""
        try:
            return self.moment(zone)
        except WildError:
            return None


def _whole_characters(match: re.Match[bytes]) -> bytes:
    return rb"\ufffd" if match[2] else match[0]
