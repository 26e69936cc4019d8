"""manage.py explain: why a shopper was, or was not, written to."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from django.core.management.base import CommandError, CommandParser

from carts.models import Cart
from recovery.management.printing import Printing
from recovery.models import Message
from recovery.reports.timeline import Entry, timeline
from recovery.reports.words import money

_ID = re.compile(r"([cm])([0-9]{1,18})")


class Command(Printing):
    help = "Print the timeline of one cart: events, decisions with their reasons, messages, clicks, the order."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("what", metavar="CART|MESSAGE", help="a cart such as c12, or a message such as m34")

    def handle(self, *args: Any, **options: Any) -> None:
        cart, message = _find(options["what"])
        entries = timeline(cart)
        self.show(_facts(cart, message, entries), _text(cart, message, entries), as_json=options["json"])


def _find(what: str) -> tuple[Cart, Message | None]:
    """The cart, and the message when one was asked for."""
    found = _ID.fullmatch(what.strip().lower())
    if found is None:
        raise CommandError(f"“{what}” names no cart and no message: write c12 or m34.")
    kind, pk = found[1], int(found[2])
    if kind == "c":
        cart = Cart.objects.select_related("store", "customer").filter(pk=pk).first()
        if cart:
            return cart, None
    else:
        message = Message.objects.select_related("cart__store", "cart__customer", "step").filter(pk=pk).first()
        if message:
            return message.cart, message
    raise CommandError(f"There is no {'cart' if kind == 'c' else 'message'} {what}.")


def _facts(cart: Cart, message: Message | None, entries: list[Entry]) -> dict[str, Any]:
    return {
        "cart": str(cart),
        "message": str(message) if message else None,
        "store": cart.store.slug,
        "customer": str(cart.customer) if cart.customer else None,
        "state": cart.state,
        "total": str(cart.total),
        "currency": cart.currency,
        "timezone": cart.store.timezone,
        "timeline": [entry.as_json(cart.store.zone) for entry in entries],
    }


def _text(cart: Cart, message: Message | None, entries: list[Entry]) -> str:
    customer = cart.customer or "nobody known"
    state, total = cart.get_state_display().lower(), money(cart.total, cart.currency)
    lines = [f"{cart} of {cart.store.slug}: {state}, {total}, {customer}"]
    lines.append(f"Times are those of {cart.store.timezone}.{f' > marks {message}.' if message else ''}")
    day: datetime | None = None
    for entry in entries:
        at = entry.at.astimezone(cart.store.zone)
        if day is None or day.date() != at.date():
            lines.append(f"\n{at:%A %Y-%m-%d}")
        day = at
        lines.append(_line(entry, f"{at:%H:%M:%S}", message))
    return "\n".join(lines)


def _line(entry: Entry, clock: str, message: Message | None) -> str:
    mark = ">" if message and entry.message_id == message.pk else " "
    detail = f": {entry.detail}" if entry.detail else ""
    return f"{mark} {clock}  {entry.title}{detail}"
