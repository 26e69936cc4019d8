"""manage.py pipeline: every hand-over once, in order, in this process."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from recovery.management.printing import Printing, moment_argument
from recovery.pipeline import run_once


class Command(Printing):
    help = "Do all that is due, once, in this process, and print what each hand-over did. Workers do the same for good."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--once", action="store_true", required=True, help="run every hand-over once")
        parser.add_argument(
            "--now", type=moment_argument, help="take this for the present: 2026-01-31T12:00:00Z (default: the clock)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        now = options["now"] or timezone.now()
        ran = run_once(now)
        width = max(len(name) for name in ran)
        text = "\n".join(f"{name:<{width}} {count:>6}" for name, count in ran.items())
        self.show({"now": now.isoformat(), "hand_overs": ran}, text, as_json=options["json"])
