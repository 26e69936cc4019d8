"""Credit where it is due: to the last human click within the store's window before the order. Never to an open."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from datetime import timedelta as td

from django.db.models import Q

from carts.models import Order
from recovery.models import Click, Credit


def credit(orders: Sequence[Order], *, now: datetime) -> int:
    """Credit each order to its click, if one fits; returns how many were. Crediting again changes nothing.

    A click fits when a human made it on a link of the order's cart, or of another cart of the same customer, at most
    `store.attribution_days` before the order. Cancelled, deleted and test orders earn nothing.
    """
    earning = [o for o in orders if not (o.cancelled_at or o.deleted_at or o.is_test)]
    rows = [_credit(order, click) for order in earning if (click := _last_click(order))]
    return len(Credit.objects.bulk_create(rows, ignore_conflicts=True))


def _credit(order: Order, click: Click) -> Credit:
    cart, message = order.cart or click.cart, click.message
    assert cart and message  # `_last_click` asks for both
    return Credit(store_id=order.store_id, order=order, cart=cart, message=message, click=click, at=order.placed_at)


def _last_click(order: Order) -> Click | None:
    window = td(days=order.store.attribution_days)
    theirs = Q(cart_id=order.cart_id) if order.cart_id else Q(pk__in=[])
    if order.customer_id:
        theirs |= Q(link__customer_id=order.customer_id)
    clicks = Click.objects.filter(
        theirs,
        store_id=order.store_id,
        machine_reason="",
        message__isnull=False,
        cart__isnull=False,
        at__lte=order.placed_at,
        at__gte=order.placed_at - window,
    )
    return clicks.select_related("cart", "message").order_by("-at", "-pk").first()


def withdraw(order_ids: Iterable[int]) -> int:
    """Take back the credit of orders that were cancelled or deleted; returns how many had one."""
    return Credit.objects.filter(order_id__in=list(order_ids)).delete()[0]
