"""One rate as the first page draws it: a bar of the interval with the value on it."""

from __future__ import annotations

from dataclasses import dataclass

from recovery.reports.definitions import Definition
from recovery.reports.rates import Rate


@dataclass(frozen=True, slots=True)
class Card:
    """A rate, ready to be drawn in per cent."""

    definition: Definition
    rate: Rate | None
    main: bool = False

    @property
    def value(self) -> str:
        return percent(self.rate.value) if self.rate else "–"

    @property
    def bounds(self) -> str:
        return f"{percent(self.rate.low)} to {percent(self.rate.high)}" if self.rate else ""

    @property
    def bar(self) -> dict[str, str]:
        """Numbers for the drawing, with a point whatever the language of the page."""
        if self.rate is None:
            return {}
        low, high = 100 * self.rate.low, 100 * self.rate.high
        return {"low": f"{low:.2f}", "width": f"{max(high - low, 0.6):.2f}", "at": f"{100 * self.rate.value:.2f}"}


def percent(share: float) -> str:
    """61.3 %"""
    return f"{100 * share:.1f} %"
