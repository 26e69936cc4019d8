"""manage.py digest: last week's numbers, printed, or queued for the people who asked for them."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from recovery.management.commands.report import store_of
from recovery.management.printing import moment_argument
from recovery.reports.digest import as_html, as_text, digest_of, queue


class Command(BaseCommand):
    help = "Print a store's numbers of last week, or queue the mail for the people of the store who asked for it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("store", help="the store's name in addresses")
        parser.add_argument("--print", action="store_true", dest="show", help="print it as text and queue nothing")
        parser.add_argument("--html", action="store_true", help="print the mail's HTML and queue nothing")
        parser.add_argument("--now", type=moment_argument, help="as if it were then: 2026-02-20T12:00:00Z")

    def handle(self, *args: Any, **options: Any) -> None:
        store, now = store_of(options["store"]), options["now"] or timezone.now()
        if options["html"] or options["show"]:
            face = as_html if options["html"] else as_text
            self.stdout.write(face(digest_of(store, now=now)))
            return
        count = queue(store, now=now)
        self.stdout.write(f"{count} mails are queued. Who got this week's already gets no other.")
