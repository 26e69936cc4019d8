"""The floor's ear: what happened to carts below becomes enrolments, stops and credits above."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from time import perf_counter

from django.db import transaction

from carts.models import Cart, CartTransition, TransitionKind
from config.lib.logline import handed
from customers import identity
from recovery import attribution
from recovery.discounts import redeem
from recovery.flows.enrol import enrol
from recovery.flows.exits import stop_carts, stop_customers

log = logging.getLogger("cartback.intake")

BATCH = 500


@transaction.atomic
def take(now: datetime, *, limit: int = BATCH) -> int:
    """Deal with one batch of unhandled transitions; returns how many. Dealing with one again changes nothing.

    Stops come before enrolments, so that a cart whose silence and order arrive together is never enrolled first.
    """
    began = perf_counter()
    rows = CartTransition.objects.unhandled().select_for_update(skip_locked=True, no_key=True, of=("self",))
    batch = list(rows.select_related("order", "cart")[:limit])
    _stop(batch, TransitionKind.RETURNED, now)
    _stop(batch, TransitionKind.EMPTIED, now)
    _ordered([row for row in batch if row.kind == TransitionKind.ORDERED], now)
    attribution.withdraw(_cancelled(batch), now=now)
    _enrol([row.cart_id for row in batch if row.kind == TransitionKind.ABANDONED and row.cart_id], now)
    CartTransition.objects.filter(pk__in=[row.pk for row in batch]).update(handled_at=now)
    if batch:
        handed(log, "intake", count=len(batch), ms=(perf_counter() - began) * 1000)
    return len(batch)


def _stop(batch: Sequence[CartTransition], kind: TransitionKind, now: datetime) -> None:
    ids = {row.cart_id for row in batch if row.kind == kind and row.cart_id}
    if ids:
        stop_carts(ids, str(kind), now=now)


def _ordered(rows: Sequence[CartTransition], now: datetime) -> None:
    """Whoever bought hears no more of any cart of theirs, by whichever identity the order names them."""
    if not rows:
        return
    stop_carts({row.cart_id for row in rows if row.cart_id}, "ordered", now=now)
    buyers, orders = _buyers(rows), [row.order for row in rows if row.order]
    stop_customers(buyers, "ordered", now=now)
    attribution.credit(orders, now=now)
    redeem.match(orders, now=now)
    redeem.take_back(buyers, now=now)


def _cancelled(batch: Sequence[CartTransition]) -> list[int]:
    return [row.order_id for row in batch if row.kind == TransitionKind.CANCELLED and row.order_id]


def _buyers(rows: Sequence[CartTransition]) -> set[int]:
    buyers = {row.customer_id for row in rows if row.customer_id}
    for row in rows:
        if row.order:
            buyers |= identity.find(row.store_id, email=row.order.email, phone=row.order.phone)
            buyers |= {row.order.customer_id} if row.order.customer_id else set()
        if row.cart and row.cart.customer_id:
            buyers.add(row.cart.customer_id)
    return buyers


def _enrol(cart_ids: list[int], now: datetime) -> None:
    if cart_ids:
        # Locked in the state that is read: an order being applied right now waits, and its stop comes after.
        rows = Cart.objects.select_for_update(no_key=True, of=("self",)).select_related("customer", "store")
        enrol(list(rows.filter(pk__in=cart_ids).order_by("pk")), now=now)
