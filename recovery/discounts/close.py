"""Codes come to their end: they expire, they were never told to anybody, they are taken out of the shop."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from datetime import timedelta as td

from django.db import transaction
from django.db.models import Q

from carts.sources.codes import ShopError
from carts.storefront import access_of, code_maker
from config.lib.logline import handed
from config.lib.sealing import Unsealable
from customers.models import Store
from recovery.discounts.redeem import revoke
from recovery.models import CodeState, DiscountCode, MessageState, StoreDiscount
from recovery.models.discounts import HELD

log = logging.getLogger("cartback.codes")

_BATCH = 200
#: What is dead lies in the shop for so long, for its people to look at; then it is deleted.
_KEPT = td(days=30)
#: A code that no message took along within this was made in vain.
_NEVER_SENT = td(days=1)
_TRY_AGAIN = td(hours=1)
#: While one worker speaks to the shop, no other takes the same codes.
_LEASE = td(minutes=10)


def close_codes(now: datetime) -> int:
    """One batch of each kind; returns how many codes and discounts were dealt with."""
    count = _expire(now) + _drop_unused(now) + _take_out(now) + _forget_discounts(now)
    if count:
        handed(log, "close_codes", count=count)
    return count


def _expire(now: datetime) -> int:
    dead = DiscountCode.objects.filter(state=CodeState.LIVE, ends_at__lte=now).order_by("pk")
    ids = list(dead.values_list("pk", flat=True)[:_BATCH])
    rows = DiscountCode.objects.filter(pk__in=ids, state=CodeState.LIVE)
    # Coupons pile up one by one; of Shopify, the discount that they share is deleted as a whole.
    rows.filter(store__platform="woocommerce").exclude(external_id="").update(
        state=CodeState.EXPIRED, close_at=now + _KEPT
    )
    rows.update(state=CodeState.EXPIRED)
    return len(ids)


@transaction.atomic
def _drop_unused(now: datetime) -> int:
    """The message was refused after its code was wanted: nobody was ever told of it."""
    over = ~Q(message__state__in=[MessageState.QUEUED, MessageState.SENDING])
    unsent = DiscountCode.objects.filter(state__in=HELD, given_at=None, customer__isnull=False)
    gone = unsent.filter(over | Q(message=None) | Q(created_at__lt=now - _NEVER_SENT))
    rows = list(gone.select_for_update(skip_locked=True, of=("self",)).select_related("offer").order_by("pk")[:_BATCH])
    revoke(rows, "never_sent", now=now)
    return len(rows)


def _take_out(now: datetime) -> int:
    """Tell the shops, a discount or shop at a time."""
    rows = _claim(now)
    groups: dict[tuple[int, int | None, bool], list[DiscountCode]] = defaultdict(list)
    for row in rows:
        shared = row.store_discount_id if row.store.platform == "shopify" else None
        groups[row.store_id, shared, row.ended_at is None and row.state != CodeState.EXPIRED].append(row)
    for (_, _, still_counts), some in groups.items():
        _tell(some, still_counts, now)
    return len(rows)


@transaction.atomic
def _claim(now: datetime) -> list[DiscountCode]:
    due = DiscountCode.objects.to_close(now).select_related("store", "store_discount")
    rows = list(due.select_for_update(skip_locked=True, no_key=True, of=("self",))[:_BATCH])
    DiscountCode.objects.filter(pk__in=[row.pk for row in rows]).update(close_at=now + _LEASE)
    return rows


def _tell(rows: Sequence[DiscountCode], still_counts: bool, now: datetime) -> None:
    ours = DiscountCode.objects.filter(pk__in=[row.pk for row in rows])
    store = rows[0].store
    maker = code_maker(store)
    if maker is None:
        ours.update(close_at=None)
        return
    try:
        if still_counts:
            discount = rows[0].store_discount
            codes = {row.code: row.external_id for row in rows}
            if store.platform != "shopify" or (discount and discount.external_id):
                external_id = discount.external_id if discount else ""
                maker.end(access_of(store), external_id, codes, last=_is_last(rows), at=now)
            later = now + _KEPT if store.platform == "woocommerce" else None
            ours.update(ended_at=now, close_at=later)
            return
        maker.forget(access_of(store), [row.external_id for row in rows if row.external_id])
        ours.update(close_at=None)
    except (ShopError, Unsealable) as error:
        log.warning("store %s: codes could not be ended: %s", store.slug, error)
        gave_up = isinstance(error, ShopError) and error.permanent
        ours.update(close_at=None if gave_up else now + _TRY_AGAIN)


def _is_last(rows: Sequence[DiscountCode]) -> bool:
    """Would nothing of the shop's discount be left?"""
    others = DiscountCode.objects.filter(store_discount=rows[0].store_discount_id, state__in=HELD)
    return rows[0].store_discount_id is not None and not others.exists()


def _forget_discounts(now: datetime) -> int:
    """Discounts whose every code has been dead for a month are deleted in the shop."""
    dead = StoreDiscount.objects.filter(ends_at__lte=now - _KEPT).select_related("offer__store").order_by("pk")
    rows = list(dead[:_BATCH])
    by_store: dict[Store, list[StoreDiscount]] = defaultdict(list)
    for row in rows:
        by_store[row.offer.store].append(row)
    return sum(_forget(store, some) for store, some in by_store.items())


def _forget(store: Store, rows: Sequence[StoreDiscount]) -> int:
    maker = code_maker(store)
    ids = [row.external_id for row in rows if row.external_id]
    try:
        if maker and ids:
            maker.forget(access_of(store), ids)
    except (ShopError, Unsealable) as error:
        log.warning("store %s: old discounts could not be deleted: %s", store.slug, error)
        return 0  # the next round tries again
    return StoreDiscount.objects.filter(pk__in=[row.pk for row in rows]).delete()[0]
