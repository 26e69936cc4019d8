"""The report as JSON, whose keys scripts lean on, and as a table for people."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from config.lib.durations import in_words
from config.lib.money import rounded
from recovery.reports.asked import Asked
from recovery.reports.definitions import HORIZON, LEFT_OUT, RATES
from recovery.reports.figures import Figures, Money, Sending, Span, figures_by_day, trend_of
from recovery.reports.held_out import HeldOut, held_out
from recovery.reports.rates import Mean, Rate, Share
from recovery.reports.words import reason_in_words


@dataclass(frozen=True, slots=True)
class Overview:
    """Every number of the overview: the figures, those who were held out, and the carts of each day (or week)."""

    figures: Figures
    held: HeldOut
    trend: list[Span]

    @classmethod
    def of(cls, asked: Asked) -> Overview:
        found, cells = figures_by_day(asked)
        return cls(found, held_out(asked), trend_of(asked, cells))


def as_json(overview: Overview) -> dict[str, Any]:
    """Plain values. A rate without anything to divide by is None, money is text, times carry their zone."""
    return _figures(overview.figures) | {
        "recoveries": _recoveries(overview),
        "trend": [
            {"from": span.first.isoformat(), "to": span.last.isoformat(), "started": span.carts.started,
             "net_abandonment": _rate(span.rate)}
            for span in overview.trend
        ],
    }  # fmt: skip


def _recoveries(overview: Overview) -> dict[str, Any]:
    """The four ways. `incremental` is the difference of the two before it, of shoppers; its n are both arms."""
    rates, held = overview.figures.rates, overview.held
    gain = held.gain
    ends = {name: round(getattr(gain, name), 6) for name in ("value", "low", "high")} if gain else {}
    n = held.written.n + held.natural.n if held.written and held.natural else 0
    return {
        "returned": _rate(rates["return"]),
        "attributed": _rate(rates["attributed_recovery"]),
        "natural": _rate(held.natural),
        "written_to": _rate(held.written),
        "incremental": ends | {"n": n} if gain else None,
        "open": held.open,
    }


def _figures(found: Figures) -> dict[str, Any]:
    carts, so_far = found.carts, found.so_far
    counts = {name: getattr(carts, name) for name in carts.__slots__}
    return {
        "store": found.store.slug,
        "synthetic": found.store.is_demo,
        "from": found.period.first.isoformat(),
        "to": found.period.last.isoformat(),
        "timezone": found.store.timezone,
        "as_of": moment(found.as_of),
        "idle_after": in_words(found.timeout),
        "horizon": in_words(HORIZON),
        "carts": counts | {"excluded": found.excluded},
        "rates": {name: _rate(rate) for name, rate in found.rates.items()},
        "worth_abandonment": {currency: _share(share) for currency, share in found.worth_abandonment.items()},
        "revenue": _revenue(found.revenue),
        "order_value": {currency: _mean(money.order_value, currency) for currency, money in found.revenue.items()},
        "open_so_far": {
            "silent": so_far.silent,
            "returned": so_far.returned,
            "attributed": so_far.attributed,
            "revenue": _revenue(so_far.revenue),
        },
        "messages": {channel: _sending(sending) for channel, sending in sorted(found.messages.items())},
    }


def moment(at: datetime) -> str:
    """ISO 8601 in UTC, with the Z."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _rate(rate: Rate | None) -> dict[str, Any] | None:
    if rate is None:
        return None
    shares = {"value": rate.value, "n": rate.n, "low": rate.low, "high": rate.high}
    return {name: round(share, 6) for name, share in shares.items()} | {"hits": rate.hits, "too_few": rate.too_few}


def _share(share: Share | None) -> dict[str, Any] | None:
    if share is None:
        return None
    shares = {"value": share.value, "low": share.low, "high": share.high}
    amounts = {"unordered": str(share.part), "worth": str(share.whole)}
    return {name: round(value, 6) for name, value in shares.items()} | amounts | {"n": share.n}


def _mean(mean: Mean | None, currency: str) -> dict[str, Any] | None:
    """Amounts as text. The interval of a single order is null."""
    if mean is None:
        return None
    ends = {"low": mean.low, "high": mean.high}
    told = {name: None if end is None else str(rounded(Decimal(end), currency)) for name, end in ends.items()}
    return {"value": str(rounded(mean.value, currency)), "n": mean.n} | told


def _revenue(revenue: dict[str, Money]) -> dict[str, dict[str, Any]]:
    return {
        currency: {
            "returned": str(money.returned),
            "attributed": str(money.attributed),
            "left_out": money.left_out,
            "ordered": str(money.ordered),
            "discount": str(money.discount),
        }
        for currency, money in revenue.items()
    }


def _sending(sending: Sending) -> dict[str, Any]:
    counts = {name: getattr(sending, name) for name in ("sent", "delivered", "failed", "unknown", "waiting")}
    return counts | {"skipped": dict(sorted(sending.skipped.items()))}


def as_text(overview: Overview) -> str:
    """The same for people: a narrow table, without the days."""
    found = overview.figures
    rates = [*_rates(found), *_held(overview.held)]
    return "\n".join([*_head(found), "", *_counts(found), "", *rates, "", *_money(found), "", *_sent(found)])


def _head(found: Figures) -> Iterable[str]:
    at = found.as_of.astimezone(found.store.zone)
    yield f"{found.store.name}: carts started {found.period.first} to {found.period.last} ({found.store.timezone})"
    yield f"As of {at:%Y-%m-%d %H:%M %Z}. Silent after {in_words(found.timeout)}, settled after {in_words(HORIZON)}."
    if found.store.is_demo:
        yield "Synthetic data."


def _counts(found: Figures) -> Iterable[str]:
    carts, so_far = found.carts, found.so_far
    yield f"{'carts started':<28}{carts.started:>9}"
    yield f"{'  settled':<28}{carts.matured:>9}"
    yield f"{'  still open':<28}{carts.open:>9}   so far {so_far.silent} went silent, {so_far.returned} came back"
    for name, count in found.excluded.items():
        if count:
            yield f"{'left out: ' + LEFT_OUT.get(name, name):<28}{count:>9}"


def _rates(found: Figures) -> Iterable[str]:
    for name, rate in found.rates.items():
        yield _rate_line(RATES[name].title, rate)


def _held(held: HeldOut) -> Iterable[str]:
    yield _rate_line("Ordered though held out", held.natural)
    yield _rate_line("Ordered, not held out", held.written)
    if held.gain:
        value, low, high = (100 * getattr(held.gain, name) for name in ("value", "low", "high"))
        yield f"{'What messages add':<28}{value:>+9.2f}   {low:+.2f} to {high:+.2f} points"


def _rate_line(title: str, rate: Rate | None) -> str:
    if rate is None:
        return f"{title:<28}{'–':>9}   nothing to divide by yet"
    few = "  too few to say" if rate.too_few else ""
    return f"{title:<28}{rate.value:>9.1%}   {rate.low:.1%} to {rate.high:.1%}, {rate.hits} of {rate.n}{few}"


def _money(found: Figures) -> Iterable[str]:
    yield f"{'net revenue':<28}{'came back':>14}{'after a click':>16}"
    for label, revenue in (("settled", found.revenue), ("still open", found.so_far.revenue)):
        for currency, money in revenue.items():
            left_out = f"   {money.left_out} orders left out" if money.left_out else ""
            yield f"{f'  {currency} {label}':<28}{money.returned:>14}{money.attributed:>16}{left_out}"


def _sent(found: Figures) -> Iterable[str]:
    for channel, sending in sorted(found.messages.items()):
        yield (
            f"{channel}: {sending.sent} sent, {sending.delivered} of them delivered, {sending.failed} failed, "
            f"{sending.unknown} unknown, {sending.waiting} waiting"
        )
        for reason, count in sending.skipped.most_common():
            yield f"  not sent: {reason_in_words(reason):<40}{count:>6}"
    if not found.messages:
        yield "No messages yet."
