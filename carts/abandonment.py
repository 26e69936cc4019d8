"""Noticing silence: carts whose deadline has passed become abandoned, in batches, and the upper floor is told."""

from __future__ import annotations

import logging
from datetime import datetime
from time import perf_counter

from django.db import connection
from django.db.models import Min

from carts.models import Delivery
from config.lib.logline import handed

log = logging.getLogger("cartback.sweep")

BATCH = 500

# One statement: the carts change and the transitions are written, or neither. A cart of a store with unread deliveries
# is left alone unless its deadline passed before the oldest of them came in: what is unread may be its next activity.
_SWEEP = """
    WITH silent AS (
        SELECT id FROM carts_cart
        WHERE abandon_after <= %(now)s {unread}
        ORDER BY abandon_after LIMIT %(limit)s FOR NO KEY UPDATE SKIP LOCKED
    ), abandoned AS (
        UPDATE carts_cart AS c
        SET state = 'abandoned', abandoned_at = c.last_activity_at, abandon_after = NULL,
            first_abandoned_at = coalesce(c.first_abandoned_at, c.last_activity_at)
        FROM silent WHERE c.id = silent.id
        RETURNING c.id, c.store_id, c.customer_id, c.last_activity_at
    )
    INSERT INTO carts_carttransition (store_id, cart_id, customer_id, kind, at, recorded_at)
    SELECT store_id, id, customer_id, 'abandoned', last_activity_at, %(now)s FROM abandoned
"""


def sweep(now: datetime, *, limit: int = BATCH) -> int:
    """Mark one batch of silent carts abandoned; returns how many. Costs what is due, not what is stored.

    `abandoned_at` is the cart's last activity, not `now`: after downtime nothing looks fresher than it is.
    """
    began = perf_counter()
    with connection.cursor() as cursor:
        unread, parameters = _except_unread()
        cursor.execute(_SWEEP.format(unread=unread), {"now": now, "limit": limit, **parameters})
        count = int(cursor.rowcount)
    if count:
        handed(log, "sweep", count=count, ms=(perf_counter() - began) * 1000)
    return count


def unread_since() -> dict[int, datetime]:
    """For each store with unread deliveries, when the oldest of them came in."""
    rows = Delivery.objects.filter(state="pending").order_by().values_list("store").annotate(since=Min("received_at"))
    return dict(rows)


def _except_unread() -> tuple[str, dict[str, int | datetime]]:
    oldest = unread_since()
    clauses = [f"AND (store_id <> %(s{n})s OR abandon_after <= %(t{n})s)" for n in range(len(oldest))]
    parameters: dict[str, int | datetime] = {}
    for n, (store_id, since) in enumerate(oldest.items()):
        parameters |= {f"s{n}": store_id, f"t{n}": since}
    return " ".join(clauses), parameters
