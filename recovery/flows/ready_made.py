"""Ready-made flows to start from. Each comes as a draft with its templates in every language we ship: nothing is sent
before somebody has looked at it and published it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta as td
from decimal import Decimal
from typing import Any

from django.db import transaction

from carts.storefront import makes_codes
from config.lib.money import minor_units
from customers.models import Channel, Store
from recovery.flows.publish import StepPlan, write_steps
from recovery.flows.standard import install_template
from recovery.models import CodeSource, Flow, Offer, OfferKind

_MAIL = (Channel.EMAIL,)
_PHONE_FIRST = (Channel.WHATSAPP, Channel.SMS, Channel.EMAIL)
_HALF_A_DAY = td(hours=12)
_TEN_PERCENT = "10 % off"


@dataclass(frozen=True, slots=True)
class Piece:
    """One step: a default template (see channels.texts.KEYS) by the first of the channels that reaches the shopper.

    `delay` None: as soon as the store takes the cart for abandoned.
    """

    key: str
    delay: td | None
    channels: Sequence[Channel] = _MAIL
    offer: bool = False
    late_after: td = td(hours=6)


@dataclass(frozen=True, slots=True)
class ReadyMade:
    """A flow to start from. `dear`: only for carts of high value."""

    key: str
    name: str
    about: str
    pieces: Sequence[Piece]
    days_between: int = 1
    minimum_gap: td = td(hours=6)
    dear: bool = False


_REMINDER, _HELP = Piece("reminder", None), Piece("help", td(days=1))
READY_MADE = (
    ReadyMade(
        "standard", "Abandoned cart",
        "Three e-mails: a reminder while the cart is fresh, help after a day, a last word after three days. "
        "A good first flow for most shops.",
        (_REMINDER, _HELP, Piece("farewell", td(days=3))),
    ),
    ReadyMade(
        "gentle", "Gentle reminder",
        "Two e-mails, the first only after a day, and nobody gets them more than once a week. "
        "For shops whose customers come often, or dislike being reminded.",
        (Piece("reminder", td(days=1), late_after=_HALF_A_DAY), Piece("farewell", td(days=3), late_after=_HALF_A_DAY)),
        days_between=7, minimum_gap=td(days=1),
    ),
    ReadyMade(
        "discount", "Discount at the end",
        "The three e-mails of the standard flow; only the last one, after three days, carries a discount. "
        "Who would have bought anyway has mostly done so by then, so that fewer discounts are given away.",
        (_REMINDER, _HELP, Piece("farewell", td(days=3), offer=True)),
    ),
    ReadyMade(
        "high_value", "High-value carts",
        "For large carts only: an offer of help within hours, by e-mail, and the next day on the phone where the "
        "shopper allows it. No discount. Change the amount to what is a large cart for you.",
        (Piece("help", td(hours=2)), Piece("reminder", td(days=1), _PHONE_FIRST), Piece("farewell", td(days=4))),
        dear=True,
    ),
    ReadyMade(
        "whatsapp", "WhatsApp first",
        "Every message goes by WhatsApp; who cannot be reached there gets an SMS, else an e-mail. "
        "The WhatsApp texts have to be approved by Meta before they can be sent at any time.",
        (Piece("reminder", None, _PHONE_FIRST), Piece("help", td(days=1), _PHONE_FIRST)),
        minimum_gap=td(hours=12),
    ),
)  # fmt: skip


def dear_from(currency: str) -> Decimal:
    """A large cart, until the marketer says otherwise; of a currency without decimals a hundred times as much."""
    return Decimal(150) if minor_units(currency) else Decimal(15_000)


def install(store: Store, ready: ReadyMade, *, now: datetime) -> Flow:
    """A draft of the flow, with a name that is free and with the templates and the offer that it needs."""
    with transaction.atomic():
        flow = Flow.objects.create(
            store=store,
            name=_free_name(store, ready.name),
            days_between=ready.days_between,
            minimum_gap=ready.minimum_gap,
        )
        asked = {"min_total": str(dear_from(store.currency))} if ready.dear else {}
        write_steps(flow, [_plan(store, piece, asked, now) for piece in ready.pieces])
        return flow


def _plan(store: Store, piece: Piece, asked: dict[str, Any], now: datetime) -> StepPlan:
    first, *others = [install_template(store, piece.key, channel, now=now) for channel in piece.channels]
    delay = store.abandon_after if piece.delay is None else piece.delay
    return StepPlan(delay, first, piece.late_after, asked, others, _offer(store) if piece.offer else None)


def _free_name(store: Store, name: str) -> str:
    taken = set(Flow.objects.filter(store=store, name__startswith=name).values_list("name", flat=True))
    numbered = (f"{name} {number}" for number in range(2, len(taken) + 3))
    return name if name not in taken else next(one for one in numbered if one not in taken)


def _offer(store: Store) -> Offer:
    """One that the store has, else ten percent: with codes of the shop's own where it makes them, else from a pool
    that is still empty, and until there are codes the message goes without."""
    source = CodeSource.STORE_API if makes_codes(store) else CodeSource.POOL
    terms = {"kind": OfferKind.PERCENT, "value": Decimal(10), "currency": store.currency, "source": source}
    known = Offer.objects.filter(store=store, is_active=True).order_by("pk").first()
    return known or Offer.objects.get_or_create(store=store, name=_TEN_PERCENT, defaults=terms)[0]
