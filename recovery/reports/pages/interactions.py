"""Conversations by SMS and WhatsApp: how many were begun, and how many nobody answered."""

from __future__ import annotations

from recovery.reports import definitions
from recovery.reports.asked import Asked
from recovery.reports.conversations import ANSWER_WITHIN, BEGUN
from recovery.reports.kept import fetch
from recovery.reports.pages.overview import CHANNELS
from recovery.reports.rates import Rate
from recovery.reports.sheet import Section, Table

_CONVERSATIONS = f"""{BEGUN}
    SELECT channel, count(*), count(*) FILTER (WHERE over), count(*) FILTER (WHERE over AND answered_at IS NULL),
        count(*) FILTER (WHERE NOT over) FROM begun GROUP BY 1 ORDER BY 1
"""

_WORDS = """
    SELECT r.channel, r.intent, count(*) FROM recovery_reply r
    WHERE r.store_id = %(store)s AND r.at >= %(from)s AND r.at < %(to)s AND r.at <= %(as_of)s
      AND r.intent IN ('stop', 'start', 'yes') GROUP BY 1, 2 ORDER BY 1, 2
"""


def interactions(asked: Asked) -> list[Section]:
    """Of the conversations begun in the period."""
    told = asked.parameters([]) | {"from": asked.period.since, "to": asked.period.until, "within": ANSWER_WITHIN}
    rows = [
        (CHANNELS.get(channel, channel), begun, still_open, Rate.of(abandoned, over))
        for channel, begun, over, abandoned, still_open in fetch(_CONVERSATIONS, told)
    ]
    words = [(CHANNELS.get(channel, channel), intent.upper(), count) for channel, intent, count in fetch(_WORDS, told)]
    head = ("Channel", "Begun", "Still open", "Abandoned")
    return [
        Section(
            "Conversations",
            definitions.CONVERSATIONS,
            tables=[Table("conversations", head, rows), Table("words", ("Channel", "Word", "Messages"), words)],
            empty="" if rows or words else "Nobody wrote in these days.",
        )
    ]
