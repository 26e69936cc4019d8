"""Boxes for untrusted JSON: nothing leaves one but through a check that can name what was wrong and where."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson

_MAX_TEXT = 2_000
_MAX_MONEY = Decimal("1e12")


class WildError(ValueError):
    """The body does not say what it should. The message names the path, as in `line_items[0].price`."""


class Wild:
    """One untrusted JSON value and the path that led to it."""

    __slots__ = ("_path", "_value")

    def __init__(self, value: Any, path: str = "") -> None:
        self._value = value
        self._path = path

    @classmethod
    def parse(cls, body: bytes) -> Wild:
        """Read a JSON body. Integers keep every digit up to 64 bits; larger ones are refused by name."""
        try:
            return cls(orjson.loads(body))
        except orjson.JSONDecodeError as error:
            raise WildError(f"the body is not JSON: {error}") from error

    def __getitem__(self, key: str) -> Wild:
        """The value under `key`; raises WildError when there is none."""
        box = self.get(key)
        if box.missing:
            raise WildError(f"{box._path} is missing")
        return box

    def get(self, key: str) -> Wild:
        """The value under `key`, or an empty box when it is absent or this is no object."""
        path = f"{self._path}.{key}" if self._path else key
        return Wild(self._value.get(key) if isinstance(self._value, dict) else None, path)

    def __contains__(self, key: str) -> bool:
        return isinstance(self._value, dict) and key in self._value

    def __str__(self) -> str:
        raise TypeError(f"{self._path}: untrusted value used as text; ask for .text()")

    def __eq__(self, other: object) -> bool:
        raise TypeError(f"{self._path}: untrusted value compared; take it out first")

    __hash__ = None  # type: ignore[assignment]

    @property
    def missing(self) -> bool:
        return self._value is None

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
            raise WildError(f"{self._path} should be a list")
        for index, value in enumerate(self._value[:limit]):
            yield Wild(value, f"{self._path}[{index}]")

    def text(self, limit: int = _MAX_TEXT) -> str:
        """Text, or a number as its digits: ids come as both. Missing is "". NUL is dropped, PostgreSQL has no place for it."""
        value = self._value
        if value is None:
            return ""
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            raise WildError(f"{self._path} should be text")
        return str(value).replace("\x00", "").strip()[:limit]

    def integer(self, default: int = 0) -> int:
        """A whole number, also when written as text."""
        value = self._value
        if value is None or value == "":
            return default
        try:
            if isinstance(value, bool):
                raise ValueError
            number = Decimal(str(value))
            if number != number.to_integral_value() or abs(number) > 2**63:
                raise ValueError
            return int(number)
        except (ValueError, ArithmeticError) as error:
            raise WildError(f"{self._path} should be a whole number") from error

    def money(self) -> Decimal | None:
        """An amount in major units, from text or number; None when absent or empty."""
        value = self._value
        if value is None or value == "":
            return None
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            raise WildError(f"{self._path} should be an amount")
        try:
            amount = Decimal(str(value).strip())
        except InvalidOperation as error:
            raise WildError(f"{self._path} should be an amount") from error
        if not amount.is_finite() or abs(amount) > _MAX_MONEY:
            raise WildError(f"{self._path} is no possible amount")
        return amount

    def flag(self) -> bool | None:
        """true or false; None when absent."""
        if self._value is None or isinstance(self._value, bool):
            return self._value
        if self._value in ("true", "false", 0, 1, "1", "0"):
            return self._value in ("true", 1, "1")
        raise WildError(f"{self._path} should be true or false")

    def moment(self, zone: tzinfo = UTC) -> datetime | None:
        """An ISO 8601 time with its zone; one without an offset is read in `zone`. None when absent.

        A malformed or impossible time raises WildError: whether it spoils the event is for the caller to say.
        """
        text = self.text(64)
        if not text:
            return None
        try:
            moment = datetime.fromisoformat(text)
        except ValueError as error:
            raise WildError(f"{self._path} should be an ISO 8601 time") from error
        moment = moment if moment.tzinfo else moment.replace(tzinfo=zone)
        if not 1990 <= moment.year <= 2200:
            raise WildError(f"{self._path} is no possible time")
        return moment.astimezone(UTC)

    def moment_or_none(self, zone: tzinfo = UTC) -> datetime | None:
        """As `moment`, but a malformed time costs only the field."""
        try:
            return self.moment(zone)
        except WildError:
            return None
