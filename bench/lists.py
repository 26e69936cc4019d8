"""What the admin's lists, searches and timelines cost beside a million carts: queries, and the server's time."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from bench.ground import Ground
from bench.options import Options
from bench.results import Result, percentile
from bench.rows import blanks, make_store
from bench.usage import measured

if TYPE_CHECKING:
    from django.db.models import Model
    from django.test import Client

MOST_QUERIES, MOST_MS = 12, 150
_LOOKS = 15
_BEGAN = datetime.fromisoformat("2026-01-01T00:00:00+00:00")
_APART = "interval '20 seconds'"  # between two carts
_LINE = '[{"price": "39.90", "title": "Linen shirt", "quantity": 1, "product_id": "7100001", "variant_id": "47110001"}]'
_LAST_NAMES = "(ARRAY['Virta','Laine','Berg','Lund','Nieminen','Korhonen','Hansen','Nyberg'])"
_HTML = "repeat('<p>You left a linen shirt in your cart. It is still there for you.</p>', 40)"


@dataclass
class Page:
    """A page of the admin, and what looking at it took."""

    name: str
    url: str
    queries: int = 0
    milliseconds: list[float] = field(default_factory=list)
    cpu: float = 0.0  # milliseconds of both sides' CPU for one look
    slowest: str = ""


def run(ground: Ground, options: Options) -> list[Result]:
    with ground.planted(f"bench_lists_{options.size}", lambda: fill(options.size)):
        client = marketer()
        return [_result(look(client, page, ground)) for page in pages(options.size)]


def fill(count: int) -> None:
    """A store with so many carts and all that follows them, and a small one beside it."""
    from django.db import connection

    store_id = make_store("shopify", _BEGAN)
    make_store("shopify", _BEGAN, "small")
    with connection.cursor() as cursor:
        # Neither triggers nor foreign keys are asked: what is filled in here fits.
        cursor.execute("SET session_replication_role = replica")
        for model, rows, told in _tables(count, store_id):
            cursor.execute(_insert(model, rows, told), {"began": _BEGAN})
        cursor.execute("SET session_replication_role = origin")
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("CHECKPOINT")


def _insert(model: type[Model], rows: int, told: Mapping[str, str]) -> str:
    """Rows numbered from 1, which are their ids, too."""
    values = {"id": "n"} | blanks(model) | dict(told)
    columns = ", ".join(f'"{column}"' for column in values)
    table = model._meta.db_table
    return (
        f'INSERT INTO "{table}" ({columns}) SELECT {", ".join(values.values())} FROM generate_series(1, {rows}) AS n; '
        f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), {rows} + 1)"
    )


def _tables(count: int, store_id: int) -> list[tuple[type[Model], int, dict[str, str]]]:
    """Each table's rows and its columns as SQL of n. Every shopper has two carts; every fifth cart was ordered."""
    from carts.models import Cart, CartToken, Delivery, Order
    from customers.models import Customer, Identity
    from recovery.models import Click, Decision, Enrolment, FlowStep, Link, Message

    step = FlowStep.objects.filter(version__flow__store=store_id).order_by("position")[0]
    people, sent, store = count // 2, count * 3 // 5, {"store_id": str(store_id)}
    at = f"%(began)s::timestamptz + n * {_APART}"
    person = {"customer_id": f"1 + n %% {people}"}
    of_flow = {"version_id": str(step.version_id), "flow_id": str(step.version.flow_id)}
    return [
        (Customer, people, {
            **store, "email": "'shopper' || n || '@mail.example'", "phone": "'+35840' || lpad(n::text, 7, '0')",
            "first_name": "'Aino'", "last_name": f"{_LAST_NAMES}[1 + n %% 8] || n %% 1000",
            "created_at": f"%(began)s::timestamptz + n * 2 * {_APART}",
        }),
        (Identity, people, {
            **store, "kind": "'email'", "value": "'shopper' || n || '@mail.example'", "customer_id": "n"}),
        (Cart, count, {
            **store, **person, "state": "CASE n %% 5 WHEN 0 THEN 'ordered' WHEN 1 THEN 'active' ELSE 'abandoned' END",
            "stage": "'contact'", "started_at": at, "last_activity_at": at, "abandoned_at": at, "currency": "'EUR'",
            "total": "39.90", "quantity": "1", "lines": f"'{_LINE}'::jsonb",
            "is_test": "n %% 1000 = 0", "payment_failed": "n %% 200 = 0",
            "restore_url": "'https://puro.example/55501/checkouts/ac/hWN7aXq0/recover?key=' || md5(n::text)",
        }),
        (CartToken, count, {**store, "token": "'checkout:c0ffee' || n", "cart_id": "n"}),
        (Order, count // 5, {
            **store, "external_id": "(5500000000 + n)::text", "number": "'#' || 1000 + n", "cart_id": "n * 5",
            "customer_id": f"1 + n * 5 %% {people}", "email": f"'shopper' || 1 + n * 5 %% {people} || '@mail.example'",
            "placed_at": f"%(began)s::timestamptz + n * 5 * {_APART}", "version": "now()", "currency": "'EUR'",
            "total": "44.90",
        }),
        (Enrolment, sent, {
            **store, **person, **of_flow, "cart_id": "n", "state": "'done'", "anchor_at": at, "enrolled_at": at}),
        (Message, sent, {
            **store, **person, "enrolment_id": "n", "step_id": str(step.pk), "cart_id": "n", "channel": "'email'",
            "state": "CASE WHEN n %% 40 = 0 THEN 'failed' WHEN n %% 999 = 0 THEN 'unknown' WHEN n %% 7 = 0 THEN "
            "'skipped' ELSE 'delivered' END",
            "reason": "CASE WHEN n %% 40 = 0 THEN 'bounced' WHEN n %% 7 = 0 THEN 'no_consent' ELSE '' END",
            "due_at": at, "planned_at": at, "expires_at": at, "sent_at": at, "subject": "'You left something behind'",
            "to": f"'shopper' || 1 + n %% {people} || '@mail.example'", "body_html": _HTML, "body_text": "'Hello'",
        }),
        (Decision, 2 * sent, {
            **store, "cart_id": "1 + n / 2", "message_id": f"1 + n / 2 %% {sent}", "at": at,
            "verdict": "CASE WHEN n %% 9 = 0 THEN 'skipped' ELSE 'sent' END",
            "reason": "CASE WHEN n %% 9 = 0 THEN 'no_consent' ELSE '' END",
        }),
        (Link, sent, {
            **store, **person, "token_hash": "md5(n::text)", "kind": "'recover'", "message_id": "n", "cart_id": "n",
            "expires_at": "now()"}),
        (Click, sent // 5, {**store, "link_id": "n * 5", "message_id": "n * 5", "cart_id": "n * 5", "at": at}),
        (Delivery, count // 2, {
            **store, "topic": "CASE n %% 2 WHEN 0 THEN 'checkouts/update' ELSE 'orders/create' END",
            "dedupe_key": "md5(n::text)", "body": "convert_to(repeat('x', 400), 'UTF8')", "received_at": at,
            "state": "CASE WHEN n %% 50000 = 0 THEN 'dead' ELSE 'done' END",
            "reason": "CASE WHEN n %% 50000 = 0 THEN 'the body is no JSON' ELSE '' END",
        }),
    ]  # fmt: skip


def marketer() -> Client:
    """Somebody of the large store: not a superuser, for whom less would be asked."""
    from django.conf import settings
    from django.contrib.auth.models import User
    from django.test import Client

    from customers.models import Membership, Role, Store

    settings.ALLOWED_HOSTS = ["testserver"]
    user, _ = User.objects.get_or_create(username="marketer", is_staff=True)
    for store in Store.objects.filter(slug="shop"):
        Membership.objects.get_or_create(user=user, store=store, defaults={"role": Role.MARKETER})
    client = Client()
    client.force_login(user)
    return client


def pages(count: int) -> list[Page]:
    """Every list, its filters and searches, and the pages of a cart, a person and a message, in the middle of the past.

    The overview is measured with the report, whose figures it shows.
    """
    n = count // 2
    mail, listed = f"shopper{n // 2}@mail.example", _listed
    return [
        Page("carts", listed("carts_cart")),
        Page("carts, page 100", listed("carts_cart", p=100)),
        Page("carts, abandoned", listed("carts_cart", state__exact="abandoned")),
        Page("carts, emptied (none)", listed("carts_cart", state__exact="emptied")),
        Page("carts, tests", listed("carts_cart", is_test__exact=1)),
        Page("carts, a payment failed", listed("carts_cart", payment_failed__exact=1)),
        *(Page(f"carts by {what}", listed("carts_cart", q=q)) for what, q in [
            ("e-mail", mail), ("phone", f"+35840{n // 2:07d}"), ("last name", "Virta0"), ("token", f"c0ffee{n}"),
            ("order number", f"#{1000 + n // 5}"), ("number", f"c{n}"), ("nothing there", "nobody@mail.example"),
        ]),
        Page("a cart's timeline", _url("admin:carts_cart_change", n)),
        Page("customers", listed("customers_customer")),
        *(Page(f"customers by {what}", listed("customers_customer", q=q)) for what, q in [
            ("e-mail", mail), ("phone", f"+35840{n // 2:07d}"), ("last name", "Virta0"), ("nothing", "Nobody"),
        ]),
        Page("a person", _url("admin:customers_customer_change", n // 2)),
        Page("messages", listed("recovery_message")),
        *(Page(f"messages, {key.split('_')[0]} {value}", listed("recovery_message", **{key: value})) for key, value in [
            ("state__exact", "unknown"), ("state__exact", "queued"), ("channel__exact", "sms"), ("reason", "bounced"),
            ("reason", "quiet_hours"),
        ]),
        Page("messages by address", listed("recovery_message", q=mail)),
        Page("a message", _url("admin:recovery_message_change", n)),
        Page("decisions", listed("recovery_decision")),
        Page("decisions, by reason", listed("recovery_decision", reason="quiet_hours")),
        Page("orders", listed("carts_order")),
        *(Page(f"orders by {what}", listed("carts_order", q=q)) for what, q in [
            ("number", f"#{1000 + n // 5}"), ("id", str(5500000000 + n // 5)), ("e-mail", mail), ("nothing", "#0"),
        ]),
        Page("orders, not paid (none)", listed("carts_order", paid__exact=0)),
        Page("webhooks", listed("carts_delivery")),
        Page("webhooks, dead", listed("carts_delivery", state__exact="dead")),
        Page("webhooks by reason", listed("carts_delivery", q="no JSON")),
        Page("webhooks by topic", listed("carts_delivery", q="orders/create")),
        Page("stop list", listed("customers_suppression")),
        Page("replies", listed("recovery_reply")),
        Page("provider events", listed("recovery_providerevent")),
    ]  # fmt: skip


def _url(name: str, *args: object) -> str:
    from django.urls import reverse

    return reverse(name, args=args)


def _listed(model: str, **asked: object) -> str:
    return f"{_url(f'admin:{model}_changelist')}?{urlencode(asked)}"


def look(client: Client, page: Page, ground: Ground, looks: int = _LOOKS) -> Page:
    """Open it some times; the first look is left out, since it fills caches that every process fills once."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    _open(client, page)
    _, _, cost = measured(ground, lambda: sum(_open(client, page) for _ in range(looks)))
    page.cpu = sum(cost.seconds.values()) * 1000 / looks
    del page.milliseconds[0]
    with CaptureQueriesContext(connection) as seen:
        client.get(page.url)
    page.queries = len(seen)
    slowest: dict[str, Any] = max(seen.captured_queries, key=lambda query: float(query["time"]))
    page.slowest = f"{slowest['time']} s: {slowest['sql']}"
    return page


def _open(client: Client, page: Page) -> int:
    began = time.perf_counter()
    answer = client.get(page.url)
    page.milliseconds.append((time.perf_counter() - began) * 1000)
    assert answer.status_code == 200, f"{page.url}: {answer.status_code}"
    return 1


def _result(page: Page) -> Result:
    middle, slow = percentile(page.milliseconds, 0.5), percentile(page.milliseconds, 0.9)
    return Result(
        what=page.name,
        ours=f"{page.queries} queries, {middle:.0f} ms, p90 {slow:.0f}; CPU {page.cpu:.0f}",
        target=f"< {MOST_QUERIES} queries, < {MOST_MS} ms",
        met=page.queries < MOST_QUERIES and middle < MOST_MS,
        raw={"queries": page.queries, "ms": page.milliseconds, "cpu_ms": page.cpu, "slowest": page.slowest},
    )
