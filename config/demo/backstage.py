"""The panel beside the shop: how far the visitor is round the loop, and what went over the wire."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils import timezone

from config.demo import courier
from config.demo.courier import Webhook
from config.demo.letters import arrived
from config.demo.memory import Cart, Shopper, bought_cart
from config.demo.quiet import by_phone, detour, e164

STEPS = ["Fill a cart", "Leave an e-mail address", "Walk away", "Open the reminder", "Come back and buy"]


@dataclass(frozen=True, slots=True)
class Backstage:
    """`at` is the number of the step that comes next, from 1; 6 when all are done. `letter` is the reminder's file.
    `won_back` says that what was bought had come back by its link, `detour` why no phone message comes at this hour."""

    at: int
    steps: list[tuple[int, str]]
    webhooks: list[Webhook]
    silent_since: datetime | None
    refused: bool
    letter: str
    won_back: bool
    mail_is_real: bool
    detour: str

    @property
    def came_by(self) -> str:
        """The reminder's channel."""
        return self.letter.partition("-")[0]

    @property
    def next(self) -> str:
        """The step that comes next, in words; "" when all are done."""
        return dict(self.steps).get(self.at, "")

    @property
    def pending(self) -> bool:
        return any(webhook.waiting for webhook in self.webhooks)


def backstage(shopper: Shopper, cart: Cart) -> Backstage:
    webhooks = courier.sent_by(shopper.id)
    bought = bought_cart(shopper)
    letter = _newest_letter(shopper, cart)
    at = _step(shopper, cart, letter, bought is not None)
    return Backstage(
        at=at,
        steps=list(enumerate(STEPS, 1)),
        webhooks=webhooks,
        silent_since=datetime.fromisoformat(cart.updated_at) if at == 3 else None,
        refused=shopper.contact.get("reminders") == "no" and not by_phone(shopper.contact),
        letter=letter,
        won_back=bool(bought and bought.came_back),
        mail_is_real=bool(settings.EMAIL_URL or settings.ANYMAIL_ESP),
        detour=detour(shopper.contact, timezone.now()),
    )


def _step(shopper: Shopper, cart: Cart, letter: str, bought: bool) -> int:
    if not cart.count:
        return 6 if bought else 1
    if cart.came_back:
        return 5
    if not (shopper.contact and cart.checkout_id):
        return 2
    return 4 if letter else 3


def _newest_letter(shopper: Shopper, cart: Cart) -> str:
    """The reminder of this cart, if it lies in the mailbox: the shopper's newest letter since the cart changed."""
    address, number = shopper.contact.get("email", "").lower(), e164(shopper.contact)
    if not (address and cart.count):
        return ""
    changed = datetime.fromisoformat(cart.updated_at)
    fresh = [m for m in arrived(timezone.now()) if m.at > changed and m.name.startswith(f"{m.channel}-m")]
    return next((m.name for m in fresh if address in m.to.lower() or (number and m.to == number)), "")
