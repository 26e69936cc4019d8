"""How the report's cells look on the page."""

from __future__ import annotations

from decimal import Decimal

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from config.lib.money import rounded
from recovery.reports import sheet
from recovery.reports.definitions import TOO_FEW
from recovery.reports.rates import Rate, Share
from recovery.reports.sheet import Bar, Cell, Gap, Table, Value
from recovery.reports.words import money

register = template.Library()


@register.filter
def shown(value: Cell) -> SafeString | str:
    """The value in words: 61.3 %, 1,213, 12.50 EUR, a dash for nothing."""
    if value is None or value == "":
        return "–"
    if isinstance(value, (Rate, Share)):
        return f"{100 * value.value:.1f} %"
    if isinstance(value, Gap):
        return _gap(value.value, value.currency)
    if isinstance(value, Value):
        return money(value.mean.value, value.currency)
    if isinstance(value, Bar):
        return f"{value.count:,}"
    if isinstance(value, float):
        return f"{value:g}"
    return f"{value:,}" if isinstance(value, int) else f"{value:%-d %b %Y}" if hasattr(value, "year") else str(value)


@register.filter
def doubt(value: Cell) -> SafeString | str:
    """What stands below a rate or a mean: its interval and its n, and the word that it says too little."""
    if isinstance(value, Rate):
        told = f"{100 * value.low:.1f} to {100 * value.high:.1f} %, {value.hits:,} of {value.n:,}"
    elif isinstance(value, Share):
        told = f"{100 * value.low:.1f} to {100 * value.high:.1f} %, {value.n:,} carts"
    elif isinstance(value, Gap):
        low, _ = _gap(value.low, value.currency).rsplit(" ", 1)
        return f"{low} to {_gap(value.high, value.currency)}, {value.n:,} shoppers"
    elif isinstance(value, Value) and value.mean.low is not None and value.mean.high is not None:
        ends = [f"{rounded_to(end, value.currency)}" for end in (value.mean.low, value.mean.high)]
        told = f"{ends[0]} to {ends[1]}, {value.mean.n:,} orders"
    else:
        return ""
    few = (value.n if isinstance(value, (Rate, Share)) else value.mean.n) < TOO_FEW
    return format_html('{} <span class="cb-pill cb-warn">too few to say</span>', told) if few else told


def _gap(value: float, currency: str) -> str:
    """+1.50 points, or +12.30 EUR"""
    return f"{value:+,.2f} {currency}" if currency else f"{100 * value:+.2f} points"


def rounded_to(amount: float, currency: str) -> str:
    return f"{rounded(Decimal(amount), currency):,}"


@register.filter
def drawn(value: Cell) -> SafeString | str:
    """The cell's bar."""
    return sheet.drawn(value)


@register.filter
def pairs(table: Table) -> list[list[tuple[Cell, Cell]]]:
    """Each row's cells, each with the same of the period before or None."""
    return list(sheet.paired(table))


@register.filter
def percentage(share: float) -> str:
    """93.3 %, and never a certainty that is none: above 99.9 %, below 0.1 %."""
    if not 0.001 <= share <= 0.999:
        return "above 99.9 %" if share > 0.5 else "below 0.1 %"
    return f"{100 * share:.1f} %"


@register.filter
def is_words(value: Cell) -> bool:
    return isinstance(value, str)
