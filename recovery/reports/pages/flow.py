"""The recovery flow: what became of each step's messages, and what they brought."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from recovery.models import Flow
from recovery.reports import definitions
from recovery.reports.asked import Asked
from recovery.reports.pages.overview import CHANNELS
from recovery.reports.rates import Rate
from recovery.reports.sending import steps_of
from recovery.reports.sheet import Amount, Bar, Section, Table
from recovery.reports.words import reason_in_words

_SENT = ("sent", "delivered", "read")
_BECAME = ("Step", "Waiting", "Sent", "Held out", "Not sent", "Failed", "Unknown", "Delivered")
_BROUGHT = ("Step", "Clicked by people", "Opened by machines alone", "Ordered after a click")
_Step = tuple[int, int, str, str]


def flow(asked: Asked, before: Asked | None) -> list[Section]:
    """A table for each flow, with a line for each step, variant and channel."""
    steps: dict[_Step, list[dict[str, Any]]] = defaultdict(list)
    for row in steps_of(asked):
        steps[row["flow_id"], row["position"], row["variant"], row["channel"]].append(row)
    if not steps:
        return [Section("Recovery flow", empty="No message was due for the carts of these days.")]
    names = dict(Flow.objects.filter(store=asked.store).values_list("pk", "name"))
    return [
        _flow(
            names.get(flow_id, "A flow that is gone"), {key: steps[key] for key in sorted(steps) if key[0] == flow_id}
        )
        for flow_id in sorted({key[0] for key in steps})
    ]


def _flow(name: str, steps: dict[_Step, list[dict[str, Any]]]) -> Section:
    key = f"steps-{next(iter(steps))[0]}"
    currencies = sorted({row["currency"] for rows in steps.values() for row in rows if row["revenue"]})
    brought = (*_BROUGHT, *(f"Revenue in {one}" for one in currencies))
    lines = [_line(step, found, currencies) for step, found in steps.items()]
    became = Table(key, _BECAME, [line[: len(_BECAME)] for line in lines])
    gained = Table(f"{key}-brought", brought, [[line[0], *line[len(_BECAME) :]] for line in lines])
    unclear = sum(row["unclear"] for found in steps.values() for row in found)
    return Section(
        name,
        definitions.STEPS,
        tables=[became, gained, *_reasons(key, steps)],
        note=f"{unclear} orders in another currency than their cart's are in no sum." if unclear else "",
    )


def _line(step: _Step, rows: list[dict[str, Any]], currencies: list[str]) -> list[Any]:
    states: Counter[str] = Counter()
    for row in rows:
        states["held" if row["reason"] == "holdout" else row["state"]] += row["messages"]
    sent = sum(states[name] for name in _SENT) + states["unknown"]
    total = Counter({name: sum(row[name] for row in rows) for name in ("clicked", "scanned", "ordered")})
    _, position, variant, channel = step
    title = " · ".join(filter(None, [f"{position}", variant, CHANNELS.get(channel, channel)]))
    delivered = states["delivered"] + states["read"]
    return [
        title, states["waiting"], sent, states["held"], states["skipped"] + states["cancelled"], states["failed"],
        states["unknown"], Rate.of(delivered, sent), Rate.of(min(total["clicked"], sent), sent), total["scanned"],
        Rate.of(min(total["ordered"], sent), sent),
        *(Amount(sum(row["revenue"] for row in rows if row["currency"] == one), one) for one in currencies),
    ]  # fmt: skip


def _reasons(key: str, steps: dict[_Step, list[dict[str, Any]]]) -> list[Table]:
    counts: Counter[tuple[int, str]] = Counter()
    for step, found in steps.items():
        for row in found:
            if row["state"] in ("skipped", "cancelled") and row["reason"] != "holdout":
                counts[step[1], row["reason"] or "unknown"] += row["messages"]
    most = max(counts.values(), default=0)
    rows = [(position, reason_in_words(why), Bar(n, most)) for (position, why), n in sorted(counts.items())]
    return [Table(f"{key}-not-sent", ("Step", "Not sent, because", "Messages"), rows)] if rows else []
