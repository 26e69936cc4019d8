"""What the commands have in common: how they print, and how they read a duration or a moment."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from datetime import datetime
from datetime import timedelta as td
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import InterfaceError, OperationalError, ProgrammingError

from config.lib.durations import duration


class Printing(BaseCommand):
    """A command that prints text for people, or one JSON object with --json."""

    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def execute(self, *args: Any, **options: Any) -> str | None:
        """A database that is away or not migrated is told in a sentence."""
        try:
            return super().execute(*args, **options)
        except (OperationalError, InterfaceError) as error:
            raise CommandError(f"The database does not answer: {_first_line(error)}") from error
        except ProgrammingError as error:
            raise CommandError(f"Is the database up to date? Run manage.py migrate. {_first_line(error)}") from error

    def show(self, facts: Mapping[str, Any], text: str, *, as_json: bool) -> None:
        """The facts as JSON, or the text."""
        self.stdout.write(json.dumps(facts, ensure_ascii=False) if as_json else text)


def duration_argument(text: str) -> td:
    """90s, 30m, 2h or 1d, with argparse's own kind of refusal."""
    try:
        return duration(text)
    except (ValueError, OverflowError) as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def moment_argument(text: str) -> datetime:
    """A time in ISO 8601 with its offset: without one, nobody knows which moment is meant."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"“{text}” is no time: write it as 2026-01-31T12:00:00Z.") from error
    if moment.tzinfo is None:
        raise argparse.ArgumentTypeError(f"“{text}” has no offset: write it as 2026-01-31T12:00:00Z.")
    return moment


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
