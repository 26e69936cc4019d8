"""Who buys again: retention both ways, churn, repeat purchase, the time between, money given back, cohorts."""

from __future__ import annotations

from datetime import datetime
from datetime import timedelta as td
from decimal import Decimal
from typing import Any

from recovery.reports import definitions
from recovery.reports.asked import Asked
from recovery.reports.orders import ordered
from recovery.reports.rates import Rate
from recovery.reports.sheet import Amount, Card, Cell, Section, Table
from recovery.reports.shoppers import SPANS, Cohort, Shoppers, Span, shoppers_of

_MONTHS = 12


def customers(asked: Asked) -> list[Section]:
    """Of all orders of the store, whether or not a cart is known: the filters besides the store do not apply."""
    return customers_at_once(asked)[0]


def customers_at_once(*asked: Asked) -> list[list[Section]]:
    """A page for each period, of one store and moment, in one pass through all orders."""
    spans = [_span(one) for one in asked]
    return [_page(*of) for of in zip(asked, spans, shoppers_of(asked[0], spans), strict=True)]


def _page(asked: Asked, of: Span, found: Shoppers) -> list[Section]:
    if not found.people:
        return [Section("Customers", empty="No order of a known shopper was placed until the end of these days.")]
    retention, churn = Rate.of(found.kept, found.began), Rate.of(found.began - found.kept, found.began)
    return [
        Section("Retention", definitions.RETENTION, tables=[_retention(found)],
                cards=[Card(definitions.CHURN, churn), Card(definitions.KEPT, retention, main=True)],
                note="The classic formula includes shoppers who came back after a longer pause." if found.back else ""),
        Section("Repeat purchase", cards=[Card(definitions.REPEAT, Rate.of(found.repeat, found.people))]),
        _gaps(found),
        _refunds(asked),
        _cohorts(found, of.end),
    ]  # fmt: skip


def _span(asked: Asked) -> Span:
    end = min(asked.period.until, asked.as_of)
    return Span(asked.period.since, end, _months(end.astimezone(asked.period.zone)))


def _months(end: datetime) -> list[datetime]:
    """The beginnings of the twelve months up to this one."""
    months = [divmod(end.year * 12 + end.month - _MONTHS + n, 12) for n in range(_MONTHS)]
    return [datetime(year, month + 1, 1, tzinfo=end.tzinfo) for year, month in months]


def _retention(found: Shoppers) -> Table:
    classic = f"{100 * (found.stay - found.new) / found.began:.1f} %" if found.began else None
    rows: list[tuple[str, Any]] = [
        ("S: active at the beginning", found.began), ("E: active at the end", found.stay),
        ("N: first order ever in the period", found.new), ("Kept: active at both", found.kept),
        ("R: back after a longer pause", found.back), ("Classic retention, (E − N) ÷ S", classic),
    ]  # fmt: skip
    return Table("retention", ("", "Shoppers"), rows)


def _gaps(found: Shoppers) -> Section:
    days: list[tuple[str, Any]] = []
    if found.mean_gap is not None and found.median_gap is not None:
        days = [("Mean", round(found.mean_gap, 1)), ("Median", round(found.median_gap, 1))]
    return Section(
        "Time between purchases",
        definitions.GAP,
        tables=[
            Table("gaps", ("", "Orders"), [("Orders that were not the first", found.gaps)]),
            Table("gap-days", ("", "Days"), days),
        ],
        empty="" if found.gaps else "No shopper ordered again in these days.",
    )


def _refunds(asked: Asked) -> Section:
    rows = [
        (of.currency, of.orders, Rate.of(of.refunded_orders, of.orders), Amount(of.amount, of.currency),
         Amount(of.refunded, of.currency), _part(of.refunded, of.amount))
        for of in ordered(asked)
    ]  # fmt: skip
    head = ("Currency", "Orders", "Orders with a refund", "Ordered", "Given back", "Of the value")
    return Section(
        "Money given back",
        definitions.RETURNED_UNITS,
        tables=[Table("refunds", head, rows)],
        empty="" if rows else "No order was placed in these days.",
    )


def _part(refunded: Decimal, amount: Decimal) -> str | None:
    return f"{100 * min(refunded / amount, Decimal(1)):.1f} %" if amount else None


def _cohorts(found: Shoppers, end: datetime) -> Section:
    head = ("First order in", "Shoppers", *(f"Again within {span} days" for span in SPANS))
    rows = [_cohort(one, end) for one in reversed(found.cohorts) if one.shoppers]
    return Section("Cohorts", definitions.COHORTS, tables=[Table("cohorts", head, rows, alone=True)])


def _cohort(one: Cohort, end: datetime) -> tuple[Cell, ...]:
    """A share is told once all of the cohort have had so many days."""
    over = [one.last is not None and one.last + td(days=span) <= end for span in SPANS]
    shares = [Rate.of(hits, one.shoppers) if known else None for hits, known in zip(one.again, over, strict=True)]
    return f"{one.start:%b %Y}", one.shoppers, *shares
