"""The rows behind the numbers, one line each, to be counted again elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db import connection, transaction

from recovery.reports.asked import Asked, days_of
from recovery.reports.cells import filtered
from recovery.reports.conversations import ANSWER_WITHIN, BEGUN
from recovery.reports.guardrails import WATCHED_SHOPPERS, told_for
from recovery.reports.judged import COUNTS, SEGMENT, judged
from recovery.reports.sending import STATE

_BATCH = 2_000

# Nobody is named: a cart is known by its number, and its page in the admin tells the rest to who may see it.
_CARTS = """
    SELECT 'c' || f.id AS cart, f.day, f.started_at, f.last_activity_at, f.left_out, f.settled, f.silent, f.ordered_at,
        f.in_time, f.stage, f.device, f.segment, f.currency, f.total, f.channels <> '{}' AS messaged,
        f.credited <> '{}' AS attributed, f.reachable,
        f.payment_failed, array_to_string(f.channels, ' ') AS channels, array_to_string(f.flows, ' ') AS flows,
        o.external_id AS order, o.currency AS order_currency, o.total AS order_total, o.tax, o.shipping, o.discount,
        back.amount AS refunded
    FROM filtered f LEFT JOIN carts_order o ON o.id = f.order_id
    LEFT JOIN LATERAL (SELECT sum(r.amount) AS amount FROM carts_refund r WHERE r.store_id = o.store_id
                       AND r.order_external_id = o.external_id AND r.at <= %(as_of)s) back ON true
    ORDER BY f.started_at, f.id
"""
_MESSAGES = f"""
    SELECT 'm' || m.id AS message, 'c' || s.id AS cart, v.flow_id AS flow, t.position AS step,
        coalesce(w.name, '') AS variant, m.channel, {STATE} AS state,
        CASE WHEN m.ended_at <= %(as_of)s THEN m.reason ELSE '' END AS reason, m.planned_at, m.sent_at, m.ended_at,
        (SELECT count(*) FROM recovery_click x
         WHERE x.message_id = m.id AND x.machine_reason = '' AND x.at <= %(as_of)s) AS clicks_by_people,
        (SELECT count(*) FROM recovery_click x
         WHERE x.message_id = m.id AND x.machine_reason <> '' AND x.at <= %(as_of)s) AS clicks_by_machines,
        (SELECT string_agg(o.external_id, ' ') FROM recovery_credit k JOIN carts_order o ON o.id = k.order_id
         WHERE k.message_id = m.id AND k.at <= %(as_of)s AND {COUNTS}) AS orders
    FROM carts_cart s JOIN recovery_message m ON m.cart_id = s.id AND m.planned_at <= %(as_of)s
    JOIN recovery_flowstep t ON t.id = m.step_id JOIN recovery_flowversion v ON v.id = t.version_id
    LEFT JOIN recovery_stepvariant w ON w.id = m.variant_id
    WHERE s.store_id = %(store)s AND s.started_at >= %(from)s AND s.started_at < %(to)s AND s.started_at <= %(as_of)s
      AND (%(currency)s = '' OR s.currency = %(currency)s) AND (%(device)s = '' OR s.device = %(device)s)
      AND (%(channel)s = '' OR m.channel = %(channel)s) AND (%(flow)s = 0 OR v.flow_id = %(flow)s)
      AND (%(segment)s = '' OR {SEGMENT} = %(segment)s)
    ORDER BY m.id
"""
_ORDERS = f"""
    SELECT o.external_id AS order, o.placed_at, o.customer_id AS customer, o.currency, o.total, o.tax, o.shipping,
        o.discount, back.amount AS refunded
    FROM carts_order o
    LEFT JOIN LATERAL (SELECT sum(r.amount) AS amount FROM carts_refund r WHERE r.store_id = o.store_id
                       AND r.order_external_id = o.external_id AND r.at <= %(as_of)s) back ON true
    WHERE o.store_id = %(store)s AND o.placed_at < %(to)s AND {COUNTS}
    ORDER BY o.placed_at, o.id
"""
_CODES = """
    SELECT f.name AS offer, d.id AS code, d.state, d.given_at, d.expires_at, d.redeemed_at, d.amount_redeemed,
        d.currency
    FROM recovery_discountcode d JOIN recovery_offer f ON f.id = d.offer_id
    WHERE d.store_id = %(store)s AND d.given_at >= %(from)s AND d.given_at < %(to)s AND d.given_at <= %(as_of)s
      AND (%(currency)s = '' OR d.currency = %(currency)s)
    ORDER BY d.given_at, d.id
"""
_ANSWERS = """
    SELECT a.kind, a.via, a.asked_at, CASE WHEN a.answered_at <= %(as_of)s THEN a.answered_at END AS answered_at,
        CASE WHEN a.answered_at <= %(as_of)s THEN a.code ELSE '' END AS reason,
        CASE WHEN a.answered_at <= %(as_of)s THEN a.score END AS score,
        CASE WHEN a.answered_at <= %(as_of)s THEN a.comment ELSE '' END AS comment, 'c' || s.id AS cart, s.stage,
        s.device, o.external_id AS order
    FROM recovery_surveyask a LEFT JOIN carts_order o ON o.id = a.order_id
    LEFT JOIN carts_cart s ON s.id = coalesce(a.cart_id, o.cart_id)
    WHERE a.store_id = %(store)s AND a.asked_at >= %(from)s AND a.asked_at < %(to)s AND a.asked_at <= %(as_of)s
      AND (%(currency)s = '' OR s.currency = %(currency)s) AND (%(device)s = '' OR s.device = %(device)s)
      AND (%(flow)s = 0 OR EXISTS (SELECT FROM recovery_enrolment e WHERE e.cart_id = s.id AND e.flow_id = %(flow)s))
    ORDER BY a.asked_at, a.id
"""
# The words and the address stay where they are: on the reply's own page.
_TALKS = f"""{BEGUN}
    SELECT 'r' || id AS first_reply, channel, intent, at, over, answered_at FROM begun ORDER BY at, id
"""
ROWS = {
    "answers": _ANSWERS,
    "codes": _CODES,
    "conversations": _TALKS,
    "guardrails": WATCHED_SHOPPERS,
    "messages": _MESSAGES,
    "orders": _ORDERS,
}


def _carts(asked: Asked) -> str:
    body = f"{filtered(asked)} {_CARTS}"
    return f"{judged(body)}, {body}"


def rows_behind(asked: Asked, name: str) -> Iterator[list[Any]]:
    """The titles, then a line for each row, read as they are asked for. Times are in UTC."""
    told = asked.parameters(days_of(asked.period))
    told |= {"from": asked.period.since, "to": asked.period.until, "within": ANSWER_WITHIN}
    told = told_for(asked) if name == "guardrails" else told
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(ROWS[name] if name in ROWS else _carts(asked), told)
        batch = cursor.fetchmany(_BATCH)
        yield [column[0] for column in cursor.description or ()]
        while batch:
            for row in batch:
                yield [value.isoformat() if hasattr(value, "isoformat") else value for value in row]
            batch = cursor.fetchmany(_BATCH)
