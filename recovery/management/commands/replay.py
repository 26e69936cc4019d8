"""manage.py replay: dead letters go back to where they were to be read, those of stores and those of providers."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from carts.models import Delivery, DeliveryState
from config.lib.wake import wake
from recovery.management.printing import Printing
from recovery.models import ProviderEvent


class Command(Printing):
    help = "Put webhooks and callbacks that could not be read back into the inbox, to be read again."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument(
            "delivery", nargs="?", help="the number of one, as in 12 or d12 (a webhook) or e12 (a callback)"
        )
        which.add_argument("--failed", action="store_true", help="all that could not be read")

    def handle(self, *args: Any, **options: Any) -> None:
        one = options["delivery"]
        count = _one(one) if one else Delivery.objects.dead().replay() + ProviderEvent.objects.dead().replay()
        if count:
            wake("carts.tasks.drain")
            wake("recovery.tasks.take_events")
        self.show({"replayed": count}, f"Back in the inbox: {count}", as_json=options["json"])


def _one(text: str) -> int:
    number = text[1:] if text[:1] in ("d", "e") else text
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        raise CommandError(f"“{text}” is no delivery: write its number, as in 12, d12 or e12.")
    rows: Any = (ProviderEvent if text.startswith("e") else Delivery).objects.filter(pk=int(number))
    if count := int(rows.replay()):
        return count
    what = f"callback e{number}" if text.startswith("e") else f"delivery d{number}"
    state = rows.values_list("state", flat=True).first()
    if state is None:
        raise CommandError(f"There is no {what}.")
    raise CommandError(f"{what.capitalize()} is no dead letter: {DeliveryState(state).label.lower()}.")
