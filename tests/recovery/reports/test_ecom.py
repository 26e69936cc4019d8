"""A public set of shop sessions, through the real inbox, by the code that serves the pages: the published numbers."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from recovery.reports import rollup
from recovery.reports.asked import Asked
from recovery.reports.figures import figures_of
from recovery.reports.period import Period
from recovery.reports.rates import Rate
from recovery.reports.rollup import cells_of, roll_up
from tests.recovery.reports.sessions import replay
from tests.recovery.reports.test_rollup import keyed

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


@pytest.fixture
def asked() -> Asked:
    return Asked(replay(), Period(date(2024, 1, 1), date(2024, 6, 30), ZoneInfo("UTC")), NOW)


def by_value(asked: Asked, facet: str) -> dict[str, tuple[int, int]]:
    return {cell["value"]: (cell["unordered"], cell["settled"]) for cell in cells_of(asked, [facet])}


def test_the_sessions_give_the_published_numbers_raw_and_rolled_up(asked):
    raw = cells_of(asked, rollup.cells.FACETS)
    while roll_up(NOW):
        pass
    assert keyed(raw) == keyed(cells_of(asked, rollup.cells.FACETS))
    net = figures_of(asked).rates["net_abandonment"]
    assert net == Rate.of(743, 1213)
    assert net and [round(100 * x, 3) for x in (net.value, net.low, net.high)] == [61.253, 58.480, 63.955]
    assert by_value(asked, "device") == {"desktop": (380, 657), "mobile": (278, 404), "tablet": (85, 152)}
    stages = {stage: unordered for stage, (unordered, _) in by_value(asked, "stage").items()}
    assert stages == {"cart": 191, "checkout": 224, "shipping": 166, "payment": 162}
    assert by_value(asked, "failed")["yes"][0] == 84
