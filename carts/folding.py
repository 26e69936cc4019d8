"""How snapshots become a cart. Pure: rows in memory in, rows in memory out.

Decision: every field is either the newest of its kind (by the store's own `updated_at`), a minimum or a maximum. So the
order in which events arrive does not matter, and applying one twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta as td
from decimal import Decimal
from typing import Any

from carts.models import Cart, CartState, Order
from carts.models.carts import StageChoice
from carts.models.transitions import TransitionKind
from carts.snapshots import CartSnapshot, Line, OrderSnapshot
from config.lib.money import rounded

_STAGES = {stage: rank for rank, stage in enumerate(StageChoice.values)}


@dataclass(frozen=True, slots=True)
class Change:
    """Something that the upper floor must hear of."""

    kind: TransitionKind
    at: datetime


def fold_cart(cart: Cart, snapshot: CartSnapshot, *, timeout: td) -> list[Change]:
    """Fold one snapshot into the cart and say what changed.

    One that is older than the newest of its kind changes little: only what the newest does not tell.
    """
    before = cart.state
    newer = _newer(cart, snapshot)
    seen = snapshot.updated_at
    cart.started_at = min(cart.started_at, snapshot.created_at or snapshot.updated_at)
    moved = seen > cart.last_activity_at or not cart.contents_version
    cart.last_activity_at = max(cart.last_activity_at, seen)
    if newer:
        _take_fields(cart, snapshot)
    if snapshot.lines is not None or snapshot.deleted:
        _take_contents(cart, snapshot)
    if _STAGES[snapshot.stage] > _STAGES[cart.stage]:
        cart.stage = snapshot.stage
    cart.payment_failed = cart.payment_failed or snapshot.payment_failed
    cart.is_test = cart.is_test or snapshot.is_test
    if snapshot.completed_at:
        cart.ordered_at = min(cart.ordered_at or snapshot.completed_at, snapshot.completed_at)
    settle(cart, timeout=timeout, moved=moved)
    return _changes(before, cart)


@dataclass(frozen=True, slots=True)
class Look:
    """A cart as it was before an event."""

    lines: list[dict[str, Any]]
    stage: str
    payment_failed: bool


def look_at(cart: Cart) -> Look | None:
    """None for a cart that nothing was told of yet: its beginning is no change."""
    if cart.cart_version is None and cart.checkout_version is None:
        return None
    return Look(cart.lines, cart.stage, cart.payment_failed)


def difference(before: Look, cart: Cart) -> dict[str, Any]:
    """What an event changed that a shopper would notice, as `CartChange.what` keeps it; {} for nothing."""
    what: dict[str, Any] = {}
    if cart.lines is not before.lines and (lines := _lines_apart(before.lines, cart.lines)):
        what["lines"] = lines
    if cart.stage != before.stage:
        what["stage"] = str(cart.stage)
    if cart.payment_failed and not before.payment_failed:
        what["payment_failed"] = True
    return what


def _lines_apart(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> list[list[Any]]:
    was, now = _counted(before), _counted(after)
    titles = {_key(line): line.get("title", "") for line in (*before, *after)}
    return [[titles[key], was.get(key, 0), now.get(key, 0)] for key in titles if was.get(key, 0) != now.get(key, 0)]


def _counted(lines: list[dict[str, Any]]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for line in lines:
        counts[_key(line)] = counts.get(_key(line), 0) + line.get("quantity", 0)
    return counts


def _key(line: dict[str, Any]) -> str:
    return str(line.get("variant_id") or line.get("product_id") or line.get("title", ""))


def settle(cart: Cart, *, timeout: td, moved: bool) -> None:
    """State and deadline out of the facts. Ordered is final; an abandoned cart wakes only when something moved."""
    if cart.ordered_at:
        cart.state = CartState.ORDERED
    elif not cart.quantity and cart.contents_version:
        cart.state = CartState.EMPTIED
    elif moved or cart.state != CartState.ABANDONED:
        cart.state = CartState.ACTIVE
    if cart.state == CartState.ACTIVE:
        cart.abandon_after = cart.last_activity_at + timeout
        cart.abandoned_at = None
    else:
        cart.abandon_after = None


def order_cart(cart: Cart, placed_at: datetime, *, timeout: td) -> list[Change]:
    """The cart was bought."""
    before = cart.state
    cart.ordered_at = min(cart.ordered_at or placed_at, placed_at)
    settle(cart, timeout=timeout, moved=False)
    return _changes(before, cart)


def give_back(cart: Cart, placed_at: datetime, others: Sequence[datetime], *, timeout: td) -> list[Change]:
    """The order of `placed_at` was not this cart's; `others` are the times of those that are."""
    before = cart.state
    if cart.ordered_at and cart.ordered_at >= placed_at:
        cart.ordered_at = min(others, default=None)
    settle(cart, timeout=timeout, moved=False)
    return _changes(before, cart)


def _changes(before: str, cart: Cart) -> list[Change]:
    if cart.state == before:
        return []
    if cart.state == CartState.ORDERED:
        return [Change(TransitionKind.ORDERED, cart.ordered_at or cart.last_activity_at)]
    if cart.state == CartState.EMPTIED:
        return [Change(TransitionKind.EMPTIED, cart.last_activity_at)]
    return [Change(TransitionKind.RETURNED, cart.last_activity_at)]


def _newer(cart: Cart, snapshot: CartSnapshot) -> bool:
    """Is it the newest of its kind? Notes it on the cart when it is."""
    field = "checkout_version" if snapshot.kind == "checkout" else "cart_version"
    known: datetime | None = getattr(cart, field)
    if known is not None and snapshot.updated_at < known:
        return False
    setattr(cart, field, snapshot.updated_at)
    return True


def _take_fields(cart: Cart, snapshot: CartSnapshot) -> None:
    """What only the newest of a kind may say. An empty field says nothing."""
    told: dict[str, Any] = {
        "restore_url": snapshot.restore_url,
        "locale": snapshot.person.locale[:16],
        "country": snapshot.person.country[:2].upper(),
        "region": snapshot.person.region,
        "postal_code": snapshot.person.postal_code,
        "device": snapshot.device[:10],
        "user_agent": snapshot.user_agent[:400],
        "referrer": snapshot.referrer,
        "landing_page": snapshot.landing_page,
        "discount_codes": list(snapshot.discount_codes),
    }
    for name, value in told.items():
        if value:
            setattr(cart, name, value)


def _take_contents(cart: Cart, snapshot: CartSnapshot) -> None:
    """The newest event of any kind that tells the contents wins; of the same moment, a checkout beats a cart."""
    if snapshot.lines and not snapshot.deleted:
        cart.filled_at = _earliest(cart.filled_at, snapshot.updated_at)
    known = cart.contents_version
    if known is not None and (
        snapshot.updated_at < known or (snapshot.updated_at == known and snapshot.kind == "cart")
    ):
        return
    lines = () if snapshot.deleted else snapshot.lines or ()
    cart.contents_version = snapshot.updated_at
    cart.lines = [plain_line(line) for line in lines]
    cart.quantity = sum(line.quantity for line in lines)
    cart.currency = snapshot.currency or cart.currency
    total = snapshot.total if snapshot.total is not None and lines else sum_of(lines)
    cart.total = rounded(total, cart.currency)


def sum_of(lines: tuple[Line, ...]) -> Decimal:
    """What the lines cost together."""
    return sum((line.price * line.quantity for line in lines), Decimal(0))


def plain_line(line: Line) -> dict[str, Any]:
    """A line as it is kept: money as text, what is empty left out."""
    kept: dict[str, Any] = {
        "product_id": line.product_id,
        "variant_id": line.variant_id,
        "title": line.title,
        "quantity": line.quantity,
        "price": str(line.price),
        "sku": line.sku,
        "variant_title": line.variant_title,
        "image_url": line.image_url,
        "url": line.url,
        "category": line.category,
    }
    return {name: value for name, value in kept.items() if value != ""}


def line_of(kept: dict[str, Any]) -> Line:
    """The line that `plain_line` kept."""
    blank: dict[str, Any] = {"product_id": "", "variant_id": "", "title": "", "quantity": 0, "price": "0"}
    fields = blank | kept
    return Line(**fields | {"price": Decimal(fields["price"])})


def fold_order(order: Order, snapshot: OrderSnapshot) -> bool:
    """Fold one snapshot into the order; False when it is older than what we know. A cancellation is never undone by an
    older event, nor by a newer one that forgot it."""
    order.cancelled_at = _earliest(order.cancelled_at, snapshot.cancelled_at)
    order.is_placed = order.is_placed or snapshot.paid or not snapshot.cancelled_at
    order.is_test = order.is_test or snapshot.is_test
    order.placed_at = min(order.placed_at, snapshot.placed_at)
    order.was_unpaid = order.was_unpaid or not snapshot.paid
    if snapshot.paid:
        order.paid_at = _earliest(order.paid_at, snapshot.updated_at)
    if order.version > snapshot.updated_at and order.currency:
        return False
    order.version = snapshot.updated_at
    order.number = snapshot.number[:60]
    order.paid = snapshot.paid
    order.currency = snapshot.currency
    for name in ("total", "tax", "shipping", "discount"):
        setattr(order, name, rounded(getattr(snapshot, name), snapshot.currency))
    order.discount_codes = list(snapshot.discount_codes)
    order.channel = snapshot.channel[:40]
    if snapshot.lines is not None:
        order.lines = [plain_line(line) for line in snapshot.lines]
    return True


def _earliest(one: datetime | None, other: datetime | None) -> datetime | None:
    return min(one, other) if one and other else one or other
