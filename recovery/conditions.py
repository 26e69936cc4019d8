"""What a step may ask of a cart before it is sent: typed, checked when the flow is saved, asked again at the door."""

from __future__ import annotations

from dataclasses import dataclass, fields
from decimal import Decimal, InvalidOperation
from typing import Any


class BadConditions(ValueError):
    """The conditions cannot be understood. The text says which one and why."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """All of them must hold; one left out asks nothing.

    Amounts are in the cart's currency, major units. Countries are ISO 3166-1 alpha-2. Items are product ids, variant
    ids or SKUs of which the cart must hold at least one.
    """

    min_total: Decimal | None = None
    max_total: Decimal | None = None
    shopper: str = ""  # "" | new | returning
    countries: tuple[str, ...] = ()
    items: tuple[str, ...] = ()

    @classmethod
    def parse(cls, raw: Any) -> Conditions:
        """Read the stored JSON. Raises BadConditions."""
        if not isinstance(raw, dict):
            raise BadConditions('Conditions are a JSON object such as {"min_total": "50"}.')
        unknown = set(raw) - {field.name for field in fields(cls)}
        if unknown:
            raise BadConditions(f"There is no condition called {', '.join(sorted(unknown))}.")
        shopper = raw.get("shopper", "")
        if shopper not in ("", "new", "returning"):
            raise BadConditions("shopper is new or returning.")
        return cls(
            min_total=_amount(raw, "min_total"),
            max_total=_amount(raw, "max_total"),
            shopper=shopper,
            countries=tuple(code.upper() for code in _texts(raw, "countries")),
            items=tuple(_texts(raw, "items")),
        )

    def unmet(self, facts: CartFacts) -> str:
        """The first condition that does not hold, in words; "" when all do."""
        if self.min_total is not None and facts.total < self.min_total:
            return f"cart of {facts.total} is below {self.min_total}"
        if self.max_total is not None and facts.total > self.max_total:
            return f"cart of {facts.total} is above {self.max_total}"
        if self.shopper and self.shopper != ("returning" if facts.earlier_orders else "new"):
            return f"not a {self.shopper} customer"
        if self.countries and facts.country not in self.countries:
            return f"country {facts.country or 'unknown'} is not among {', '.join(self.countries)}"
        if self.items and not facts.items & set(self.items):
            return "none of the items is in the cart"
        return ""


@dataclass(frozen=True, slots=True)
class CartFacts:
    """What conditions look at."""

    total: Decimal
    country: str
    items: frozenset[str]
    earlier_orders: int


def item_keys(lines: list[dict[str, Any]]) -> frozenset[str]:
    """Every name by which a condition may call what is in the cart."""
    return frozenset(line[key] for line in lines for key in ("product_id", "variant_id", "sku") if line.get(key))


def _amount(raw: dict[str, Any], name: str) -> Decimal | None:
    if raw.get(name) in (None, ""):
        return None
    try:
        amount = Decimal(str(raw[name]))
    except InvalidOperation as error:
        raise BadConditions(f"{name} is no amount.") from error
    if not amount.is_finite() or amount < 0:
        raise BadConditions(f"{name} is no possible amount.")
    return amount


def _texts(raw: dict[str, Any], name: str) -> list[str]:
    values = raw.get(name, [])
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise BadConditions(f"{name} is a list of texts.")
    return values
