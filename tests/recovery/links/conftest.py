from __future__ import annotations

from collections.abc import Iterator

import pytest
import time_machine
from django.test import Client

from tests.recovery.links.written import CLICKED, PERSON


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """The time at which a person clicks; `clock.shift(seconds)` moves it on."""
    with time_machine.travel(CLICKED, tick=False) as traveller:
        yield traveller


@pytest.fixture
def browser(clock: time_machine.Traveller) -> Client:
    """A person's browser, which comes without a cookie."""
    return Client(enforce_csrf_checks=True, headers={"User-Agent": PERSON})
