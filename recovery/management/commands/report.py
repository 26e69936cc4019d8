"""manage.py report: the rates of a store, each with its interval, and the money, each in its currency."""

from __future__ import annotations

import argparse
from datetime import date
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from customers.models import Store
from recovery.management.printing import Printing, moment_argument
from recovery.reports.asked import Asked
from recovery.reports.face import Overview, as_json, as_text
from recovery.reports.period import BadPeriod, period


class Command(Printing):
    help = "Print what became of the carts that were started between two dates, by the store's clock."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("store", help="the store's name in addresses")
        parser.add_argument("--from", dest="first", type=day_argument, metavar="DATE", help="the first day: 2026-01-01")
        parser.add_argument(
            "--to",
            dest="last",
            type=day_argument,
            metavar="DATE",
            help="the last day (default: 30 days until today)",
        )
        parser.add_argument(
            "--now", type=moment_argument, help="the report as it stood then: 2026-02-20T12:00:00Z (default: the clock)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        store, as_of = store_of(options["store"]), options["now"] or timezone.now()
        try:
            dates = period(options["first"], options["last"], as_of=as_of, zone=store.zone)
        except BadPeriod as error:
            raise CommandError(str(error)) from error
        found = Overview.of(Asked(store, dates, as_of))
        self.show(as_json(found), as_text(found), as_json=options["json"])


def day_argument(text: str) -> date:
    """A date, with argparse's own kind of refusal."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"“{text}” is no date: write it as 2026-01-31.") from error


def store_of(slug: str) -> Store:
    """The store of that name. Raises CommandError, which names those there are."""
    store = Store.objects.filter(slug=slug).first()
    if store is None:
        known = ", ".join(Store.objects.order_by("slug").values_list("slug", flat=True)[:20]) or "none yet"
        raise CommandError(f"There is no store called {slug}. Stores: {known}.")
    return store
