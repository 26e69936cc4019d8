"""The carts of a period, judged one by one in SQL, as everything stood at %(as_of)s, as far as times are kept.

What has no time of its own (a cart's value, whether an order is paid, a credit withdrawn since) is read as it is now.
"""

from __future__ import annotations

#: An order that counts. Unpaid ones do not: they are promises.
_COUNTS = """o.paid AND NOT o.is_test AND o.placed_at <= %(as_of)s
             AND coalesce(least(o.cancelled_at, o.deleted_at) > %(as_of)s, true)"""

#: A message that reached the shopper or may have. One that bounced later had been sent until then.
_SENT = """m.sent_at <= %(as_of)s AND (m.state IN ('sending', 'sent', 'delivered', 'read', 'unknown')
                                  OR (m.state = 'failed' AND m.ended_at > %(as_of)s))"""

# Of several questions about a cart the first that is answered yes leaves it out. `ordered_at` without any order row is
# the word of a checkout that was completed. A cart that fell silent is idle from `first_abandoned_at` plus the timeout
# on; one that nobody swept in time is judged by its last activity.
COHORT = f"""
    WITH started AS (
        SELECT c.id, c.started_at, c.last_activity_at, c.first_abandoned_at, bought.order_id,
            CASE WHEN bought.orders > 0 THEN bought.placed_at
                 WHEN c.ordered_at <= %(as_of)s THEN c.ordered_at END AS ordered_at,
            CASE WHEN c.merged_into_id IS NOT NULL THEN 'merged'
                 WHEN c.is_test OR bought.only_tests THEN 'test'
                 WHEN coalesce(coalesce(c.filled_at, c.ordered_at) > %(as_of)s, true) THEN 'empty'
                 WHEN c.total = 0 AND c.quantity > 0 THEN 'zero_value'
                 ELSE '' END AS left_out
        FROM carts_cart c
        LEFT JOIN LATERAL (
            SELECT count(*) AS orders, coalesce(bool_and(o.is_test), false) AS only_tests,
                min(o.placed_at) FILTER (WHERE {_COUNTS}) AS placed_at,
                (array_agg(o.id ORDER BY o.placed_at, o.id) FILTER (WHERE {_COUNTS}))[1] AS order_id
            FROM carts_order o WHERE o.cart_id = c.id AND c.ordered_at IS NOT NULL
        ) bought ON true
        WHERE c.store_id = %(store)s AND c.started_at >= %(since)s AND c.started_at < %(until)s
          AND c.started_at <= %(as_of)s
    ), cohort AS (
        SELECT s.*, s.started_at + %(horizon)s <= %(as_of)s AS matured,
            coalesce(s.ordered_at <= s.started_at + %(horizon)s, false) AS in_time,
            coalesce(s.first_abandoned_at + %(timeout)s <= least(%(as_of)s, s.ordered_at), false)
                OR coalesce(s.ordered_at, %(as_of)s) - s.last_activity_at >= %(timeout)s AS idle,
            EXISTS (SELECT FROM recovery_message m WHERE m.cart_id = s.id AND {_SENT}) AS messaged
        FROM started s WHERE s.left_out = ''
    ), credited AS (
        SELECT DISTINCT c.id, c.matured, o.id AS order_id
        FROM cohort c
        JOIN recovery_message m ON m.cart_id = c.id
        JOIN recovery_credit k ON k.message_id = m.id AND k.at <= %(as_of)s
        JOIN recovery_click x ON x.id = k.click_id AND x.machine_reason = ''
        JOIN carts_order o ON o.id = k.order_id AND x.at <= o.placed_at AND {_COUNTS}
        WHERE c.messaged AND o.placed_at <= c.started_at + %(horizon)s
    )
"""

COUNTS = f"""{COHORT}
    SELECT count(*) AS started,
        count(*) FILTER (WHERE matured) AS matured,
        count(*) FILTER (WHERE matured AND idle) AS abandoned_gross,
        count(*) FILTER (WHERE matured AND NOT in_time) AS abandoned_net,
        count(*) FILTER (WHERE matured AND idle AND in_time) AS returned,
        count(*) FILTER (WHERE matured AND messaged) AS messaged,
        (SELECT count(DISTINCT id) FROM credited WHERE matured) AS attributed,
        count(*) FILTER (WHERE NOT matured AND idle) AS open_silent,
        count(*) FILTER (WHERE NOT matured AND idle AND in_time) AS open_returned,
        (SELECT count(DISTINCT id) FROM credited WHERE NOT matured) AS open_attributed
    FROM cohort
"""

EXCLUDED = f"{COHORT} SELECT left_out, count(*) FROM started WHERE left_out <> '' GROUP BY 1"

REVENUE = f"""{COHORT}
    , earned AS (
        SELECT matured, 'returned' AS why, order_id FROM cohort WHERE idle AND in_time AND order_id IS NOT NULL
        UNION SELECT matured, 'attributed', order_id FROM credited
    )
    SELECT e.matured, e.why, o.currency,
        coalesce(sum(greatest(0, o.total - o.tax - o.shipping - back.amount)) FILTER (WHERE NOT back.foreign_money), 0),
        count(*) FILTER (WHERE back.foreign_money)
    FROM earned e
    JOIN carts_order o ON o.id = e.order_id
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(r.amount), 0) AS amount, coalesce(bool_or(r.currency <> o.currency), false) AS foreign_money
        FROM carts_refund r
        WHERE r.store_id = o.store_id AND r.order_external_id = o.external_id AND r.at <= %(as_of)s
    ) back
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""

# A message is counted as it stood then: one that was planned later did not exist, one that ended later was on its way.
MESSAGES = """
    SELECT m.channel,
        CASE WHEN m.state IN ('queued', 'sending') THEN 'waiting'
             WHEN m.ended_at <= %(as_of)s OR m.state IN ('delivered', 'read') AND m.ended_at IS NULL THEN m.state
             WHEN m.state = 'unknown' AND m.sent_at <= %(as_of)s THEN 'unknown'
             WHEN m.sent_at <= %(as_of)s AND m.state IN ('sent', 'delivered', 'read', 'failed') THEN 'sent'
             ELSE 'waiting' END AS state,
        CASE WHEN m.ended_at <= %(as_of)s THEN m.reason ELSE '' END AS reason, count(*)
    FROM recovery_message m JOIN carts_cart c ON c.id = m.cart_id
    WHERE c.store_id = %(store)s AND c.started_at >= %(since)s AND c.started_at < %(until)s
      AND c.started_at <= %(as_of)s AND m.planned_at <= %(as_of)s
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""
