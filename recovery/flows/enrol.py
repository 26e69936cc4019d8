"""Who enters a flow: once for every cart, and not more often than the flow allows. Every refusal is written down."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta as td
from typing import Any

from django.db.models import Max

from carts.models import Cart, CartState
from config.lib import batch
from customers.models import Customer
from recovery import ledger
from recovery.ledger import Entry
from recovery.models import Enrolment, Flow, FlowStatus, FlowVersion
from recovery.purchases import bought_since


@dataclass(frozen=True, slots=True)
class LiveFlow:
    """A live flow of a store, its newest published version, and when its first step is due after the last activity."""

    flow: Flow
    version: FlowVersion
    first_delay: td


def live_flows(store_ids: Iterable[int]) -> dict[int, list[LiveFlow]]:
    """The live flows of each store. One that is published without a step takes nobody in."""
    versions = (
        FlowVersion.objects.filter(
            flow__store_id__in=set(store_ids), flow__status=FlowStatus.LIVE, published_at__isnull=False
        )
        .select_related("flow")
        .prefetch_related("steps__variants")
        .order_by("flow_id", "-number")
    )
    found: dict[int, LiveFlow] = {}
    for version in versions:
        steps = list(version.steps.all())
        if steps and version.flow_id not in found:
            found[version.flow_id] = LiveFlow(version.flow, version, steps[0].delays[0])
    by_store: dict[int, list[LiveFlow]] = {}
    for live in found.values():
        by_store.setdefault(live.flow.store_id, []).append(live)
    return by_store


def enrol(carts: Sequence[Cart], *, now: datetime) -> int:
    """Take abandoned carts into their store's live flows; returns how many entered. Enrolling again changes nothing.

    `carts` come with their customer and store. A cart that is not abandoned any more is passed over.
    """
    carts = [cart for cart in carts if cart.state == CartState.ABANDONED and cart.abandoned_at]
    flows = live_flows(cart.store_id for cart in carts)
    bought = bought_since({cart.pk: (cart.customer, cart.started_at) for cart in carts if cart.customer})
    recent = _recent_entries(carts, flows, now)
    rows, entries = [], []
    for cart in sorted(carts, key=lambda c: c.pk):
        for live in flows.get(cart.store_id, []):
            why = refusal(cart, live, cart.pk in bought, recent)
            if why:
                entries.append(Entry(cart.store_id, cart.pk, "refused", why, f"{live.flow.name}"))
            else:
                rows.append(_row(cart, live, now))
                recent[live.flow.pk, cart.customer_id or 0] = now
    entered = _insert(rows)
    ledger.note(entries + [Entry(e.store_id, e.cart_id, "enrolled", enrolment_id=e.pk) for e in entered], now=now)
    return len(entered)


def refusal(cart: Cart, live: LiveFlow, bought: bool, recent: dict[tuple[int, int], datetime]) -> str:
    """Why the cart does not enter the flow; "" when it does."""
    customer: Customer | None = cart.customer
    if not cart.store.sends:
        return "store_is_off"
    if cart.is_test:
        return "test"
    if customer is None or customer.erased_at or not (customer.email or customer.phone):
        return "no_address"
    if bought:
        return "ordered"
    last = recent.get((live.flow.pk, customer.pk))
    if last and live.flow.days_between and last > (cart.abandoned_at or last) - td(days=live.flow.days_between):
        return "entered_recently"
    return ""


def _recent_entries(
    carts: Sequence[Cart], flows: dict[int, list[LiveFlow]], now: datetime
) -> dict[tuple[int, int], datetime]:
    """When each customer last entered each flow by another cart."""
    ids = {live.flow.pk for some in flows.values() for live in some}
    people = {cart.customer_id for cart in carts if cart.customer_id}
    own = {cart.pk for cart in carts}
    rows = (
        Enrolment.objects.filter(flow_id__in=ids, customer_id__in=people)
        .exclude(cart_id__in=own)
        .values_list("flow_id", "customer_id")
        .annotate(last=Max("enrolled_at"))
    )
    return {(flow_id, customer_id): last for flow_id, customer_id, last in rows}


def _row(cart: Cart, live: LiveFlow, now: datetime) -> dict[str, Any]:
    assert cart.abandoned_at is not None
    return {
        "store_id": cart.store_id,
        "version_id": live.version.pk,
        "flow_id": live.flow.pk,
        "cart_id": cart.pk,
        "customer_id": cart.customer_id,
        "state": "running",
        "stop_reason": "",
        "anchor_at": cart.abandoned_at,
        "next_position": 1,
        "due_at": cart.abandoned_at + live.first_delay,
        "enrolled_at": now,
    }


def _insert(rows: list[dict[str, Any]]) -> list[Enrolment]:
    """Insert what is not there yet, and say which ones they were."""
    if not rows:
        return []
    known = set(
        Enrolment.objects.filter(cart_id__in=[row["cart_id"] for row in rows]).values_list("flow_id", "cart_id")
    )
    fresh = [row for row in rows if (row["flow_id"], row["cart_id"]) not in known]
    batch.insert(Enrolment, fresh, conflict="(flow_id, cart_id) DO NOTHING")
    carts = [row["cart_id"] for row in fresh]
    return list(Enrolment.objects.filter(cart_id__in=carts, enrolled_at=rows[0]["enrolled_at"]))
