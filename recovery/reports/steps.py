"""What became of the steps of a flow: one statement for all of them, and for each variant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection

from config.lib.money import rounded
from recovery.experiments.plans import HELD_OUT

# Only orders of people who clicked are counted, paid and not taken back; money is net of tax, shipping and refunds, and
# without the orders that were refunded in another currency: as in the report.
_STEPS = """
    WITH m AS (
        SELECT id, step_id, variant_id, state, reason FROM recovery_message
        WHERE step_id = ANY(%(steps)s) AND planned_at >= %(since)s
    )
    SELECT 'message', step_id, variant_id, state, reason, count(*), 0::numeric FROM m GROUP BY 2, 3, 4, 5
    UNION ALL
    SELECT 'click', step_id, variant_id, '', '', count(DISTINCT m.id), 0
    FROM m JOIN recovery_click x ON x.message_id = m.id AND x.machine_reason = '' GROUP BY 2, 3
    UNION ALL
    SELECT 'order', step_id, variant_id, o.currency, '', count(*),
        sum(CASE WHEN back.foreign_money THEN 0 ELSE greatest(0, o.total - o.tax - o.shipping - back.amount) END)
    FROM m JOIN recovery_credit k ON k.message_id = m.id AND k.withdrawn_at IS NULL
    JOIN recovery_click x ON x.id = k.click_id AND x.machine_reason = ''
    JOIN carts_order o ON o.id = k.order_id
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(r.amount), 0) AS amount, coalesce(bool_or(r.currency <> o.currency), false) AS foreign_money
        FROM carts_refund r WHERE r.store_id = o.store_id AND r.order_external_id = o.external_id
    ) back
    WHERE o.paid AND NOT o.is_test AND o.cancelled_at IS NULL AND o.deleted_at IS NULL
    GROUP BY 2, 3, 4
    UNION ALL
    SELECT 'next', s.id, NULL, '', '', count(*), 0
    FROM recovery_flowstep s JOIN recovery_enrolment e ON e.version_id = s.version_id AND e.next_position = s.position
    WHERE s.id = ANY(%(steps)s) AND e.due_at IS NOT NULL GROUP BY 2
"""
_SENT = {"sent": "sent", "unknown": "unknown", "delivered": "delivered", "read": "delivered"}


@dataclass(slots=True)
class StepFigures:
    """`waiting`: the shoppers whose next step it is, and the messages on their way. `sent` includes what was delivered
    and what perhaps was (`unknown`). `clicked` and `ordered` are of people, not of machines."""

    waiting: int = 0
    sent: int = 0
    delivered: int = 0
    unknown: int = 0
    failed: int = 0
    held_out: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    clicked: int = 0
    ordered: int = 0
    revenue: dict[str, Decimal] = field(default_factory=dict)

    @property
    def not_sent(self) -> int:
        return self.skipped.total()

    def add(self, what: str, state: str, reason: str, count: int, amount: Decimal) -> None:
        """One row of the statement. Of an order, `state` is its currency."""
        if what == "click":
            self.clicked += count
        elif what == "order":
            self.ordered += count
            self.revenue[state] = rounded(self.revenue.get(state, Decimal(0)) + amount, state)
        elif what == "next" or state in ("queued", "sending"):
            self.waiting += count
        elif state in _SENT:
            self.sent += count
            if state != "sent":
                setattr(self, _SENT[state], getattr(self, _SENT[state]) + count)
        elif state == "failed":
            self.failed += count
        elif reason == HELD_OUT:
            self.held_out += count
        else:
            self.skipped[reason or "unknown"] += count


def step_figures(steps: Iterable[int], *, since: datetime) -> dict[tuple[int, int | None], StepFigures]:
    """By (step id, variant id or None for the whole step), of the messages that were planned since then."""
    found: dict[tuple[int, int | None], StepFigures] = {(step, None): StepFigures() for step in steps}
    for what, step, variant, *rest in _rows([step for step, _ in found], since):
        for key in {(step, None), (step, variant)}:
            found.setdefault(key, StepFigures()).add(what, *rest)
    return found


def _rows(steps: list[int], since: datetime) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(_STEPS, {"steps": steps, "since": since})
        rows: list[Any] = cursor.fetchall()
        return rows
