"""What became of codes: used in an order, or taken back because the shopper bought without them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal

from django.db.models import Q

from carts.models import Order
from recovery import ledger
from recovery.discounts.terms import Terms
from recovery.ledger import Entry
from recovery.models import CodeSource, CodeState, DiscountCode, OfferKind
from recovery.models.discounts import BEING_MADE, HELD

#: A code that was told to a shopper, and whose order may still come: the shop decides what it honours.
_MAY_BE_USED = (*HELD, CodeState.REVOKED, CodeState.EXPIRED, CodeState.FAILED)


def match(orders: Sequence[Order], *, now: datetime) -> int:
    """Find the codes that the orders used; returns how many. Matching again changes nothing.

    A shared code counts only in the hands of a shopper whom we told it.
    """
    used = [(order, text) for order in orders for text in order.discount_codes]
    found = [code for order, text in used if (code := _code_of(order, str(text))) and _redeem(code, order)]
    for order, text in used:  # a code that the shop gave to somebody by itself is not for us to give again
        DiscountCode.objects.filter(store_id=order.store_id, code__iexact=text, state=CodeState.SPARE).delete()
    ledger.note((_entry(code, "code_used", str(code.order)) for code in found if code.cart_id), now=now)
    return len(found)


def _code_of(order: Order, text: str) -> DiscountCode | None:
    rows = DiscountCode.objects.filter(
        Q(is_shared=False) | Q(customer_id=order.customer_id, customer__isnull=False),
        store_id=order.store_id,
        code__iexact=text,
        state__in=_MAY_BE_USED,
    )
    return rows.select_related("offer").order_by("-pk").first()


def _redeem(code: DiscountCode, order: Order) -> bool:
    code.order = order
    return bool(
        DiscountCode.objects.filter(pk=code.pk, state__in=_MAY_BE_USED).update(
            state=CodeState.REDEEMED,
            redeemed_at=order.placed_at,
            order=order,
            amount_redeemed=_given_away(code, order),
            currency=order.currency,
            due_at=None,
            close_at=None,
        )
    )


def _given_away(code: DiscountCode, order: Order) -> Decimal:
    """What the code took off: all that was taken off, where it was the only one; else what its own terms come to."""
    terms = Terms.read(code.terms)
    if terms.kind == OfferKind.FREE_SHIPPING:
        return order.discount or terms.value
    if len(order.discount_codes) == 1:
        return order.discount
    goods = sum((Decimal(str(line["price"])) * int(line["quantity"]) for line in order.lines), Decimal(0))
    return min(terms.cost(terms.goods(order.lines, goods), order.currency), order.discount)


def take_back(customer_ids: Iterable[int], *, now: datetime) -> int:
    """Whoever bought needs their code no longer; returns how many were taken back.

    One that the shop is making at this moment is taken out of it as well.
    """
    codes = DiscountCode.objects.filter(customer_id__in=list(customer_ids), state__in=HELD)
    rows = list(codes.select_for_update(of=("self",)).select_related("offer").order_by("pk"))
    revoke(rows, "bought_without", now=now)
    return len(rows)


def revoke(codes: Sequence[DiscountCode], reason: str, *, now: datetime) -> None:
    """These codes count no longer. What the shop made, it is asked to end."""
    for code in codes:
        DiscountCode.objects.filter(pk=code.pk, state__in=HELD).update(
            state=CodeState.REVOKED, reason=reason, revoked_at=now, due_at=None, close_at=_close_at(code, now)
        )
    ledger.note((_entry(code, "code_revoked", reason) for code in codes if code.cart_id), now=now)


def _close_at(code: DiscountCode, now: datetime) -> datetime | None:
    """When the shop is told: at once, or when it has surely finished making the code."""
    if code.offer.source != CodeSource.STORE_API or code.attempts == 0:
        return None
    return now + BEING_MADE if code.state == CodeState.CREATING else now


def _entry(code: DiscountCode, verdict: str, reason: str) -> Entry:
    assert code.cart_id
    return Entry(code.store_id, code.cart_id, verdict, reason[:30], str(code), message_id=code.message_id)
