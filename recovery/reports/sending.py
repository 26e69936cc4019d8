"""The messages about the carts of some days, by step and by how they ended, as everything stood at %(as_of)s."""

from __future__ import annotations

from collections.abc import Set
from datetime import date
from typing import Any

from recovery.reports.asked import Asked, days_of
from recovery.reports.judged import COUNTS, SEGMENT
from recovery.reports.kept import fetch, kept_days, run

_NO_SEGMENT = "''"
NUMBERS = ("messages", "clicked", "scanned", "ordered", "revenue", "unclear")
KEY = ("flow_id", "position", "variant", "channel", "state", "reason", "currency")
COLUMNS = ("day", *KEY, "device", "segment", *NUMBERS)

# A message is counted as it stood then: one that was planned later did not exist, one that ended later was on its way.
STATE = """CASE WHEN m.state IN ('queued', 'sending') THEN 'waiting'
                WHEN m.ended_at <= %(as_of)s OR m.state IN ('delivered', 'read') AND m.ended_at IS NULL THEN m.state
                WHEN m.state = 'unknown' AND m.sent_at <= %(as_of)s THEN 'unknown'
                WHEN m.sent_at <= %(as_of)s AND m.state IN ('sent', 'delivered', 'read', 'failed') THEN 'sent'
                ELSE 'waiting' END"""


def _steps(segment: str) -> str:
    """A row for each day, step and end of its messages. `segment`: looked up only where it is asked for."""
    return f"""
    WITH days AS (
        SELECT * FROM unnest(%(days)s::date[], %(since)s::timestamptz[], %(until)s::timestamptz[])
            AS d(day, since, until)
    )
    SELECT d.day, v.flow_id, t.position, coalesce(w.name, '') AS variant, m.channel, {STATE} AS state,
        CASE WHEN m.ended_at <= %(as_of)s THEN m.reason ELSE '' END AS reason, s.currency, s.device,
        {segment} AS segment, count(*) AS messages, count(*) FILTER (WHERE x.people) AS clicked,
        count(*) FILTER (WHERE x.machines AND NOT x.people) AS scanned, coalesce(sum(k.orders), 0) AS ordered,
        coalesce(sum(k.revenue), 0) AS revenue, coalesce(sum(k.unclear), 0) AS unclear
    FROM days d
    CROSS JOIN LATERAL (
        SELECT s.id, s.customer_id, s.started_at, s.currency, s.device FROM carts_cart s
        WHERE s.store_id = %(store)s AND s.started_at >= d.since AND s.started_at < d.until
          AND s.started_at <= %(as_of)s OFFSET 0
    ) s
    CROSS JOIN LATERAL (
        SELECT m.* FROM recovery_message m WHERE m.cart_id = s.id AND m.planned_at <= %(as_of)s OFFSET 0
    ) m
    JOIN recovery_flowstep t ON t.id = m.step_id
    JOIN recovery_flowversion v ON v.id = t.version_id
    LEFT JOIN recovery_stepvariant w ON w.id = m.variant_id
    LEFT JOIN LATERAL (
        SELECT bool_or(x.machine_reason = '') AS people, bool_or(x.machine_reason <> '') AS machines
        FROM recovery_click x WHERE x.message_id = m.id AND x.at <= %(as_of)s
    ) x ON m.sent_at IS NOT NULL
    LEFT JOIN LATERAL (
        SELECT count(*) AS orders,
            sum(net.amount) FILTER (WHERE o.currency = s.currency AND NOT net.unclear) AS revenue,
            count(*) FILTER (WHERE o.currency <> s.currency OR net.unclear) AS unclear
        FROM recovery_credit k JOIN carts_order o ON o.id = k.order_id
        JOIN recovery_click c ON c.id = k.click_id AND c.machine_reason = '' AND c.at <= o.placed_at
        CROSS JOIN LATERAL (
            SELECT greatest(0, o.total - o.tax - o.shipping - coalesce(sum(r.amount), 0)) AS amount,
                coalesce(bool_or(r.currency <> o.currency), false) AS unclear
            FROM carts_refund r
            WHERE r.store_id = o.store_id AND r.order_external_id = o.external_id AND r.at <= %(as_of)s
        ) net
        WHERE k.message_id = m.id AND k.at <= %(as_of)s AND o.placed_at <= s.started_at + %(horizon)s AND {COUNTS}
    ) k ON x.people
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
    """


def _whole(name: str) -> str:
    return "" if name == "revenue" else "::bigint"


_READ = f"""
    SELECT {", ".join(KEY)}, {", ".join(f"sum({name}){_whole(name)} AS {name}" for name in NUMBERS)}
    FROM ({{rows}}) steps
    WHERE (%(currency)s = '' OR currency = %(currency)s) AND (%(device)s = '' OR device = %(device)s)
      AND (%(segment)s = '' OR segment = %(segment)s) AND (%(channel)s = '' OR channel = %(channel)s)
      AND (%(flow)s = 0 OR flow_id = %(flow)s)
    GROUP BY {", ".join(KEY)}
"""
_ROLLED = f"""SELECT {", ".join(COLUMNS)} FROM recovery_dailysteps
    WHERE store_id = %(store)s AND day >= %(first)s AND day <= %(last)s AND day <> ALL(%(afresh)s)"""


def steps_of(asked: Asked, kept: Set[date] | None = None) -> list[dict[str, Any]]:
    """A dict for each step, channel and end of its messages, over the asked period and filters.

    `kept`: the days whose figures hold, where the caller has asked that already.
    """
    days = days_of(asked.period)
    kept = kept_days(asked) if kept is None else kept
    afresh = [day for day in days if day not in kept]
    judged = f"({_steps(SEGMENT if asked.segment else _NO_SEGMENT)})"
    rows = " UNION ALL ".join([*([_ROLLED] if kept else []), *([judged] if afresh else [])])
    told = asked.parameters(afresh) | {"first": days[0], "last": days[-1], "afresh": afresh}
    return [dict(zip((*KEY, *NUMBERS), row, strict=True)) for row in fetch(_READ.format(rows=rows), told)]


def roll_day(asked: Asked, told: dict[str, Any]) -> None:
    """Keep the day's rows. The caller holds the day."""
    run("DELETE FROM recovery_dailysteps WHERE store_id = %s AND day = %s", [asked.store.pk, asked.period.first])
    columns = ", ".join(COLUMNS)
    steps = _steps(SEGMENT)
    run(
        f"INSERT INTO recovery_dailysteps (store_id, {columns}) SELECT %(store)s, made.* FROM ({steps}) AS made",
        told,
    )
