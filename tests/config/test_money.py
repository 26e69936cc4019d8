"""Money in its currency's own decimals."""

from __future__ import annotations

from decimal import Decimal

from config.lib.money import currency_code, minor_units, rounded


def test_each_currency_has_its_own_decimals() -> None:
    assert [minor_units(code) for code in ("EUR", "JPY", "KWD", "XOF", "XYZ")] == [2, 0, 3, 0, 2]


def test_amounts_are_rounded_half_away_from_zero() -> None:
    assert str(rounded(Decimal("1259.9"), "EUR")) == "1259.90"
    assert str(rounded(Decimal("0.005"), "EUR")) == "0.01"
    assert str(rounded(Decimal("-0.005"), "EUR")) == "-0.01"
    assert str(rounded(Decimal("4590.00"), "JPY")) == "4590"
    assert str(rounded(Decimal("1.2345"), "KWD")) == "1.235"


def test_only_three_letters_are_a_currency() -> None:
    assert currency_code(" eur ") == "EUR"
    assert [currency_code(text) for text in ("", "EURO", "E1R", "€€€", "ÅÄÖ")] == [""] * 5
