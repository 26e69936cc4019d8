"""Conversations by SMS and WhatsApp: everything that one address wrote on one channel with no pause over 24 hours."""

from __future__ import annotations

from datetime import timedelta as td

#: How soon an answer has to come, and the pause after which another conversation begins.
ANSWER_WITHIN = td(hours=24)

#: Those begun between %(from)s and %(to)s, with the first answer in time. STOP, START and YES are orders, no questions.
BEGUN = """
    WITH heard AS (
        SELECT r.*, lag(r.at) OVER (PARTITION BY r.channel, r.address ORDER BY r.at, r.id) AS earlier
        FROM recovery_reply r
        WHERE r.store_id = %(store)s AND r.at >= %(from)s - %(within)s AND r.at < %(to)s AND r.at <= %(as_of)s
          AND r.intent NOT IN ('stop', 'start', 'yes')
    ), begun AS (
        SELECT h.id, h.channel, h.intent, h.at, h.at + %(within)s <= %(as_of)s AS over, (
            SELECT min(n.sent_at) FROM recovery_notice n
            WHERE n.store_id = %(store)s AND n.channel = h.channel AND n.to = h.address
              AND n.purpose IN ('help', 'answer') AND n.sent_at >= h.at
              AND n.sent_at <= least(h.at + %(within)s, %(as_of)s)
        ) AS answered_at
        FROM heard h WHERE h.at >= %(from)s AND coalesce(h.at - h.earlier > %(within)s, true)
          AND (%(channel)s = '' OR h.channel = %(channel)s)
    )
"""
