"""Liquid in a closed room: no files, no clock-work of our own, no way to eat a worker's memory or time.

Marketers write these templates, so every mistake must come back as a sentence they can act on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache, wraps
from time import thread_time
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
_LONGEST_LIST = 10_000  # items that a filter may make
_BIGGEST_NUMBER = 10**30
_RANGE_TOO_LONG = f"a range may hold {_LONGEST_RANGE} numbers at most"
_MOST_SECONDS = 1.0  # of work for one rendering; a large mail takes hundredths of one

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
    "discount": dict.fromkeys(("code", "text", "expires", "free_shipping", "minimum"), ""),
    **dict.fromkeys(("recovery_url", "unsubscribe_url", "preferences_url", "greeting", "locale", "now", "today"), ""),
    "can_reply": "",  # whether an SMS comes from a number that can be answered
}

_RANGE_ASKED = re.compile(r"\)\s*contains\b")
_ITEM_LOOP = re.compile(r"\{%-?\s*for\s+(\w+)\s+in\s+cart\.items\b")


class TemplateBroken(Exception):
    """The template cannot be read or rendered. `reason` is for the person who wrote it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _TimedContext(RenderContext):
    """Looks at the clock at every loop, since loops one after another are not counted together.

    Decision: the clock is that of the thread's own work. On a busy machine a sound template may wait for long."""

    __slots__ = ("ends",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.ends = thread_time() + _MOST_SECONDS

    def _look(self) -> None:
        if thread_time() > self.ends:
            raise LiquidError(f"it takes longer than {_MOST_SECONDS:.0f} second", token=None)

    def assign(self, key: str, val: Any) -> None:
        if isinstance(val, range) and len(val) > _LONGEST_RANGE:
            raise LiquidError(_RANGE_TOO_LONG, token=None)
        super().assign(key, val)

    def raise_for_loop_limit(self, length: int = 1) -> None:
        self._look()
        super().raise_for_loop_limit(length)


class _WatchedContext(_TimedContext):
    """Looks wherever a template can make work: for what nobody has tried yet. Sending does without, which is faster."""

    __slots__ = ()

    def get(self, path: list[object], **kwargs: Any) -> object:
        self._look()
        return super().get(path, **kwargs)

    def assign(self, key: str, val: Any) -> None:
        self._look()
        super().assign(key, val)

    def filter(self, name: str, token: Any) -> Callable[..., object]:
        self._look()
        found: Callable[..., object] = super().filter(name, token)
        return found

    def ifchanged(self, val: str) -> bool:
        self._look()
        return bool(super().ifchanged(val))


class _TimedTemplate(BoundTemplate):
    context_class = _TimedContext


class _WatchedTemplate(BoundTemplate):
    context_class = _WatchedContext


class ClosedEnvironment(Environment):
    """The limits of python-liquid, set. Loops count multiplied: 40 times 40 is over the limit too."""

    template_class: type[BoundTemplate] = _TimedTemplate

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
        self.filters["join"] = _bounded_join(self.filters["join"])


def _bounded(function: Callable[..., Any]) -> Callable[..., Any]:
    """The filter, refusing what would hurt the worker: before the work where its size can be told, else after it."""

    @wraps(function)
    def bounded(value: Any, *args: Any, **kwargs: Any) -> Any:
        for given in (value, *args):
            if isinstance(given, range) and len(given) > _LONGEST_RANGE:
                raise FilterError(_RANGE_TOO_LONG, token=None)
        result = function(value, *args, **kwargs)
        if isinstance(result, str) and len(result) > _BIGGEST:
            raise FilterError(f"a text may hold {_BIGGEST} characters at most", token=None)
        if isinstance(result, list) and len(result) > _LONGEST_LIST:
            raise FilterError(f"a list may hold {_LONGEST_LIST} items at most", token=None)
        if isinstance(result, int | float | Decimal) and abs(float(result)) > _BIGGEST_NUMBER:
            raise FilterError("the number is too big", token=None)
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


def _bounded_join(function: Callable[..., Any]) -> Callable[..., Any]:
    """`join` multiplies too."""

    @wraps(function)
    def bounded(value: Any, glue: Any = " ", **kwargs: Any) -> Any:
        if isinstance(value, list | tuple | range) and len(value) * len(str(glue)) > _BIGGEST:
            raise FilterError("join would make too long a text", token=None)
        return function(value, glue, **kwargs)

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


class _WatchedEnvironment(ClosedEnvironment):
    template_class = _WatchedTemplate


_WATCHED_HTML = _WatchedEnvironment(autoescape=True)
_WATCHED_PLAIN = _WatchedEnvironment(autoescape=False)


@lru_cache(maxsize=512)
def _kept(source: str, html: bool) -> BoundTemplate:
    """What is sent again and again."""
    return _parse(_HTML if html else _PLAIN, source)


@lru_cache(maxsize=32)
def _passing(source: str, html: bool) -> BoundTemplate:
    """What somebody is typing: each letter makes another template."""
    return _parse(_WATCHED_HTML if html else _WATCHED_PLAIN, source)


def _parse(environment: Environment, source: str) -> BoundTemplate:
    if _RANGE_ASKED.search(source):  # Python would compare every number of it with a text
        raise LiquidError("a range cannot be asked what it contains", token=None)
    return environment.from_string(source)


_is_passing: ContextVar[bool] = ContextVar("is_passing", default=False)


def _parsed(source: str, html: bool) -> BoundTemplate:
    return (_passing if _is_passing.get() else _kept)(source, html)


@contextmanager
def in_passing() -> Iterator[None]:
    """What is parsed inside is watched closely and soon forgotten: previews would push out what is sent and fill the
    memory."""
    token = _is_passing.set(True)
    try:
        yield
    finally:
        _is_passing.reset(token)


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
        _parsed(source, True)
    except LiquidError as error:
        return [_in_words(error)]
    return [f"unknown filter “{name}”" for name in unknown_filters(source)]


def error_in(source: str) -> tuple[str, int] | None:
    """Why the template cannot be read, and in which line (0: in no one line); None when it can."""
    try:
        _parsed(source, True)
    except LiquidError as error:
        return _message(error), (place[0] if (place := _place(error)) else 0)
    return None


def unknown_filters(source: str) -> list[str]:
    """Names of filters that there are not. Empty for broken templates."""
    try:
        analysis = _parsed(source, True).analyze(include_partials=False)
    except LiquidError:
        return []
    return [name for name in sorted(analysis.filters) if name not in _HTML.filters]


def filter_names() -> list[str]:
    """Every filter there is."""
    return sorted(_HTML.filters)


def known_paths() -> list[str]:
    """Every name that a template may use, written out: customer.first_name, cart.items[0].title …"""

    def paths(prefix: str, shape: Any) -> list[str]:
        if isinstance(shape, list):
            return [prefix, *paths(f"{prefix}[0]", shape[0])]
        if isinstance(shape, Mapping):
            return [
                path for name, inner in shape.items() for path in paths(f"{prefix}.{name}" if prefix else name, inner)
            ]
        return [prefix]

    item = KNOWN["cart"]["items"][0]
    return [*paths("", KNOWN), *(f"item.{name}" for name in item)]


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
        if isinstance(shape, list):
            if not isinstance(segment, int) and segment not in ("first", "last", "size"):
                return False
            shape = "" if segment == "size" else shape[0]
        elif segment in shape:
            shape = shape[segment]
        else:
            return False
    return True


def _in_words(error: LiquidError) -> str:
    """python-liquid's message on one line, with the line number a person can count to."""
    place = _place(error)
    return f"{_message(error)} (line {place[0]}: {place[3].strip()[:80]})" if place else _message(error)


def _message(error: LiquidError) -> str:
    return re.sub(r"\s+", " ", str(error.message or type(error).__name__)).strip()


def _place(error: LiquidError) -> Any:
    try:
        return error.context()
    except ValueError:  # its index is past the end for an unclosed tag
        return None
