"""A shop with a past: a few hundred synthetic carts, played through every hand-over, the same for the same seed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta as td
from decimal import Decimal

from carts.models import Delivery, DeliveryState
from carts.snapshots import CartSnapshot, Consent, Line, OrderSnapshot, Person, RefundSnapshot, Snapshot, Stage
from customers.models import Store
from recovery.models import Click, Link, Message
from recovery.pipeline import run_once
from tests.factories import make_flow, make_store, put

_FIRST = "Aino Eero Elsa Emil Helmi Ida Jonas Kaisa Lars Lina Maja Mikko Nora Oskar Petra Sofia Tuomas Vera".split()
_LAST = "Andersson Berg Eriksson Hansen Heikkinen Järvinen Korhonen Laine Lund Nieminen Nyberg Virtanen".split()
_GOODS = [
    Line("p1", "v1", "Linen shirt", 1, Decimal("79.00"), sku="LIN-M", variant_title="M, sand"),
    Line("p2", "v2", "Stoneware mug", 2, Decimal("18.50"), sku="MUG-2"),
    Line("p3", "v3", "Wool blanket", 1, Decimal("129.00"), sku="BLA-1", variant_title="Moss"),
    Line("p4", "v4", "Oak cutting board", 1, Decimal("54.00"), sku="OAK-L"),
    Line("p5", "v5", "Beeswax candles, six", 3, Decimal("12.90"), sku="CAN-6"),
]
_HUMAN = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_3 like Mac OS X) AppleWebKit/605.1.15 Safari/604.1"


@dataclass(frozen=True, slots=True)
class Plan:
    """What one shopper will do: days into the period, and what follows after how long (None: never)."""

    n: int
    at: datetime
    person: Person
    lines: tuple[Line, ...]
    stage: Stage
    orders_after: td | None
    clicks: bool


def shop_with_a_past(*, until: datetime, carts: int = 300, days: int = 40, seed: int = 7) -> Store:
    """A synthetic store with carts of the `days` before `until`, swept, written to, clicked, ordered and refunded."""
    chance = random.Random(seed)
    store = make_store(name="Puro", slug="puro", is_demo=True, support_contact="help@shop.example")
    make_flow(store)
    plans = sorted((_plan(chance, n, until, days) for n in range(carts)), key=lambda plan: plan.at)
    happenings = sorted(_happenings(plans, until), key=lambda pair: pair[0])
    day = until - td(days=days)
    while day < until:
        day = min(day + td(hours=5), until)
        while happenings and happenings[0][0] <= day:
            at, snapshot = happenings.pop(0)
            put(store, snapshot, at=at)
        run_once(day)
        happenings = sorted([*happenings, *_clicks(store, plans, day, chance)], key=lambda pair: pair[0])
    _dead_letters(store, until)
    return store


def _plan(chance: random.Random, n: int, until: datetime, days: int) -> Plan:
    first, last = chance.choice(_FIRST), chance.choice(_LAST)
    yes = chance.random() < 0.72
    person = Person(
        email=f"{first}.{last}.{n}@mail.example".lower().replace("ä", "a"),
        first_name=first,
        last_name=last,
        locale=chance.choice(["fi", "sv", "en", "de"]),
        country=chance.choice(["FI", "SE", "DE", "NO"]),
        consents=(Consent("email", True, words="Yes, send me news and reminders."),) if yes else (),
    )
    soon, later = td(minutes=chance.randint(4, 25)), td(hours=chance.uniform(1, 90))
    luck = chance.random()
    return Plan(
        n,
        until - td(minutes=chance.randint(20, days * 24 * 60)),
        person,
        tuple(chance.sample(_GOODS, chance.randint(1, 3))),
        chance.choice([Stage.CONTACT, Stage.CONTACT, Stage.SHIPPING, Stage.PAYMENT]),
        soon if luck < 0.3 else later if luck < 0.43 else None,
        clicks=chance.random() < 0.3,
    )


def _happenings(plans: list[Plan], until: datetime) -> Iterator[tuple[datetime, Snapshot]]:
    for plan in plans:
        yield plan.at, CartSnapshot(
            kind="checkout", tokens=_token(plan), updated_at=plan.at, created_at=plan.at, person=plan.person,
            lines=plan.lines, currency="EUR", total=_total(plan), stage=plan.stage,
            restore_url=f"https://shop.example/cart/{plan.n}", device="mobile" if plan.n % 3 else "desktop",
            payment_failed=plan.stage == Stage.PAYMENT and plan.n % 5 == 0, is_test=plan.n % 97 == 0,
        )  # fmt: skip
        if plan.orders_after and plan.at + plan.orders_after < until:
            at = plan.at + plan.orders_after
            yield at, _order(plan, at)
            if plan.n % 11 == 0 and at + td(days=4) < until:
                back = RefundSnapshot(f"r{plan.n}", f"o{plan.n}", plan.lines[0].price, at + td(days=4), "EUR")
                yield at + td(days=4), back


def _token(plan: Plan) -> tuple[str, ...]:
    return (f"checkout:s{plan.n}",)


def _total(plan: Plan) -> Decimal:
    return sum((line.price * line.quantity for line in plan.lines), Decimal(0))


def _order(plan: Plan, at: datetime) -> OrderSnapshot:
    return OrderSnapshot(
        external_id=f"o{plan.n}", number=f"#{1000 + plan.n}", tokens=_token(plan), placed_at=at, updated_at=at,
        person=plan.person, lines=plan.lines, currency="EUR", total=_total(plan) + Decimal("5.90"),
        shipping=Decimal("5.90"), tax=(_total(plan) * Decimal("0.2")).quantize(Decimal("0.01")),
    )  # fmt: skip


def _clicks(
    store: Store, plans: list[Plan], now: datetime, chance: random.Random
) -> Iterator[tuple[datetime, Snapshot]]:
    """Those who click do so within hours of a message, and some of them order; a scanner opens every fifth."""
    clickers = {plan.person.email: plan for plan in plans if plan.clicks and not plan.orders_after}
    fresh = Message.objects.filter(store=store, sent_at__gte=now, clicks=None).select_related("customer")
    for message in fresh:
        link = Link.objects.filter(message=message, kind="recover").first()
        if link is None or message.sent_at is None:
            continue
        common = {"link": link, "store": store, "message": message, "cart_id": message.cart_id}
        if message.pk % 5 == 0:
            at = message.sent_at + td(seconds=2)
            Click.objects.create(**common, at=at, user_agent="Barracuda Sentinel", machine_reason="scanner")
        plan = clickers.get(message.customer.email)
        if plan and chance.random() < 0.6:
            at = message.sent_at + td(minutes=chance.randint(6, 200))
            Click.objects.create(**common, at=at, user_agent=_HUMAN, outcome="restored")
            if chance.random() < 0.35:
                at += td(minutes=chance.randint(3, 40))
                yield at, _order(plan, at)


def _dead_letters(store: Store, now: datetime) -> None:
    bodies = {
        "cart.updated": (
            b'{"type": "cart.updated", "data": {"total": "12,50 <b>"}}',
            "data.total: “12,50 <b>” is no amount",
        ),
        "order.created": (b'{"type": "order.created", "data": ', "the body is no JSON: it ends in the middle"),
    }
    for n, (topic, (body, reason)) in enumerate(bodies.items()):
        Delivery.objects.create(
            store=store, topic=topic, dedupe_key=f"dead{n}", headers={"webhook-id": f"msg_{n}"}, body=body,
            received_at=now - td(hours=n + 1), state=DeliveryState.DEAD, reason=reason, processed_at=now - td(hours=n),
        )  # fmt: skip
