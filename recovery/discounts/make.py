"""Wanted codes are asked of the shop: claimed and committed first, then asked for on threads, then written back.

Nothing here is held while the shop answers, and everything may be repeated: the code's text is settled before the shop
hears of it, so whoever comes after a crash finds at the shop what the first try made.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta as td
from time import perf_counter

from django.db import transaction
from django.db.models import F

from carts.sources.codes import Access, CodeBatch, CodeMaker, CodeTerms, Made, ShopError, Wish
from carts.storefront import access_of, code_maker
from config.lib import retry
from config.lib.logline import handed
from config.lib.sealing import Unsealable
from config.lib.wake import wake
from recovery import ledger
from recovery.discounts.terms import Terms
from recovery.ledger import Entry
from recovery.models import CodeState, DiscountCode, Message, MessageState, StoreDiscount

log = logging.getLogger("cartback.codes")

_MOST = 400
_SHOPS_AT_ONCE = 8
#: A claim that is older than this lost its worker.
_LEASE = td(minutes=5)
#: How soon the shop is asked whether it is done.
_LOOK_AGAIN = td(seconds=5)


@dataclass(frozen=True, slots=True)
class _Errand:
    """Codes of the same terms and end, for one shop."""

    maker: CodeMaker
    access: Access
    batch: CodeBatch
    rows: Sequence[DiscountCode]


def make_codes(now: datetime) -> int:
    """Ask the shops for every code that is due; returns how many rows were dealt with."""
    began = perf_counter()
    _rescue(now)
    errands = _claim(now)
    if errands:
        with ThreadPoolExecutor(_SHOPS_AT_ONCE, thread_name_prefix="codes") as pool:
            for errand, outcome in zip(errands, pool.map(_ask, errands), strict=True):
                _settle(errand, outcome, now)
    count = sum(len(errand.rows) for errand in errands)
    if count:
        wake("recovery.tasks.send_due")
        handed(log, "codes", count=count, ms=(perf_counter() - began) * 1000)
    return count


def _rescue(now: datetime) -> None:
    lost = DiscountCode.objects.filter(state=CodeState.CREATING, claimed_at__lt=now - _LEASE)
    lost.update(state=CodeState.WANTED, due_at=now)


# -- claiming


@transaction.atomic
def _claim(now: datetime) -> list[_Errand]:
    """Codes whose message still waits for them. One whose shop cannot be asked is put off."""
    due = DiscountCode.objects.due(now).filter(message__state=MessageState.QUEUED)
    due = due.select_related("offer", "store", "customer", "store_discount")
    rows = list(due.select_for_update(skip_locked=True, no_key=True, of=("self",))[:_MOST])
    groups: dict[tuple[object, ...], list[DiscountCode]] = defaultdict(list)
    for row in rows:
        groups[row.store_id, row.offer_id, Terms.read(row.terms).key, row.ends_at, row.job].append(row)
    errands = [errand for group in groups.values() for errand in _errands(group, now)]
    claimed = [row.pk for errand in errands for row in errand.rows]
    DiscountCode.objects.filter(pk__in=claimed).update(
        state=CodeState.CREATING, claimed_at=now, attempts=F("attempts") + 1, due_at=None
    )
    return errands


def _errands(rows: list[DiscountCode], now: datetime) -> Iterable[_Errand]:
    store = rows[0].store
    maker = code_maker(store)
    try:
        access = access_of(store)
    except Unsealable:
        maker = None
    if maker is None:
        _fail(rows, ShopError("no_store_api", "the store has no access to the shop's API", permanent=True), now)
        return
    for start in range(0, len(rows), maker.most):
        some = rows[start : start + maker.most]
        yield _Errand(maker, access, _batch(some, now), some)


def _batch(rows: Sequence[DiscountCode], now: datetime) -> CodeBatch:
    """What the shop is asked for, with the discount that the codes belong to written down before it hears of it."""
    row, terms = rows[0], Terms.read(rows[0].terms)
    assert row.ends_at
    discount, _ = StoreDiscount.objects.get_or_create(
        offer=row.offer, terms_key=terms.key, ends_at=row.ends_at, defaults={"first_code": row.code, "created_at": now}
    )
    DiscountCode.objects.filter(pk__in=[row.pk for row in rows]).update(store_discount=discount)
    for one in rows:
        one.store_discount = discount
        one.attempts += 1
    told = CodeTerms(
        title=f"Cartback: {row.offer.name} (d{discount.pk})",
        kind=terms.kind,
        value=terms.value,
        currency=terms.currency,
        minimum=terms.minimum,
        products=terms.products,
        starts_at=discount.created_at,
        ends_at=row.ends_at,
    )
    wishes = [Wish(one.code, one.customer.email if one.customer else "") for one in rows]
    return CodeBatch(told, wishes, discount.first_code, discount.external_id, row.job)


# -- asking


def _ask(errand: _Errand) -> Made | ShopError:
    """On a thread; touches no database."""
    try:
        return errand.maker.make(errand.access, errand.batch)
    except ShopError as error:
        return error
    except (KeyError, TypeError, ValueError) as error:  # an answer in a shape that nobody documented
        log.exception("the shop's answer makes no sense")
        return ShopError("shop_failed", f"the shop's answer cannot be read ({type(error).__name__})")


# -- writing back


@transaction.atomic
def _settle(errand: _Errand, outcome: Made | ShopError, now: datetime) -> None:
    if isinstance(outcome, ShopError):
        _put_off_or_fail(errand.rows, outcome, now)
        return
    discount = errand.rows[0].store_discount
    if outcome.discount_id and discount:
        StoreDiscount.objects.filter(pk=discount.pk).update(external_id=outcome.discount_id)
    _made([row for row in errand.rows if row.code in outcome.ids], outcome, now)
    for row in errand.rows:
        if row.code in outcome.failed:
            _put_off_or_fail([row], outcome.failed[row.code], now)
    _still_working([row for row in errand.rows if row.code not in {*outcome.ids, *outcome.failed}], outcome.job, now)


def _made(rows: Sequence[DiscountCode], made: Made, now: datetime) -> None:
    for row in rows:
        ours = DiscountCode.objects.filter(pk=row.pk)
        ours.update(external_id=made.ids[row.code])  # also of one that was taken back meanwhile: it has to be ended
        ours.filter(state=CodeState.CREATING).update(state=CodeState.LIVE, job="", reason="", detail="", attempts=1)
    ledger.note([_entry(row, "code_made") for row in rows], now=now)
    _ring(rows, now)


def _still_working(rows: Sequence[DiscountCode], job: str, now: datetime) -> None:
    _again(rows, now + _LOOK_AGAIN, job=job, reason="shop_busy", detail="the shop is still working on it")


def _put_off_or_fail(rows: Sequence[DiscountCode], error: ShopError, now: datetime) -> None:
    """A shop that is only busy costs no try. After the last one the message goes as the marketer chose."""
    if error.permanent:
        _fail(rows, error, now)
        return
    for row in rows:
        busy = td(seconds=error.wait or 2) if error.code == "shop_busy" else None
        wait = busy or retry.delay(row.attempts, error.wait)
        if wait is None:
            _fail([row], error, now)
            continue
        row.attempts -= 1 if busy else 0
        _again([row], now + wait, job="", reason=error.code, detail=error.detail)
        if row.reason != error.code:  # the same trouble again needs no further line
            ledger.note([_entry(row, "code_late", error.code, error.detail)], now=now)


def _again(rows: Sequence[DiscountCode], due_at: datetime, *, job: str, reason: str, detail: str) -> None:
    for row in rows:
        DiscountCode.objects.filter(pk=row.pk, state=CodeState.CREATING).update(
            state=CodeState.WANTED, due_at=due_at, job=job, reason=reason, detail=detail[:300], attempts=row.attempts
        )


def _fail(rows: Sequence[DiscountCode], error: ShopError, now: datetime) -> None:
    """Nobody is given these. What may stand in the shop all the same is taken out of it."""
    for row in rows:
        DiscountCode.objects.filter(pk=row.pk, state__in=[CodeState.CREATING, CodeState.WANTED]).update(
            state=CodeState.FAILED,
            due_at=None,
            reason=error.code[:30],
            detail=error.detail[:300],
            close_at=None if error.permanent else now,
        )
    ledger.note([_entry(row, "code_failed", error.code, error.detail) for row in rows], now=now)
    _ring(rows, now)


def _ring(rows: Sequence[DiscountCode], now: datetime) -> None:
    """Whoever waits for these codes looks at once."""
    people = [row.customer_id for row in rows if row.customer_id]
    waiting = Message.objects.filter(customer_id__in=people, state=MessageState.QUEUED, reason="waiting_for_code")
    waiting.update(due_at=now)


def _entry(row: DiscountCode, verdict: str, reason: str = "", detail: str = "") -> Entry:
    assert row.cart_id
    return Entry(row.store_id, row.cart_id, verdict, reason[:30], detail or str(row), message_id=row.message_id)
