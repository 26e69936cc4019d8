"""What happens while the sums of draws are made is in them, or takes them away."""

from __future__ import annotations

from datetime import timedelta as td
from threading import Event

import pytest
from django.db import transaction

from recovery.models import DrawSums, Experiment, TouchedDraw
from recovery.reports.draw_rollup import roll_up
from tests.factories import NOW, ago
from tests.races.threads import at_once
from tests.recovery.reports.test_draw_rollup import drawn, judged, ordered, said, scene

pytestmark = pytest.mark.django_db(transaction=True)

LATER = NOW + td(days=40)


def test_an_order_that_comes_while_its_day_is_summed_takes_the_sums_away_again():
    store = scene()
    Experiment.objects.update(ended_at=ago(days=58))
    drawn(0)(store)
    summed, came, cleaned = Event(), Event(), Event()

    def sums() -> None:
        with transaction.atomic():
            roll_up(LATER, limit=100)
            summed.set()
            cleaned.wait(1)  # in vain: whoever cleans up waits for these sums

    def order_comes() -> None:
        assert summed.wait(30)
        ordered(0, 0.5, "50")(store)
        came.set()

    def cleans_up() -> None:
        assert came.wait(30)
        roll_up(LATER, limit=0)
        cleaned.set()

    at_once(sums, order_comes, cleans_up)
    assert DrawSums.objects.filter(question="cap").count() == Experiment.objects.count()
    assert said(store, LATER) == judged(store, LATER)
    roll_up(LATER, limit=100)
    assert not TouchedDraw.objects.exists()
    assert said(store, LATER) == judged(store, LATER)
