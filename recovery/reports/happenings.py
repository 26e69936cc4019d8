"""All that happened around one cart but its messages and decisions, in one statement: small rows of many tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta as td
from decimal import Decimal
from typing import Any

from django.db.models import F, QuerySet, TextField, Value
from django.db.models.functions import Cast, JSONObject

from carts.models import Cart, CartChange, Order, Refund
from recovery.models import Assignment, Click, Credit, DiscountCode, Notice, Reply, SurveyAsk

#: A cart that is hammered with events stays readable.
MOST = 500
#: How long after a cart's last activity a shopper's words may still be about it.
_TALKED_ABOUT = td(days=30)


@dataclass(frozen=True, slots=True)
class Row:
    """One of them. Times and amounts come as JSON has them: `time` and `amount` read them."""

    kind: str
    told: dict[str, Any]

    def __getitem__(self, name: str) -> Any:
        return self.told[name]

    def time(self, name: str) -> datetime:
        return datetime.fromisoformat(self.told[name])

    def maybe(self, name: str) -> datetime | None:
        return self.time(name) if self.told[name] else None

    def amount(self, name: str) -> Decimal:
        return Decimal(self.told[name])


def happenings(cart: Cart) -> Iterator[Row]:
    """Everything, in no order. A reply names no cart, so it is told with each cart that it may have been about."""
    parts = [
        _part("transition", cart.transitions.order_by("id"), "kind at order_id"),
        _part("change", CartChange.objects.filter(cart=cart).order_by("id"), "at what", "total"),
        _part("click", Click.objects.filter(cart=cart).order_by("id"), "at outcome machine_reason message_id"),
        _part("order", Order.objects.filter(cart=cart).order_by("placed_at"), _ORDER, "total"),
        _part("refund", _refunds(cart), "at currency", "amount"),
        _part("credit", _credits(cart), "at withdrawn_at message_id", clicked=F("click__at"),
              number=F("order__number"), order=F("order__external_id")),
        _part("code", DiscountCode.objects.filter(cart=cart).order_by("id"), _CODE, "amount_redeemed",
              offer=F("offer__name"), order=F("order__number")),
        _part("draw", Assignment.objects.filter(cart=cart).order_by("id"), "arm experiment_id",
              at=F("assigned_at"), what=F("experiment__kind"), flow=F("experiment__flow__name"),
              position=F("experiment__position")),
        # Two parts, not one with an OR: each is answered from its own index.
        _part("survey", SurveyAsk.objects.filter(cart=cart).order_by("id"), _SURVEY),
        _part("survey", SurveyAsk.objects.filter(order__cart=cart).order_by("id"), _SURVEY),
    ]  # fmt: skip
    if cart.customer_id:
        span = (cart.started_at, cart.last_activity_at + _TALKED_ABOUT)
        replies = Reply.objects.filter(customer_id=cart.customer_id, at__range=span).order_by("id")
        notices = Notice.objects.filter(customer_id=cart.customer_id, created_at__range=span).order_by("id")
        parts += [
            _part("reply", replies, "at channel body intent"),
            _part("notice", notices, "created_at sent_at channel purpose state reason"),
        ]
    first, *others = parts
    return (Row(kind, told) for kind, told in first.union(*others, all=True))


_ORDER = "external_id number currency placed_at cancelled_at deleted_at paid is_test is_placed"
_SURVEY = "kind via asked_at answered_at code score comment"
_CODE = "code state created_at given_at expires_at redeemed_at revoked_at ended_at reason currency"


def _refunds(cart: Cart) -> QuerySet[Refund]:
    orders = Order.objects.filter(cart=cart).values("external_id")
    return Refund.objects.filter(store_id=cart.store_id, order_external_id__in=orders).order_by("id")


def _credits(cart: Cart) -> QuerySet[Credit]:
    return Credit.objects.filter(message__cart=cart).order_by("id")


def _part(kind: str, rows: QuerySet[Any], names: str, amounts: str = "", **others: F) -> QuerySet[Any]:
    """Amounts travel as text: as a JSON number they would come back as floats."""
    columns: dict[str, Any] = {name: F(name) for name in names.split()} | others
    columns |= {name: Cast(name, TextField()) for name in amounts.split()}
    # "what" and the like may be names of the model's own columns; inside the object they clash with nothing.
    return rows.values_list(Value(kind), JSONObject(**columns))[:MOST]


def known(rows: Iterable[Row], kind: str) -> list[Row]:
    """Those of one kind."""
    return [row for row in rows if row.kind == kind]
