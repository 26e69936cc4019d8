"""The first page: how many carts, how they ended, who came back, what it brought, and what was sent."""

from __future__ import annotations

from collections import defaultdict

from recovery.reports import definitions
from recovery.reports.asked import Asked
from recovery.reports.drawing import trend
from recovery.reports.figures import Figures, Sending, figures_by_day, trend_of
from recovery.reports.held_out import HeldOut, held_out
from recovery.reports.rollup import Cell
from recovery.reports.sheet import Amount, Bar, Card, Section, Table, Value
from recovery.reports.words import reason_in_words

_RATES = ("net_abandonment", "gross_abandonment", "checkout_abandonment", "contactable", "conversion")
CHANNELS = {"email": "E-mail", "sms": "SMS", "whatsapp": "WhatsApp"}


def overview(asked: Asked) -> list[Section]:
    """Everything of the period at one look."""
    found, cells = figures_by_day(asked)
    if not found.carts.started and not any(found.excluded.values()):
        return [Section("Carts", empty="No cart was started in these days. Choose other days or fewer filters.")]
    return [
        _carts(found),
        Section("How carts ended", cards=_rates(found), note=_settling(found)),
        *_trend(asked, cells),
        _recoveries(found, held_out(asked)),
        _money(found),
        _messages(found),
    ]


def _carts(found: Figures) -> Section:
    carts, so_far = found.carts, found.so_far
    excluded = [(definitions.LEFT_OUT[name], count) for name, count in found.excluded.items() if count]
    cards = [
        Card(definitions.STARTED, carts.started),
        Card(definitions.MATURED, carts.matured, "these make the rates"),
        Card(definitions.OPEN, carts.open, f"so far {so_far.silent} went silent, {so_far.returned} came back"),
        Card(definitions.EXCLUDED, sum(found.excluded.values()), ", ".join(f"{n} {name}" for name, n in excluded)),
    ]
    return Section("Carts", cards=cards)


def _rates(found: Figures) -> list[Card]:
    cards = [Card(definitions.RATES[name], found.rates[name], main=name == "net_abandonment") for name in _RATES]
    worth = [
        Card(definitions.WORTH, share, f"in {currency}", about=currency)
        for currency, share in found.worth_abandonment.items()
    ]
    return [*cards[:3], *worth[:3], *cards[3:]]


def _settling(found: Figures) -> str:
    if not found.carts.matured:
        return "No cart of these days is settled yet. Rates appear 14 days after a cart was started."
    return f"Carts of these days that are still open, and in no rate: {found.carts.open:,}." if found.carts.open else ""


def _trend(asked: Asked, cells: list[Cell]) -> list[Section]:
    """By day, or by week where there are many."""
    spans = trend_of(asked, cells)
    weekly = any(span.first < span.last for span in spans)
    rates = [(span.first, span.carts.started, span.rate) for span in spans]
    points = [(f"{day:%-d %b %Y}", (rate.value, rate.low, rate.high) if rate else None) for day, _, rate in rates]
    title = f"Cart abandonment by {'week' if weekly else 'day'}"
    table = Table(
        "trend", ("Week of" if weekly else "Day", "Carts started", "Cart abandonment"), rates, folded=True, alone=True
    )
    chart = trend("trend", title, points)
    return [Section(title, definitions.NET, chart=chart, tables=[table])] if chart else []


def _recoveries(found: Figures, held: HeldOut) -> Section:
    rows = [
        ("Came back and ordered", found.rates["return"], "whatever the reason"),
        ("Ordered after a click", found.rates["attributed_recovery"], "not causal: some would have come anyway"),
        ("Ordered without any message (held out)", held.natural, "the natural return"),
        ("Ordered of those who could be written to", held.written, "their comparison"),
    ]
    table = Table("recovery", ("", "Rate", "What it says"), rows)
    return Section("Four ways to count a recovery", definitions.RECOVERIES, tables=[table], note=_added(held))


def _added(held: HeldOut) -> str:
    gain = held.gain
    told = ["No holdout had settled shoppers in these days, so what the messages add is not known."]
    if gain:
        told = [
            f"What the messages add: {100 * gain.value:+.2f} percentage points (95 %: {100 * gain.low:+.2f} to "
            f"{100 * gain.high:+.2f}, for one look). What is proven stands under “Recovery flow”."
        ]
    if gain and len(held.draws) > 1:
        told.append("Each flow's holdout is compared within itself, and weighted by its shoppers.")
    if held.crooked:
        told.append(f"Holdouts left out, because their arms were not filled in the planned shares: {held.crooked}.")
    if held.open:
        told.append(f"Drawn shoppers still open: {held.open:,}.")
    return " ".join(told)


def _money(found: Figures) -> Section:
    rows = []
    for currency in sorted({*found.revenue, *found.so_far.revenue}):
        for label, revenue in (("settled carts", found.revenue), ("open carts, so far", found.so_far.revenue)):
            money = revenue.get(currency)
            if money:
                rows.append((f"{currency}, {label}", Amount(money.returned, currency),
                             Amount(money.attributed, currency), money.left_out))  # fmt: skip
    values = [
        (currency, Value(money.order_value, currency) if money.order_value else None, Amount(money.ordered, currency),
         Amount(money.discount, currency))
        for currency, money in found.revenue.items()
    ]  # fmt: skip
    return Section(
        "Net revenue",
        definitions.REVENUE,
        tables=[
            Table("revenue", ("", "Came back", "After a click", "Orders left out"), rows),
            Table("orders", ("All settled carts", "Average order", "Net revenue", "Discounts given"), values),
        ],
        empty="" if rows or values else "No cart of these days was ordered yet.",
    )


def _messages(found: Figures) -> Section:
    rows = [
        (CHANNELS.get(name, name), one.sent, one.delivered, one.failed, one.unknown, one.waiting,
         sum(one.skipped.values()))
        for name, one in sorted(found.messages.items())
    ]  # fmt: skip
    head = ("Channel", "Sent", "Delivered", "Failed", "Unknown", "Waiting", "Not sent")
    return Section(
        "Messages",
        definitions.MESSAGES,
        tables=[Table("messages", head, rows), *_skipped(found.messages)],
        empty="" if rows else "No message was due for the carts of these days. A live flow writes to silent carts.",
    )


def _skipped(messages: dict[str, Sending]) -> list[Table]:
    counts: dict[str, int] = defaultdict(int)
    for one in messages.values():
        for reason, count in one.skipped.items():
            counts[reason] += count
    most = max(counts.values(), default=0)
    rows = [(reason_in_words(reason), Bar(n, most)) for reason, n in sorted(counts.items(), key=lambda pair: -pair[1])]
    return [Table("not-sent", ("Not sent, because", "Messages"), rows)] if rows else []
