"""manage.py replay: dead letters go back into the inbox."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from carts.models import Delivery, DeliveryState
from config.lib.wake import wake
from recovery.management.printing import Printing


class Command(Printing):
    help = "Put webhooks that could not be read back into the inbox, to be read again."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("delivery", nargs="?", help="the number of one delivery, as in 12 or d12")
        which.add_argument("--failed", action="store_true", help="all that could not be read")

    def handle(self, *args: Any, **options: Any) -> None:
        count = _one(options["delivery"]) if options["delivery"] else Delivery.objects.dead().replay()
        if count:
            wake("carts.tasks.drain")
        self.show({"replayed": count}, f"Back in the inbox: {count}", as_json=options["json"])


def _one(text: str) -> int:
    number = text.removeprefix("d")
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        raise CommandError(f"“{text}” is no delivery: write its number, as in 12 or d12.")
    rows = Delivery.objects.filter(pk=int(number))
    if count := rows.replay():
        return count
    state = rows.values_list("state", flat=True).first()
    if state is None:
        raise CommandError(f"There is no delivery d{number}.")
    raise CommandError(f"Delivery d{number} is no dead letter: {DeliveryState(state).label.lower()}.")
