"""Whether messages arrive, who wants no more of them, and what people consented to."""

from __future__ import annotations

from collections import Counter
from typing import Any

from customers.models.consent import ConsentState
from customers.models.suppression import SuppressionReason
from recovery.reports import definitions, rollup
from recovery.reports.asked import Asked
from recovery.reports.figures import carts_of
from recovery.reports.kept import fetch, kept_days
from recovery.reports.pages.overview import CHANNELS
from recovery.reports.rates import Rate
from recovery.reports.sending import steps_of
from recovery.reports.sheet import Bar, Card, Section, Table
from recovery.reports.words import reason_in_words

_STOPS = """
    SELECT channel, reason, count(*) FROM customers_suppression
    WHERE store_id = %(store)s AND at >= %(from)s AND at < %(to)s AND at <= %(as_of)s
      AND (%(channel)s = '' OR channel = %(channel)s)
    GROUP BY 1, 2 ORDER BY 1, 2
"""
_SAID = """
    SELECT channel, state, count(*) FROM customers_consentevent
    WHERE store_id = %(store)s AND at >= %(from)s AND at < %(to)s AND at <= %(as_of)s
      AND (%(channel)s = '' OR channel = %(channel)s)
    GROUP BY 1, 2 ORDER BY 1, 2
"""


def delivery(asked: Asked) -> list[Section]:
    """Messages by the carts of the period; opt-outs and consent by the days of the period."""
    kept = kept_days(asked)
    sent, arrived, failed, why = _messages(steps_of(asked, kept))
    told = asked.parameters([]) | {"from": asked.period.since, "to": asked.period.until}
    reach = carts_of(rollup.cells_of(asked, [""], kept=kept))
    rows = [
        (CHANNELS.get(name, name), sent[name], Rate.of(arrived[name], sent[name]),
         Rate.of(failed[name], sent[name] + failed[name]))
        for name in sorted(sent | failed)
    ]  # fmt: skip
    most = max(why.values(), default=0)
    reasons = [(reason_in_words(code), Bar(n, most)) for code, n in why.most_common()]
    return [
        Section(
            "Did they arrive?",
            definitions.DELIVERY,
            tables=[Table("delivery", ("Channel", "Sent", "Delivered", "Failed, of all tried"), rows),
                    Table("failed", ("Failed, because", "Messages"), reasons)],
            empty="" if rows else "Nothing was sent about the carts of these days.",
        ),
        _stops(told, sent),
        _consent(told, Card(definitions.CONTACTABLE, Rate.of(reach.reachable, reach.abandoned_gross))),
    ]  # fmt: skip


def _messages(steps: list[dict[str, Any]]) -> tuple[Counter[str], Counter[str], Counter[str], Counter[str]]:
    """Sent, delivered and failed by channel, and why they failed."""
    sent, arrived, failed, why = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    for row in steps:
        channel, state, n = row["channel"], row["state"], row["messages"]
        if state == "failed":
            failed[channel] += n
            why[row["reason"] or "unknown"] += n
        elif state in ("sent", "delivered", "read", "unknown"):
            sent[channel] += n
            arrived[channel] += n if state in ("delivered", "read") else 0
    return sent, arrived, failed, why


def _stops(told: dict[str, object], sent: Counter[str]) -> Section:
    names = dict(SuppressionReason.choices)
    rows = [
        (CHANNELS.get(channel, channel), str(names.get(reason, reason)), count,
         round(1000 * count / sent[channel], 2) if sent[channel] else None)
        for channel, reason, count in fetch(_STOPS, told)
    ]  # fmt: skip
    head = ("Channel", "Why", "New on the stop list", "For each 1,000 sent")
    empty = "" if rows else "Nobody asked for no more messages in these days."
    return Section("Opt-outs and complaints", definitions.COMPLAINTS, tables=[Table("stops", head, rows)], empty=empty)


def _consent(told: dict[str, object], card: Card) -> Section:
    names = dict(ConsentState.choices)
    rows = [
        (CHANNELS.get(channel, channel), str(names.get(state, state)), count)
        for channel, state, count in fetch(_SAID, told)
    ]
    table = Table("consent", ("Channel", "Said", "Statements"), rows)
    return Section("Consent", definitions.CONSENT, cards=[card], tables=[table])
