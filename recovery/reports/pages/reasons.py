"""Why shoppers left, in their own answers."""

from __future__ import annotations

from recovery.reports import definitions
from recovery.reports.asked import Asked
from recovery.reports.sheet import Section


def reasons(asked: Asked, before: Asked | None) -> list[Section]:
    """Empty until the survey asks."""
    return [
        Section(
            "Reasons",
            definitions.REASONS,
            empty="No answers yet. Once the survey asks shoppers, their reasons stand here with the response rate.",
        )
    ]
