"""A store with a synthetic past: carts, orders, messages, clicks, draws …, evenly over some days until now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from datetime import timedelta as td
from typing import Any

from bench.rows import make_store

#: The past ends here, and holds nothing that is yet to come: pages ask the clock what is settled.
NOW = datetime.now(UTC)


@dataclass
class Year:
    """So many carts over so many days, in a database of its own for today."""

    name: str
    carts: int
    days: int

    @property
    def database(self) -> str:
        return f"{self.name}_{self.carts}_{NOW:%Y%m%d}"


# Everything about cart n follows from n and a hash of it, h, which is 0 to 999.
_SOURCE = """
    FROM (SELECT n, abs(hashint8(n)) %% 1000 AS h, abs(hashint8(n + 7)) %% 1000 AS g,
              %(since)s::timestamptz + n * %(apart)s::interval AS at FROM generate_series(1, %(carts)s) n) n
"""
_ORDERED = "(h < 390 AND at + h * interval '15 minutes' + interval '7 minutes' <= %(until)s)"
_SILENT = "(h >= 250 AND at + interval '50 minutes' <= %(until)s)"
_KNOWN = "g < 700"
_LINES = """jsonb_build_array(
    jsonb_build_object('product_id', 'p' || (h * 7 + g) %% 500, 'title', 'Good ' || (h * 7 + g) %% 500, 'quantity', 1,
        'price', '39.90', 'category', 'Category ' || (h + g) %% 12, 'variant_id', 'v' || g),
    jsonb_build_object('product_id', 'p' || (g * 3 + n) %% 500, 'title', 'Good ' || (g * 3 + n) %% 500, 'quantity', 2,
        'price', '12.50', 'category', 'Category ' || (g) %% 12, 'variant_id', 'v' || h))"""

_CUSTOMERS = {"id": "n", "store_id": "{store}", "email": "'s' || n || '@mail.example'"}
_CARTS = {
    "id": "n", "store_id": "{store}", "customer_id": f"CASE WHEN {_KNOWN} THEN 1 + n %% {{people}} END",
    "state": f"CASE WHEN {_ORDERED} THEN 'ordered' WHEN {_SILENT} THEN 'abandoned' ELSE 'active' END",
    "stage": "(ARRAY['cart','checkout','contact','shipping','payment'])[1 + g %% 5]",
    "started_at": "at", "filled_at": "at", "last_activity_at": "at + interval '6 minutes'",
    "first_abandoned_at": f"CASE WHEN {_SILENT} THEN at + interval '6 minutes' END",
    "abandoned_at": f"CASE WHEN {_SILENT} AND NOT {_ORDERED} THEN at + interval '6 minutes' END",
    "ordered_at": f"CASE WHEN {_ORDERED} THEN at + h * interval '15 minutes' + interval '7 minutes' END",
    "currency": "'EUR'", "total": "64.90 + h %% 50", "quantity": "3", "lines": _LINES,
    "device": "(ARRAY['mobile','mobile','desktop','tablet'])[1 + h %% 4]",
    "referrer": "'https://' || (ARRAY['google.com','instagram.com','puro.example'])[1 + g %% 3] || '/'",
    "landing_page": "'https://puro.example/pages/' || g %% 40", "payment_failed": "g %% 25 = 0",
    "restore_url": "'https://puro.example/recover?key=' || md5(n::text)",
    "user_agent": "'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) '"
    " || 'Version/17.' || g %% 9 || ' Mobile/15E148 Safari/604.1'",
}  # fmt: skip
_ORDERS = {
    "id": "n", "store_id": "{store}", "external_id": "'o' || n", "cart_id": "n", "matched_by": "'token'",
    "customer_id": f"CASE WHEN {_KNOWN} THEN 1 + n %% {{people}} END", "paid": "true", "is_placed": "true",
    "placed_at": "at + h * interval '15 minutes' + interval '7 minutes'",
    "version": "at + h * interval '15 minutes' + interval '7 minutes'", "currency": "'EUR'",
    "total": "70 + h %% 50", "tax": "12", "shipping": "5", "lines": _LINES,
}  # fmt: skip
_REFUNDS = {
    "id": "n", "store_id": "{store}", "external_id": "'r' || n", "order_external_id": "'o' || n", "currency": "'EUR'",
    "amount": "20", "at": "at + interval '8 days'",
}  # fmt: skip
_ENROLMENTS = {
    "id": "n", "store_id": "{store}", "version_id": "{version}", "flow_id": "{flow}", "cart_id": "n",
    "customer_id": "1 + n %% {people}", "state": "'done'",
    "anchor_at": "at", "enrolled_at": "at + interval '40 minutes'",
}  # fmt: skip
_MESSAGES = {
    "id": "n", "store_id": "{store}", "enrolment_id": "n", "step_id": "{step}", "cart_id": "n",
    "customer_id": "1 + n %% {people}", "channel": "(ARRAY['email','email','sms'])[1 + h %% 3]",
    "state": "(ARRAY['delivered','delivered','delivered','skipped','failed'])[1 + g %% 5]",
    "reason": "(ARRAY['','','','no_consent','bounce'])[1 + g %% 5]", "due_at": "at + interval '40 minutes'",
    "planned_at": "at + interval '40 minutes'", "expires_at": "at + interval '7 hours'",
    "sent_at": "CASE WHEN g %% 5 < 3 THEN at + interval '40 minutes' END", "ended_at": "at + interval '50 minutes'",
    "subject": "'You left something behind'", "body_text": "repeat('Your cart is waiting. ', 20)",
}  # fmt: skip
_LINKS = {
    "id": "n", "token_hash": "md5(n::text)", "kind": "'recover'", "store_id": "{store}",
    "customer_id": "1 + n %% {people}", "message_id": "n", "cart_id": "n", "expires_at": "at + interval '30 days'",
}  # fmt: skip
_CLICKS = {
    "id": "n", "link_id": "n", "store_id": "{store}", "message_id": "n", "cart_id": "n",
    "at": "at + interval '45 minutes'", "machine_reason": "CASE WHEN g %% 4 = 0 THEN 'scanner' ELSE '' END",
}  # fmt: skip
_CREDITS = {
    "id": "n", "store_id": "{store}", "order_id": "n", "cart_id": "n", "message_id": "n", "click_id": "n",
    "at": "at + h * interval '15 minutes' + interval '7 minutes'",
}  # fmt: skip
_CONSENT = {
    "id": "n", "store_id": "{store}", "customer_id": "n", "channel": "'email'", "state": "'granted'",
    "at": "at - interval '400 days'", "source": "'checkout'",
}  # fmt: skip
_TRANSITIONS = {
    "id": "n", "store_id": "{store}", "cart_id": "n", "kind": "'abandoned'", "at": "at + interval '6 minutes'",
    "handled_at": "at + interval '40 minutes'",
}  # fmt: skip


# Every shopper was drawn twice when their first message was due: of ten, one gets nothing; half get an offer.
_DRAWS = """
    INSERT INTO recovery_assignment (experiment_id, customer_id, cart_id, arm, assigned_at)
    SELECT e.id, d.customer_id, d.cart_id, e.arms->(CASE WHEN abs(hashint8(d.customer_id + e.id)) %% 100
            < (e.arms->0->>'weight')::int THEN 0 ELSE 1 END)->>'name', d.enrolled_at
    FROM recovery_experiment e CROSS JOIN (
        SELECT DISTINCT ON (customer_id) customer_id, cart_id, enrolled_at FROM recovery_enrolment
        ORDER BY customer_id, enrolled_at
    ) d WHERE e.store_id = %(store)s ORDER BY d.enrolled_at
"""


#: A shop that is open touches today all the time, and yesterday. Carts of two weeks ago settle at the quarter of an
#: hour: their day waits for a minute of each until it is summed, which is not counted here.
_ALIVE = """INSERT INTO recovery_touchedday (store_id, at)
            SELECT id, now() - days * interval '1 day' FROM customers_store, unnest(ARRAY[0, 1]) days"""
_TOUCH = """INSERT INTO recovery_touchedday (store_id, at)
            SELECT store_id, date_bin('15 minutes', started_at, '2000-01-01T00:00Z') FROM carts_cart
            UNION SELECT store_id, date_bin('15 minutes', placed_at, '2000-01-01T00:00Z') FROM carts_order"""


def fill(year: Year) -> None:
    """Make the rows without their triggers and foreign keys, then mark every day as touched."""
    from django.db import connection

    from recovery.models import Flow

    store = make_store("shopify", NOW - td(days=year.days + 60))
    flow = Flow.objects.get()
    version = flow.versions.get(published_at__isnull=False)
    told = {"store": store, "people": max(1, year.carts // 3), "flow": flow.pk, "version": version.pk,
            "step": version.steps.all()[0].pk}  # fmt: skip
    asked: Any = {"carts": year.carts, "since": NOW - td(days=year.days), "until": NOW,
             "apart": f"{year.days * 86400 / year.carts:.6f} seconds"}  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        for model, values, which in _tables():
            cursor.execute(_sql(model, values, which, told), asked)
        _draw_lots(cursor, store, flow, NOW - td(days=year.days))
        cursor.execute("SET session_replication_role = DEFAULT")
        cursor.execute(_TOUCH)
        cursor.execute("VACUUM ANALYZE")


def _draw_lots(cursor: Any, store_id: int, flow: Any, since: datetime) -> None:
    """A holdout over the flow, and a test of its first step in which one of two variants carries an offer."""
    from customers.models import Store
    from recovery.experiments.plans import holdout_arms
    from recovery.models import Experiment, Offer

    Store.objects.filter(pk=store_id).update(margin=40)
    offer = Offer.objects.create(store_id=store_id, name="Ten off", value=10)
    common = {"template": 1, "delay": 0}
    variants = [
        {"name": "A", "weight": 50, "offer": None} | common,
        {"name": "B", "weight": 50, "offer": offer.pk} | common,
    ]
    told: dict[str, Any] = {"store_id": store_id, "flow": flow, "started_at": since}
    Experiment.objects.create(kind="holdout", arms=holdout_arms(10), salt="h", **told)
    Experiment.objects.create(kind="variants", position=1, arms=variants, salt="v", **told)
    cursor.execute(_DRAWS, {"store": store_id})


def stir() -> None:
    """Touch the days that a shop's life has always just touched, so that no page finds their figures kept."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(_ALIVE)


def count() -> int:
    """How many rows were made."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT " + " + ".join(f"(SELECT count(*) FROM {model._meta.db_table})" for model, *_ in _tables())
        )
        found: int = cursor.fetchone()[0]
    return found


def _tables() -> list[tuple[Any, dict[str, str], str]]:
    from carts.models import Cart, CartTransition, Order, Refund
    from customers.models import ConsentEvent, Customer
    from recovery.models import Click, Credit, Enrolment, Link, Message

    written = f"{_SILENT} AND {_KNOWN}"
    clicked = f"{written} AND g %% 5 < 3 AND h %% 10 < 2"
    return [
        (Customer, _CUSTOMERS, "n <= {people}"), (Cart, _CARTS, "true"), (Order, _ORDERS, _ORDERED),
        (Refund, _REFUNDS, f"g %% 30 = 0 AND at + interval '8 days' <= %(until)s AND {_ORDERED}"),
        (ConsentEvent, _CONSENT, "n <= {people}"), (CartTransition, _TRANSITIONS, _SILENT),
        (Enrolment, _ENROLMENTS, written), (Message, _MESSAGES, written), (Link, _LINKS, clicked),
        (Click, _CLICKS, clicked), (Credit, _CREDITS, f"{clicked} AND g %% 4 <> 0 AND {_ORDERED}"),
    ]  # fmt: skip


def _sql(model: Any, told: dict[str, str], which: str, ids: dict[str, int]) -> str:
    """Every column that must hold something, with what a row begins with, unless it is told."""
    values = {
        str(each.column): _literal(each.get_default())
        for each in model._meta.concrete_fields
        if not each.null and not each.primary_key
    } | told
    columns, wanted = ", ".join(f'"{name}"' for name in values), ", ".join(values.values())
    return f"INSERT INTO {model._meta.db_table} ({columns}) SELECT {wanted} {_SOURCE} WHERE {which}".format(**ids)


def _literal(value: Any) -> str:
    if isinstance(value, datetime):
        return "now()"
    if isinstance(value, (dict, list)):
        return "'{{}}'::jsonb" if isinstance(value, dict) else "'[]'::jsonb"
    return str(value).lower() if isinstance(value, (bool, int)) else f"'{value or ''}'"
