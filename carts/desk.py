"""The carts and orders of one store that a batch touches: read once, folded in memory, written once a table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta as td
from typing import Any

from carts import folding
from carts.models import Cart, CartChange, CartState, CartToken, CartTransition, Order, Refund, TransitionKind
from carts.snapshots import CartSnapshot, OrderDeleted, OrderSnapshot, RefundSnapshot
from config.lib import batch
from config.lib.money import rounded
from customers.addresses import normal_email, normal_phone
from customers.models import Store

#: An order without a token is matched to a cart of the same shopper at most this old.
_MATCH_WITHIN = td(days=30)

_CART_COLUMNS = [
    str(field.column)
    for field in Cart._meta.concrete_fields
    if field.name not in ("id", "store", "created_at", "first_abandoned_at")
]
_BLANK_CART = {field.attname: field.get_default() for field in Cart._meta.concrete_fields}
_ORDER_COLUMNS = [
    str(field.column) for field in Order._meta.concrete_fields if field.name not in ("id", "store", "created_at")
]


@dataclass(slots=True)
class _Token:
    """Who goes by a token. `id` 0: not in the table yet."""

    id: int = 0
    cart_id: int | None = None
    order_id: int | None = None
    changed: bool = False


class Desk:
    """Apply cart, order and refund snapshots of one store. The caller holds the store's lock."""

    def __init__(self, store: Store, snapshots: Iterable[object], *, now: datetime) -> None:
        self.store = store
        self.now = now
        self.tokens: dict[str, _Token] = {}
        self.carts: dict[int, Cart] = {}
        self.orders: dict[str, Order] = {}
        self.transitions: list[dict[str, Any]] = []
        self.changes: list[dict[str, Any]] = []
        self.refunds: dict[str, dict[str, Any]] = {}
        self._before: dict[tuple[type, int], dict[str, Any]] = {}
        self._touched: set[int] = set()  # customers whose carts and orders may now belong together
        self._read(snapshots)

    # -- reading

    def _read(self, snapshots: Iterable[object]) -> None:
        names: set[str] = set()
        order_ids: set[str] = set()
        carts = 0
        for snapshot in snapshots:
            if isinstance(snapshot, (CartSnapshot, OrderSnapshot)):
                names.update(snapshot.tokens)
                carts += isinstance(snapshot, CartSnapshot)
            if isinstance(snapshot, (OrderSnapshot, OrderDeleted)):
                order_ids.add(snapshot.external_id)
        rows = CartToken.objects.filter(store=self.store, token__in=batch.texts(names))
        columns = rows.values_list("token", "pk", "cart_id", "order_id")
        self.tokens = {name: _Token(pk, cart_id, order_id) for name, pk, cart_id, order_id in columns}
        known = {token.order_id for token in self.tokens.values() if token.order_id}
        if order_ids or known:
            self._load_orders(Order.objects.filter(store=self.store, external_id__in=order_ids))
            self._load_orders(Order.objects.filter(store=self.store, pk__in=known))
        cart_ids = {token.cart_id for token in self.tokens.values() if token.cart_id}
        cart_ids |= {order.cart_id for order in self.orders.values() if order.cart_id}
        self._load_carts(cart_ids)
        self._fresh_carts = iter(batch.new_ids(Cart, carts))
        self._fresh_orders = iter(batch.new_ids(Order, len(order_ids)))

    def _load_carts(self, ids: Iterable[int]) -> None:
        missing = sorted(set(ids) - set(self.carts))
        if not missing:
            return
        for cart in Cart.objects.select_for_update().filter(pk__in=batch.ids(missing)).order_by("pk"):
            self.carts[cart.pk] = cart
            self._before[Cart, cart.pk] = _row(cart, _CART_COLUMNS)

    def _load_orders(self, rows: Iterable[Order]) -> None:
        for order in rows:
            if order.external_id not in self.orders:
                self.orders[order.external_id] = order
                self._before[Order, order.pk] = _row(order, _ORDER_COLUMNS)

    # -- folding

    def take_cart(self, snapshot: CartSnapshot, customer_id: int | None) -> None:
        cart = self._cart_of(snapshot)
        newest = snapshot.kind == "checkout" and snapshot.updated_at >= (cart.checkout_version or snapshot.updated_at)
        if customer_id and (newest or not cart.customer_id):
            cart.customer_id = customer_id
        before = folding.look_at(cart)
        changes = folding.fold_cart(cart, snapshot, timeout=self.store.abandon_after)
        what = folding.difference(before, cart) if before else {}
        if what:
            self.changes.append({"cart_id": cart.pk, "at": snapshot.updated_at, "what": what, "total": cart.total})
        order = self._tie(cart, snapshot.tokens)
        if order:
            self._attach(order, cart, "token")
        if order and order.is_placed:
            changes += folding.order_cart(cart, order.placed_at, timeout=self.store.abandon_after)
        for change in changes:
            self._tell(change.kind, change.at, cart=cart, order=order)
        if cart.customer_id and cart.state != CartState.ORDERED:
            self._touched.add(cart.customer_id)

    def _cart_of(self, snapshot: CartSnapshot) -> Cart:
        found = [self.tokens[name].cart_id for name in snapshot.tokens if name in self.tokens]
        ids = sorted({cart_id for cart_id in found if cart_id})
        if ids:
            for gone in ids[1:]:
                self._join(self.carts[ids[0]], self.carts[gone])
            return self.carts[ids[0]]
        started = snapshot.created_at or snapshot.updated_at
        cart = _blank_cart(
            id=next(self._fresh_carts),
            store_id=self.store.pk,
            started_at=started,
            last_activity_at=min(snapshot.updated_at, self.now),
            currency=self.store.currency,
            created_at=self.now,
        )
        self.carts[cart.pk] = cart
        return cart

    def _join(self, kept: Cart, gone: Cart) -> None:
        """Two rows turned out to be one cart: the younger one's tokens go to the older, and it leaves its flow."""
        for token in self.tokens.values():
            if token.cart_id == gone.pk:
                token.cart_id, token.changed = kept.pk, True
        CartToken.objects.filter(cart=gone).update(cart=kept)
        kept.started_at = min(kept.started_at, gone.started_at)
        kept.filled_at = folding._earliest(kept.filled_at, gone.filled_at)
        kept.ordered_at = folding._earliest(kept.ordered_at, gone.ordered_at)
        kept.customer_id = kept.customer_id or gone.customer_id
        gone.merged_into, gone.merged_at = kept, self.now
        gone.state, gone.abandon_after = CartState.EMPTIED, None
        self._tell(TransitionKind.EMPTIED, self.now, cart=gone)

    def _tie(self, cart: Cart, names: Iterable[str]) -> Order | None:
        """Note that the cart goes by these names; returns the order that was there before it."""
        order = None
        for name in names:
            token = self.tokens.setdefault(name, _Token(changed=True))
            if token.cart_id is None:
                token.cart_id, token.changed = cart.pk, True
            if token.order_id:
                order = order or self._order_by_id(token.order_id)
        return order

    def take_order(self, snapshot: OrderSnapshot, customer_id: int | None) -> None:
        known = self.orders.get(snapshot.external_id)
        order = known or self._new_order(snapshot)
        was_placed, was_cancelled, cart_before = order.is_placed, bool(order.cancelled_at), order.cart_id
        folding.fold_order(order, snapshot)
        order.customer_id = customer_id or order.customer_id
        order.email = normal_email(snapshot.person.email) or order.email
        order.phone = normal_phone(snapshot.person.phone, snapshot.person.country) or order.phone
        cart = self._cart_by_tokens(order, snapshot.tokens) or self.carts.get(order.cart_id or 0)
        if cart and order.is_placed:
            self._close(cart, order)
        if order.is_placed and (not was_placed or order.cart_id != cart_before):
            self._tell(TransitionKind.ORDERED, order.placed_at, cart=cart, order=order)
        if order.cancelled_at and order.is_placed and not (was_cancelled and was_placed):
            self._tell(TransitionKind.CANCELLED, order.cancelled_at, cart=cart, order=order)
        for refund in snapshot.refunds:
            self.take_refund(refund)
        if order.customer_id and not order.cart_id:
            self._touched.add(order.customer_id)

    def _new_order(self, snapshot: OrderSnapshot) -> Order:
        order = Order(
            id=next(self._fresh_orders),
            store=self.store,
            external_id=snapshot.external_id,
            placed_at=snapshot.placed_at,
            version=snapshot.updated_at,
            is_placed=False,
            created_at=self.now,
        )
        self.orders[snapshot.external_id] = order
        return order

    def _cart_by_tokens(self, order: Order, names: Iterable[str]) -> Cart | None:
        cart = None
        for name in names:
            token = self.tokens.setdefault(name, _Token(changed=True))
            if token.order_id is None:
                token.order_id, token.changed = order.pk, True
            if token.cart_id:
                cart = cart or self.carts[token.cart_id]
        if cart:
            self._attach(order, cart, "token")
        return cart

    def _close(self, cart: Cart, order: Order) -> None:
        cart.customer_id = cart.customer_id or order.customer_id
        folding.order_cart(cart, order.placed_at, timeout=self.store.abandon_after)

    def _attach(self, order: Order, cart: Cart, how: str) -> None:
        """A token outweighs lines: an order that was told before its own cart, and was taken for another of the
        shopper's carts meanwhile, goes to its own when that is told."""
        before = order.cart_id
        if before is None or (how == "token" and order.matched_by == "lines" and before != cart.pk):
            order.cart, order.matched_by = cart, how
            if before:
                self._give_back(self.carts[before], order)

    def _give_back(self, cart: Cart, order: Order) -> None:
        """The order turned out to be another cart's."""
        known = {one.pk: one for one in self.orders.values()}
        rows = Order.objects.filter(cart=cart, is_placed=True).exclude(pk__in=known)
        others = [one.placed_at for one in known.values() if one.cart_id == cart.pk and one.is_placed]
        others += rows.values_list("placed_at", flat=True)
        for change in folding.give_back(cart, order.placed_at, others, timeout=self.store.abandon_after):
            self._tell(change.kind, self.now, cart=cart)

    def drop_order(self, snapshot: OrderDeleted) -> None:
        order = self.orders.get(snapshot.external_id)
        if order and not order.deleted_at:
            order.deleted_at = snapshot.at
            self._tell(TransitionKind.CANCELLED, snapshot.at, cart=self.carts.get(order.cart_id or 0), order=order)

    def take_refund(self, snapshot: RefundSnapshot) -> None:
        currency = snapshot.currency or self.store.currency
        self.refunds[snapshot.external_id] = {
            "store_id": self.store.pk,
            "external_id": snapshot.external_id,
            "order_external_id": snapshot.order_external_id,
            "amount": rounded(snapshot.amount, currency),
            "currency": currency,
            "at": snapshot.at,
        }

    def match_by_lines(self) -> None:
        """Tie orders that share no token with any cart to the shopper's own cart with a product in common."""
        if not self._touched:
            return
        since = self.now - _MATCH_WITHIN
        lonely = Order.objects.filter(
            customer_id__in=batch.ids(self._touched), cart=None, placed_at__gte=since, is_placed=True
        )
        self._load_orders(lonely)
        orders = [
            o for o in self.orders.values() if o.is_placed and o.cart_id is None and o.customer_id in self._touched
        ]
        if not orders:
            return
        open_carts = Cart.objects.filter(
            customer_id__in=[o.customer_id for o in orders], state__in=[CartState.ACTIVE, CartState.ABANDONED]
        )
        self._load_carts(open_carts.values_list("pk", flat=True)[:1000])
        for order in sorted(orders, key=lambda o: (o.placed_at, o.pk)):
            self._match(order)

    def _match(self, order: Order) -> None:
        wanted = _products(order.lines)
        fits = [
            cart
            for cart in self.carts.values()
            if cart.customer_id == order.customer_id
            and cart.state in (CartState.ACTIVE, CartState.ABANDONED)
            and order.placed_at - _MATCH_WITHIN <= cart.started_at <= order.placed_at
            and _products(cart.lines) & wanted
        ]
        if fits:
            cart = max(fits, key=lambda c: (c.last_activity_at, c.pk))
            self._attach(order, cart, "lines")
            self._close(cart, order)
            self._tell(TransitionKind.ORDERED, order.placed_at, cart=cart, order=order)

    def _order_by_id(self, order_id: int) -> Order | None:
        return next((order for order in self.orders.values() if order.pk == order_id), None)

    def _tell(self, kind: TransitionKind, at: datetime, *, cart: Cart | None, order: Order | None = None) -> None:
        customer_id = (cart and cart.customer_id) or (order and order.customer_id)
        self.transitions.append(
            {
                "store_id": self.store.pk,
                "cart_id": cart.pk if cart else None,
                "order_id": order.pk if order else None,
                "customer_id": customer_id,
                "kind": str(kind),
                "at": at,
                "recorded_at": self.now,
            }
        )

    # -- writing

    def write(self) -> None:
        """One statement a table, parents first, rows in the order of their keys."""
        self._save(Cart, self.carts.values(), _CART_COLUMNS)
        self._save(Order, self.orders.values(), _ORDER_COLUMNS)
        named = sorted((name, token) for name, token in self.tokens.items() if token.changed)
        batch.insert(
            CartToken,
            [
                {"store_id": self.store.pk, "token": name, "cart_id": token.cart_id, "order_id": token.order_id}
                for name, token in named
            ],
            conflict="(store_id, token) DO UPDATE SET cart_id = excluded.cart_id, order_id = excluded.order_id",
        )
        refunds = [self.refunds[key] for key in sorted(self.refunds)]
        batch.insert(Refund, refunds, conflict="(store_id, external_id) DO UPDATE SET amount = excluded.amount")
        batch.insert(CartTransition, self.transitions)
        batch.insert(CartChange, self.changes)

    def _save(self, model: type[Cart] | type[Order], rows: Iterable[Any], columns: list[str]) -> None:
        new, changed = [], []
        for row in sorted(rows, key=lambda r: r.pk):
            values = _row(row, columns)
            before = self._before.get((model, row.pk))
            if before is None:
                new.append({"id": row.pk, "store_id": self.store.pk, "created_at": row.created_at, **values})
            elif before != values:
                changed.append({"id": row.pk, **values})
        batch.insert(model, new)
        batch.update(model, changed)


def _blank_cart(**told: Any) -> Cart:
    """A cart with its defaults, told by column. Django takes a quarter of the time for values by position."""
    values: Any = {**_BLANK_CART, "lines": [], "discount_codes": [], **told}.values()
    return Cart(*values)


def _row(instance: Any, columns: list[str]) -> dict[str, Any]:
    values = instance.__dict__
    return {column: values[column] for column in columns}


def _products(lines: list[dict[str, Any]]) -> set[str]:
    """What the lines are of: products, or the variant where the store names no product."""
    return {line.get("product_id") or line.get("variant_id") or "" for line in lines} - {""}
