"""The carts of some days, judged one by one in SQL, as everything stood at %(as_of)s. Everything else sums these.

Every fact is asked for its own time: orders by when they were placed, paid, cancelled and deleted, refunds, credits,
clicks, messages and mergers by theirs. What has none (a cart's contents, device and stage, an order's amounts) is read
as it is now.
"""

from __future__ import annotations

#: An order that counts. Unpaid ones do not: they are promises.
COUNTS = """o.paid AND NOT o.is_test AND o.placed_at <= %(as_of)s AND (NOT o.was_unpaid OR o.paid_at <= %(as_of)s)
            AND coalesce(least(o.cancelled_at, o.deleted_at) > %(as_of)s, true)"""

#: When the cart's 14 days are over: told at the quarter of an hour, so that the figures of a day whose carts settle one
#: by one hold for as long.
SETTLES = """(date_bin('15 minutes', {cart}.started_at + %(horizon)s - interval '1 microsecond', '2000-01-01T00:00Z')
            + interval '15 minutes')"""

#: A message that reached the shopper or may have. One that bounced later had been sent until then.
SENT = """m.sent_at <= %(as_of)s AND (m.state IN ('sending', 'sent', 'delivered', 'read', 'unknown')
                                 OR (m.state = 'failed' AND m.ended_at > %(as_of)s))"""

#: Programs that name themselves. A telephone is called Cubot.
_ROBOTS = r"(?<!cu)bot([^a-z]|$)|crawl|spider|slurp|headlesschrome|phantomjs|puppeteer|python-requests|scrapy|curl/"
#: The same without looking back, which takes ten times as long: asked first.
_LIKE_ROBOTS = _ROBOTS.removeprefix("(?<!cu)")

#: Who the shopper of cart `s` was to the store when the cart was started.
SEGMENT = f"""CASE WHEN s.customer_id IS NULL THEN 'unknown'
                   WHEN EXISTS (SELECT FROM carts_order o WHERE o.customer_id = s.customer_id
                                AND o.placed_at < s.started_at AND {COUNTS}) THEN 'returning'
                   ELSE 'new' END"""

_CONSENTED = """EXISTS (
                        SELECT FROM (
                            SELECT DISTINCT ON (e.channel) e.state FROM customers_consentevent e
                            WHERE e.customer_id = s.customer_id AND e.at <= s.silent_since + %(timeout)s
                            ORDER BY e.channel, e.at DESC, e.id DESC
                        ) stood WHERE stood.state IN ('granted', 'soft')
                    )"""

#: What is looked up for each cart, and only where a statement names it. `credited`: the orders that followed a click.
_LOOKED_UP = {
    "flows": """ARRAY(SELECT DISTINCT e.flow_id FROM recovery_enrolment e
                      WHERE e.cart_id = s.id AND e.enrolled_at <= %(as_of)s ORDER BY 1)""",
    "segment": SEGMENT,
    "credited": f"""CASE WHEN s.left_out = '' AND s.channels <> '{{}}' THEN ARRAY(
                        SELECT DISTINCT o.id FROM recovery_message m
                        JOIN recovery_credit k ON k.message_id = m.id AND k.at <= %(as_of)s
                        JOIN recovery_click x ON x.id = k.click_id AND x.machine_reason = ''
                        JOIN carts_order o ON o.id = k.order_id AND x.at <= o.placed_at AND {COUNTS}
                        WHERE m.cart_id = s.id AND o.placed_at <= s.started_at + %(horizon)s
                    ) ELSE '{{}}' END""",
    "reachable": f"s.silent AND {_CONSENTED}",
    "settled_contact": f"s.settled AND s.silent AND {_CONSENTED}",
}
_CHANNELS = f"""ARRAY(SELECT DISTINCT m.channel FROM recovery_message m
                      WHERE m.cart_id = s.id AND {SENT} ORDER BY 1)::text[]"""


def judged(body: str) -> str:
    """`WITH … judged AS (…)`, for a statement that goes on with `body`."""
    looked_up = "".join(f", {sql} AS {name}" for name, sql in _LOOKED_UP.items() if name in body)
    channels = f", {_CHANNELS} AS channels" if "channels" in body or "credited" in body else ""
    return f"{_VERDICTS}{channels} FROM started s), judged AS (SELECT s.*{looked_up} FROM verdicts s)"


# The carts of a day are fetched by a nested look-up (OFFSET 0 keeps it one): the planner cannot know how few they are,
# and would rather read every cart that there ever was. Programs are told by their names once for all carts of one name:
# that would be half of the time.
#
# Of several questions about a cart the first that is answered yes leaves it out. `ordered_at` without any order row is
# the word of a checkout that was completed. A cart that fell silent is idle from `first_abandoned_at` plus the timeout
# on; one that nobody swept in time is judged by its last activity.
_VERDICTS = f"""
    WITH days AS (
        SELECT * FROM unnest(%(days)s::date[], %(since)s::timestamptz[], %(until)s::timestamptz[])
            AS d(day, since, until)
    ), robots AS (
        SELECT user_agent FROM (
            SELECT DISTINCT c.user_agent FROM days d CROSS JOIN LATERAL (
                SELECT c.user_agent FROM carts_cart c
                WHERE c.store_id = %(store)s AND c.started_at >= d.since AND c.started_at < d.until OFFSET 0
            ) c OFFSET 0
        ) c WHERE user_agent ~* '{_LIKE_ROBOTS}' AND user_agent ~* '{_ROBOTS}'
    ), started AS (
        SELECT d.day, c.id, c.customer_id, c.started_at, c.last_activity_at, c.first_abandoned_at, c.currency, c.total,
            c.lines, c.device, c.stage, c.payment_failed, c.referrer, c.landing_page, bought.order_id,
            CASE WHEN bought.orders > 0 THEN bought.placed_at
                 WHEN c.ordered_at <= %(as_of)s THEN c.ordered_at END AS ordered_at,
            CASE WHEN c.merged_into_id IS NOT NULL AND coalesce(c.merged_at <= %(as_of)s, true) THEN 'merged'
                 WHEN c.is_test OR bought.only_tests THEN 'test'
                 WHEN p.email <> '' AND (p.email = ANY(%(staff)s)
                                         OR '@' || split_part(p.email, '@', 2) = ANY(%(staff)s)) THEN 'staff'
                 WHEN c.user_agent IN (SELECT user_agent FROM robots) THEN 'bot'
                 WHEN coalesce(coalesce(c.filled_at, c.ordered_at) > %(as_of)s, true) THEN 'empty'
                 WHEN c.total = 0 AND c.quantity > 0 THEN 'zero_value'
                 ELSE '' END AS left_out
        FROM days d CROSS JOIN LATERAL (
            SELECT * FROM carts_cart c
            WHERE c.store_id = %(store)s AND c.started_at >= d.since AND c.started_at < d.until
              AND c.started_at <= %(as_of)s OFFSET 0
        ) c
        LEFT JOIN customers_customer p ON p.id = c.customer_id AND %(staff)s::text[] <> '{{}}'
        CROSS JOIN LATERAL (
            SELECT count(*) AS orders, coalesce(bool_and(o.is_test), false) AS only_tests,
                min(o.placed_at) FILTER (WHERE {COUNTS}) AS placed_at,
                (array_agg(o.id ORDER BY o.placed_at, o.id) FILTER (WHERE {COUNTS}))[1] AS order_id
            FROM carts_order o WHERE o.cart_id = c.id AND c.ordered_at IS NOT NULL
        ) bought
    ), verdicts AS MATERIALIZED (
        SELECT s.*, {SETTLES.format(cart="s")} <= %(as_of)s AS settled,
            coalesce(s.ordered_at <= s.started_at + %(horizon)s, false) AS in_time,
            coalesce(s.first_abandoned_at + %(timeout)s <= least(%(as_of)s, s.ordered_at), false)
                OR coalesce(s.ordered_at, %(as_of)s) - s.last_activity_at >= %(timeout)s AS silent,
            coalesce(s.first_abandoned_at, s.last_activity_at) AS silent_since,
            s.stage <> 'cart' AS at_checkout"""
