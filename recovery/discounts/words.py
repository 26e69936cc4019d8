"""A code as a template may show it: what it gives, in the message's language, and until which day by their clock."""

from __future__ import annotations

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.numbers import format_currency, format_percent

from recovery.discounts.terms import Terms
from recovery.models import DiscountCode, OfferKind


def discount_context(code: DiscountCode, locale: str, zone: ZoneInfo) -> dict[str, Any]:
    """`discount` in a message's context. `text` is empty for free shipping: `free_shipping` says that."""
    expires = code.expires_at.astimezone(zone).date() if code.expires_at else None
    return shown(Terms.read(code.terms), code.code, expires, locale)


def shown(terms: Terms, code: str, expires: date | None, locale: str) -> dict[str, Any]:
    """The same for terms that nobody was given yet: previews, test messages."""
    free = terms.kind == OfferKind.FREE_SHIPPING
    return {
        "code": code,
        "text": "" if free else value_in_words(terms, locale),
        "expires": expires,
        "free_shipping": free or None,
        "minimum": format_currency(terms.minimum, terms.currency, locale=_locale(locale)) if terms.minimum else "",
    }


def value_in_words(terms: Terms, locale: str) -> str:
    """12.5%, €5.00, as the language writes it."""
    if terms.kind == OfferKind.PERCENT:
        return format_percent(terms.value / 100, locale=_locale(locale), decimal_quantization=False)
    return format_currency(terms.value, terms.currency, locale=_locale(locale))


def _locale(tag: str) -> Locale:
    try:
        return Locale.parse(tag.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        language = tag.replace("_", "-").split("-")[0]
        return Locale.parse("en") if language == tag else _locale(language)
