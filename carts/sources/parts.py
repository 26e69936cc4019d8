"""Parts that every shop's events have, whatever the shop calls them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal

from carts.snapshots import Line
from config.lib.money import currency_code, rounded
from config.lib.wild import Wild, WildError

MAX_LINES = 500
_MAX_MEMBERS = 100_000  # what is summed up; the body's own size is the real bound
_MAX_TOTAL = 10**12
_MAX_CODES = 20
_DEVICES = {"desktop", "mobile", "tablet"}


def amount(box: Wild, currency: str) -> Decimal | None:
    """An amount with the currency's own decimals; None when absent."""
    value = box.money()
    return None if value is None else rounded(value, currency)


def amount_or_zero(box: Wild, currency: str) -> Decimal:
    """As `amount`, and zero when absent."""
    return amount(box, currency) or Decimal(0)


def total(amounts: Iterable[Decimal], currency: str) -> Decimal:
    """The sum, in the currency's own decimals. Raises WildError when it is no possible amount."""
    value = sum(amounts, Decimal(0))
    if abs(value) >= _MAX_TOTAL:
        raise WildError("the amounts add up to no possible amount")
    return rounded(value, currency)


def currency_of(box: Wild, otherwise: str) -> str:
    """The currency that stands there, else the other one."""
    return currency_code(box.short(8)) or otherwise


def lines_of(box: Wild, line: Callable[[Wild], Line]) -> tuple[Line, ...] | None:
    """The lines, at most 500; None where the event has none to tell. A line of which none is left is no line."""
    if box.missing:
        return None
    lines = (line(member) for member in box.items(MAX_LINES))
    return tuple(one for one in lines if one.quantity)


def total_of(box: Wild, worth: Callable[[Wild], Decimal], currency: str) -> Decimal | None:
    """What all members are worth together, also those beyond the first 500; None where there is no list."""
    return None if box.missing else total((worth(member) for member in box.items(_MAX_MEMBERS)), currency)


def quantity(box: Wild, default: int = 1) -> int:
    """How many; a million is more than anybody buys."""
    return box.integer(default, low=0, high=1_000_000)


def tokens(*named: tuple[str, Wild]) -> tuple[str, ...]:
    """ "kind:id" for every id that is there. "0" is how PHP says that there is none."""
    pairs = [(kind, box.identifier(180)) for kind, box in named]
    return tuple(dict.fromkeys(f"{kind}:{name}" for kind, name in pairs if name not in ("", "0")))


def codes(box: Wild, key: str = "code") -> tuple[str, ...]:
    """Discount codes out of a list of objects or of texts."""
    found = [(member.get(key) if member.is_object else member).short(100) for member in box.items(_MAX_CODES)]
    return tuple(dict.fromkeys(code for code in found if code))


def external_id(box: Wild) -> str:
    """The store's own id of somebody or something; "0" is a guest's."""
    name = box.identifier()
    return "" if name == "0" else name


def email(*boxes: Wild) -> str:
    """The first e-mail that is there, as the store wrote it; "" counts as none."""
    return _first(box.short(254) for box in boxes)


def phone(*boxes: Wild) -> str:
    """The first phone that is there, as the store wrote it."""
    return _first(box.short(40) for box in boxes)


def name(*boxes: Wild) -> str:
    """The first name that is there."""
    return _first(box.text(100) for box in boxes)


def first_short(limit: int, *boxes: Wild) -> str:
    """The first text that is there; one that is too long to be right is as good as none."""
    return _first(box.short(limit) for box in boxes)


def country(*boxes: Wild) -> str:
    """The first two-letter country code that is there."""
    return _first(_country(box.short(2)) for box in boxes)


def _country(text: str) -> str:
    return text.upper() if len(text) == 2 and text.isascii() and text.isalpha() else ""


def locale(box: Wild) -> str:
    """A language tag as BCP 47 writes it: "nb_NO" becomes "nb-NO"; "" when it is none."""
    tag = box.short(16).replace("_", "-")
    return tag if tag.replace("-", "").isalnum() and tag.isascii() else ""


def device(box: Wild) -> str:
    """desktop, mobile or tablet, or "" for anything else."""
    word = box.short(20).lower()
    return word if word in _DEVICES else ""


def _first(texts: Iterable[str]) -> str:
    return next((text for text in texts if text), "")
