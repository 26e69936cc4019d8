"""What a message costs, for planning: the store's own prices, else prices.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

_TABLE = Path(__file__).with_name("prices.toml")


@dataclass(frozen=True, slots=True)
class Price:
    """For one SMS segment, or one message of another channel. `country` "": wherever no other row fits."""

    channel: str
    country: str  # ISO 3166-1 alpha-2
    amount: Decimal
    currency: str
    source: str
    as_of: date | None = None


def price_of(channel: str, country: str, own: Sequence[Price] = ()) -> Price:
    """The price that fits best: the store's own before the table's, a country's before that of all."""
    for prices in (own, table()):
        fitting = [price for price in prices if price.channel == channel and price.country in (country.upper(), "")]
        if fitting:
            return max(fitting, key=lambda price: bool(price.country))
    raise KeyError(f"prices.toml knows no price for {channel}")


@cache
def table() -> tuple[Price, ...]:
    """Every row of prices.toml."""
    return tuple(_price(row) for row in tomllib.loads(_TABLE.read_text("utf-8"))["price"])


def _price(row: dict[str, Any]) -> Price:
    country, amount = row.get("country", ""), Decimal(row["amount"])
    return Price(row["channel"], country, amount, row["currency"], row["source"], row["as_of"])
