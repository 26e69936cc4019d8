"""Liquid in a closed room: no files, no clock-work of our own, no way to eat a worker's memory or time.

Marketers write these templates, so every mistake must come back as a sentence they can act on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache, wraps
from typing import Any

from babel.core import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import format_currency
from liquid import BoundTemplate, Environment, RenderContext
from liquid.exceptions import FilterError, LiquidError
from liquid.filter import with_context

from config.lib.money import currency_code

_BIGGEST = 200_000  # bytes that a template may write or keep, characters that a filter may make
_LONGEST_RANGE = 1_000  # items

#: What a template may name. A list holds the shape of one item.
KNOWN: Mapping[str, Any] = {
    "store": dict.fromkeys(
        ("name", "url", "postal_address", "support", "currency", "locale", "logo", "color", "on_color"), ""
    ),
    "customer": dict.fromkeys(("first_name", "last_name", "email"), ""),
    "cart": {
        "items": [dict.fromkeys(("title", "variant", "quantity", "price", "line_total", "image", "url"), "")],
        **dict.fromkeys(("total", "currency", "count", "pictures"), ""),
    },
    "discount": dict.fromkeys(("code", "text", "expires"), ""),
    **dict.fromkeys(("recovery_url", "unsubscribe_url", "preferences_url", "greeting", "locale", "now", "today"), ""),
    "can_reply": "",  # whether an SMS comes from a number that can be answered
}

_ITEM_LOOP = re.compile(r"\{%-?\s*for\s+(\w+)\s+in\s+cart\.items\b")


class TemplateBroken(Exception):
    """The template cannot be read or rendered. `reason` is for the person who wrote it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ClosedEnvironment(Environment):
    """The limits of python-liquid, set. Loops count multiplied: 40 times 40 is over the limit too."""

    loop_iteration_limit = _LONGEST_RANGE
    local_namespace_limit = _BIGGEST
    output_stream_limit = _BIGGEST
    block_nesting_limit = 12
    context_depth_limit = 20

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        """The built-in ones, without those that load other files or switch escaping off."""
        super().setup_tags_and_filters(extra=False)
        for tag in ("include", "render"):
            del self.tags[tag]
        del self.filters["safe"]
        self.filters = {name: _bounded(function) for name, function in self.filters.items()}
        self.filters |= {"money": money, "day": day, "replace": _bounded_replace(self.filters["replace"])}


def _bounded(function: Callable[..., Any]) -> Callable[..., Any]:
    """The filter, refusing a range or a text so long that handling it would hurt the worker."""

    @wraps(function)
    def bounded(value: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(value, range) and len(value) > _LONGEST_RANGE:
            raise FilterError(f"a range may hold {_LONGEST_RANGE} numbers at most", token=None)
        result = function(value, *args, **kwargs)
        if isinstance(result, str) and len(result) > _BIGGEST:
            raise FilterError(f"a text may hold {_BIGGEST} characters at most", token=None)
        return result

    return bounded


def _bounded_replace(function: Callable[..., Any]) -> Callable[..., Any]:
    """`replace` multiplies lengths, so the product is looked at before the work is done."""

    @wraps(function)
    def bounded(value: Any, old: Any = "", new: Any = "", **kwargs: Any) -> Any:
        if len(str(value)) * max(1, len(str(new))) > _BIGGEST * 10:
            raise FilterError("replace would make too long a text", token=None)
        return function(value, old, new, **kwargs)

    return bounded


@with_context
def money(value: Any, currency: Any = "", *, context: RenderContext) -> str:
    """`{{ cart.total | money }}`: in the cart's currency and the message's language. No amount, no text."""
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return ""
    code = currency_code(str(currency or "")) or _currency(context)
    return _written_money(amount, code, _locale(context)) if amount.is_finite() else ""


@with_context
def day(value: Any, *, context: RenderContext) -> str:
    """`{{ discount.expires | day }}`: "5 March 2026" in the message's language. Takes a date or ISO text."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return ""
    if isinstance(value, datetime):
        value = value.date()
    return _written_day(value, _locale(context)) if isinstance(value, date) else ""


def _currency(context: RenderContext) -> str:
    found = context.get(["cart", "currency"], token=None, default="") or context.get(
        ["store", "currency"], token=None, default=""
    )
    return currency_code(str(found))


def _locale(context: RenderContext) -> str:
    return str(
        context.get(["locale"], token=None, default="") or context.get(["store", "locale"], token=None, default="en")
    )


@lru_cache(maxsize=4096)
def _written_money(amount: Decimal, currency: str, locale: str) -> str:
    if not currency:
        return f"{amount:.2f}"
    return format_currency(amount, currency, locale=_babel(locale))


@lru_cache(maxsize=512)
def _written_day(value: date, locale: str) -> str:
    return format_date(value, "long", locale=_babel(locale))


@lru_cache(maxsize=64)
def _babel(locale: str) -> Locale:
    try:
        return Locale.parse(locale.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        language = locale.replace("_", "-").split("-")[0]
        return Locale.parse("en") if language == locale else _babel(language)


_HTML = ClosedEnvironment(autoescape=True)
_PLAIN = ClosedEnvironment(autoescape=False)


@lru_cache(maxsize=512)
def _parsed(source: str, html: bool) -> BoundTemplate:
    return (_HTML if html else _PLAIN).from_string(source)


def render(source: str, context: Mapping[str, Any], *, html: bool) -> str:
    """The rendered text; with `html` every value is escaped. Raises TemplateBroken, and nothing else."""
    try:
        return _parsed(source, html).render(context)
    except LiquidError as error:
        raise TemplateBroken(_in_words(error)) from error
    except Exception as error:  # a filter fed with nonsense may raise anything; the send must get one kind
        raise TemplateBroken(f"could not be rendered: {error}") from error


def check(source: str) -> list[str]:
    """What is wrong with the template itself, in words: broken tags, unknown tags and filters."""
    try:
        analysis = _parsed(source, True).analyze(include_partials=False)
    except LiquidError as error:
        return [_in_words(error)]
    return [f"unknown filter “{name}”" for name in sorted(analysis.filters) if name not in _HTML.filters]


def unknown_variables(source: str) -> list[str]:
    """Names that no message ever has, as written; they would render as nothing. Empty for broken templates."""
    try:
        analysis = _parsed(source, True).analyze(include_partials=False)
    except LiquidError:
        return []
    item = KNOWN["cart"]["items"][0]
    known = {**KNOWN, **dict.fromkeys(_ITEM_LOOP.findall(source), item)}
    paths = [path for name, found in analysis.variables.items() for path in found if name in known]
    paths += [path for name, found in analysis.globals.items() for path in found if name not in known]
    return sorted({str(path) for path in paths if not _is_known(path.segments, known)})


def _is_known(segments: Sequence[Any], known: Mapping[str, Any]) -> bool:
    shape: Any = known
    for segment in segments:
        if isinstance(shape, str):
            return bool(segment == "size")
        if isinstance(shape, list):  # an index, first, last or size
            shape = shape[0]
        elif segment in shape:
            shape = shape[segment]
        else:
            return False
    return True


def _in_words(error: LiquidError) -> str:
    """python-liquid's message on one line, with the line number a person can count to."""
    message = re.sub(r"\s+", " ", str(error.message or type(error).__name__)).strip()
    try:
        place = error.context()
    except ValueError:  # its index is past the end for an unclosed tag
        place = None
    return f"{message} (line {place[0]}: {place[3].strip()[:80]})" if place else message
