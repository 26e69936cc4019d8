"""manage.py dry_run: what a flow would have done with last month's carts. Nothing is sent."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from recovery.dryrun import DryRun, NothingToRun, StepSum, dry_run
from recovery.management.printing import Printing, moment_argument
from recovery.models import Flow
from recovery.reports.words import reason_in_words


class Command(Printing):
    help = "Replay a flow's draft, else its published version, over last month's carts. Nothing is written or sent."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("flow", type=int, help="the flow's number, as in its address in the admin")
        parser.add_argument("--days", type=int, default=30, help="how many days of carts (default: 30)")
        parser.add_argument("--now", type=moment_argument, help="as if it were then (default: the clock)")

    def handle(self, *args: Any, **options: Any) -> None:
        flow = Flow.objects.select_related("store").filter(pk=options["flow"]).first()
        if flow is None:
            known = ", ".join(f"{row.pk} ({row})" for row in Flow.objects.order_by("pk")[:20]) or "none yet"
            raise CommandError(f"There is no flow {options['flow']}. Flows: {known}.")
        if not 1 <= options["days"] <= 366:
            raise CommandError("Choose 1 to 366 days.")
        try:
            result = dry_run(flow, now=options["now"] or timezone.now(), days=options["days"])
        except NothingToRun as error:
            raise CommandError(str(error)) from error
        self.show(result.as_json(), as_text(flow, result), as_json=options["json"])


def as_text(flow: Flow, result: DryRun) -> str:
    """For a person at a terminal."""
    which = f"draft {result.version}" if result.is_draft else f"version {result.version}"
    lines = [
        f"{flow}, {which}: {result.carts:,} carts that fell silent {result.since:%Y-%m-%d} to {result.until:%Y-%m-%d}",
        f"  entered {result.entered}" + _listed(result.refused, ", refused "),
        *(line for step in result.steps for line in _step(step)),
        f"  altogether {result.sent} messages" + _money(result.cost),
        *(f"  {note}" for note in result.notes),
    ]
    return "\n".join(lines)


def _step(step: StepSum) -> list[str]:
    channels = _listed(step.by_channel, " by ")
    return [
        f"  step {step.position}: {step.sent} sent{channels}, {step.held_out} held out{_money(step.cost)}",
        *([f"    variants: {_counts(step.by_variant)}"] if step.by_variant else []),
        *([f"    not sent: {_counts(step.skipped)}"] if step.skipped else []),
        *([f"    put off: {_counts(step.shifted)}"] if step.shifted else []),
    ]


def _counts(counts: dict[str, int]) -> str:
    ordered = sorted(counts.items(), key=lambda pair: -pair[1])
    return ", ".join(f"{count} {reason_in_words(reason)}" for reason, count in ordered)


def _listed(counts: dict[str, int], before: str) -> str:
    return before + _counts(counts) if counts else ""


def _money(cost: dict[str, Any]) -> str:
    return "".join(f", {amount.quantize(amount.__class__('0.01'))} {currency}" for currency, amount in cost.items())
