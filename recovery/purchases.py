"""Did this shopper buy? Asked by every identity that we know of them, merged or not."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import orjson

from config.lib.together import ask_together
from customers.models import Customer

# One statement for a whole batch; each question is answered from its own index. A shopper's addresses are the ones
# that they go by now and every one that was ever seen of them.
_BOUGHT = """
    WITH asked AS MATERIALIZED (
        SELECT (a ->> 0)::bigint AS key, (a ->> 1)::timestamptz AS since, (a ->> 2)::bigint AS store_id,
               (a ->> 3)::bigint AS customer_id, a ->> 4 AS email, a ->> 5 AS phone
        FROM jsonb_array_elements(%s::jsonb) AS a
    )
    SELECT key FROM asked
    WHERE EXISTS (
        SELECT FROM carts_order AS o
        WHERE o.customer_id = asked.customer_id AND o.store_id = asked.store_id
          AND o.placed_at >= asked.since AND o.is_placed
    ) OR EXISTS (
        SELECT FROM carts_order AS o
        WHERE o.store_id = asked.store_id AND o.placed_at >= asked.since AND o.is_placed AND o.email <> ''
          AND o.email = ANY (asked.email || ARRAY(
              SELECT value::text FROM customers_identity WHERE customer_id = asked.customer_id AND kind = 'email'))
    ) OR EXISTS (
        SELECT FROM carts_order AS o
        WHERE o.store_id = asked.store_id AND o.placed_at >= asked.since AND o.is_placed AND o.phone <> ''
          AND o.phone = ANY (asked.phone || ARRAY(
              SELECT value::text FROM customers_identity WHERE customer_id = asked.customer_id AND kind = 'phone'))
    )
"""


def bought_since(asked: Mapping[int, tuple[Customer, datetime]]) -> set[int]:
    """Of the asked (key -> customer, moment), the keys whose shopper placed an order at or after the moment.

    An order counts when it names the customer, or one of their e-mail addresses or phone numbers. A cancelled one
    counts too: who has just cancelled does not want a reminder.
    """
    (rows,) = ask_together(bought_question(asked)) if asked else [[]]
    return {key for (key,) in rows}


def bought_question(asked: Mapping[int, tuple[Customer, datetime]]) -> tuple[str, list[str]]:
    """`bought_since` as a question that can be asked together with others; its rows are of one key each."""
    rows = [(key, since, who.store_id, who.pk, who.email, who.phone) for key, (who, since) in asked.items()]
    return _BOUGHT, [orjson.dumps(rows).decode()]
