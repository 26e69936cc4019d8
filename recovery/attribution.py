"""Credit where it is due: to the last human click within the store's window before the order. Never to an open."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from carts.models import Order
from customers.models import Store
from recovery.models import Credit

_FITS = """x.store_id = o.store_id AND x.machine_reason = '' AND x.message_id IS NOT NULL AND x.cart_id IS NOT NULL
           AND x.at <= o.placed_at AND x.at >= o.placed_at - make_interval(days => s.attribution_days)"""

# The clicks on links of the order's own cart, and those of the same customer on links of any other.
_CREDIT = f"""
    INSERT INTO recovery_credit (store_id, order_id, cart_id, message_id, click_id, at)
    SELECT o.store_id, o.id, coalesce(o.cart_id, k.cart_id), k.message_id, k.id, o.placed_at
    FROM carts_order o
    JOIN customers_store s ON s.id = o.store_id
    JOIN LATERAL (
        SELECT x.id, x.at, x.cart_id, x.message_id FROM recovery_click x WHERE x.cart_id = o.cart_id AND {_FITS}
        UNION ALL
        SELECT x.id, x.at, x.cart_id, x.message_id
        FROM recovery_link l JOIN recovery_click x ON x.link_id = l.id
        WHERE l.customer_id = o.customer_id AND {_FITS}
        ORDER BY at DESC, id DESC LIMIT 1
    ) k ON true
    WHERE {{which}} AND o.cancelled_at IS NULL AND o.deleted_at IS NULL AND NOT o.is_test
    ON CONFLICT (order_id) DO UPDATE SET cart_id = excluded.cart_id WHERE recovery_credit.cart_id <> excluded.cart_id
"""

_TOO_OLD = """
    DELETE FROM recovery_credit k USING recovery_click x, carts_order o, customers_store s
    WHERE k.store_id = %(store)s AND x.id = k.click_id AND o.id = k.order_id AND s.id = k.store_id
      AND x.at < o.placed_at - make_interval(days => s.attribution_days)
"""


def credit(orders: Sequence[Order], *, now: datetime) -> int:
    """Credit each order to its click, if one fits; returns how many were. Crediting again changes nothing, but that the
    credit follows an order which has moved to its own cart.

    A click fits when a human made it on a link of the order's cart, or of another cart of the same customer, at most
    `store.attribution_days` before the order. Cancelled, deleted and test orders earn nothing.
    """
    if not orders:
        return 0
    return _run(_CREDIT.format(which="o.id = ANY(%(orders)s)"), {"orders": [order.pk for order in orders]})


def recredit(store: Store) -> None:
    """Credit the store's whole past by its window as it is now. Call it when the window was changed."""
    _run(_TOO_OLD, {"store": store.pk})
    _run(_CREDIT.format(which="o.store_id = %(store)s"), {"store": store.pk})


def withdraw(order_ids: Iterable[int], *, now: datetime) -> int:
    """Take back the credit of orders that were cancelled or deleted; returns how many had one.

    The row stays, with its time, so that a report of an earlier date still finds it.
    """
    return Credit.objects.filter(order_id__in=list(order_ids), withdrawn_at=None).update(withdrawn_at=now)


def _run(sql: str, asked: dict[str, Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql, asked)
        return int(cursor.rowcount)
