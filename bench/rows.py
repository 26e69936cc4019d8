"""Rows that measurements need."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from datetime import timedelta as td
from decimal import Decimal
from typing import TYPE_CHECKING

from bench.parcels import FIRST_NAMES, SECRET, THINGS

if TYPE_CHECKING:
    from django.db.models import Model

    from carts.snapshots import CartSnapshot

SILENCE = td(minutes=30)
_AT_ONCE = 500


def make_store(platform: str, now: datetime, slug: str = "shop") -> int:
    """A store with a secret and the standard flow; returns its id."""
    from django.conf import settings

    from config.lib import sealing
    from customers.models import Store, StoreSecret
    from recovery.flows.standard import install_standard_flow

    store = Store.objects.create(
        slug=slug,
        name="Puro",
        platform=platform,
        domain="puro.myshopify.com",
        abandon_after=SILENCE,
        sender_email="hello@puro.example",
        postal_address="Puro Oy, Katu 1, 00100 Helsinki",
    )
    StoreSecret.objects.create(store=store, sealed=sealing.seal(SECRET, settings.SEALING_SECRETS), created_at=now)
    install_standard_flow(store, now=now)
    return store.pk


def make_sms_flow(store_id: int, now: datetime) -> None:
    """In place of the standard flow: one SMS at abandonment."""
    from customers.models import Channel, Store
    from recovery.flows.publish import StepPlan, publish, write_steps
    from recovery.flows.standard import install_template
    from recovery.models import Flow

    store = Store.objects.get(pk=store_id)
    Flow.objects.filter(store=store).update(status="paused")
    flow = Flow.objects.create(store=store, name="By SMS")
    write_steps(flow, [StepPlan(SILENCE, install_template(store, "reminder", Channel.SMS, now=now))])
    publish(flow, now=now)


def put_carts(store_id: int, touched: Iterable[tuple[int, datetime]]) -> None:
    """The cart of each shopper of this number, last touched then. They said yes to e-mail and SMS."""
    from django.db import transaction

    from carts.apply import Fact, apply
    from customers.models import Store

    store, facts = Store.objects.get(pk=store_id), [Fact(_cart(n, at), at) for n, at in touched]
    for start in range(0, len(facts), _AT_ONCE):
        some = facts[start : start + _AT_ONCE]
        with transaction.atomic():
            apply(store, some, now=max(fact.received_at for fact in some))


def _cart(n: int, at: datetime) -> CartSnapshot:
    from carts.snapshots import CartSnapshot, Consent, Line, Person, Stage

    variant = 47_110_000 + n % 500
    line = Line(str(7_100_000 + n % 500), str(variant), THINGS[n % len(THINGS)], 1 + n % 2, Decimal("39.90"))
    return CartSnapshot(
        kind="checkout",
        tokens=(f"checkout:c0ffee{n:010d}",),
        updated_at=at,
        created_at=at,
        person=Person(
            external_id=str(6_300_000_000_000 + n),
            email=f"shopper{n}@mail.example",
            phone=f"+35840{n % 10_000_000:07d}",
            first_name=FIRST_NAMES[n % len(FIRST_NAMES)],
            last_name="Virta",
            locale="en-GB",
            country="FI",
            consents=(Consent("email", True), Consent("sms", True)),
        ),
        lines=(line,),
        currency="EUR",
        total=line.price * line.quantity,
        stage=Stage.CONTACT,
        restore_url=f"https://puro.myshopify.com/55501/checkouts/ac/hWN7{n:010d}/recover?key=0a1b2c3d",
    )


def queue_messages(now: datetime) -> int:
    """Let every cart that is silent by now come as far as the outbox, as the tasks do it; returns how many messages."""
    from django.db import connection

    from carts.abandonment import sweep
    from recovery import intake
    from recovery.flows.runner import run_flows
    from recovery.models import Message

    for hand_over in (sweep, intake.take, run_flows):
        while hand_over(now):
            pass
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # as autovacuum would have done between so many carts and their messages
    return Message.objects.due(now).count()


def blanks(model: type[Model]) -> dict[str, str]:
    """Every column that must hold something, with what a row begins with, as SQL."""
    words: dict[str, str] = {}
    for each in model._meta.concrete_fields:
        if each.null or each.primary_key:
            continue
        value = each.get_default()
        words[str(each.column)] = _literal(value)
    return words


def _literal(value: object) -> str:
    if isinstance(value, datetime):
        return "now()"
    if isinstance(value, (list, dict)):
        return f"'{'{}' if isinstance(value, dict) else '[]'}'::jsonb"
    if isinstance(value, (bool, int, Decimal)):
        return str(value).lower()
    return f"'{value or ''}'"
