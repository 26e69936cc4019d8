"""The measurements that `make bench` offers are there."""

from __future__ import annotations

import importlib.util
import inspect

import pytest

from bench.__main__ import NAMES
from bench.results import percentile, ratios
from bench.roads import ROADS


@pytest.mark.parametrize("name", NAMES)
def test_every_measurement_can_be_called(name):
    parameters = inspect.signature(importlib.import_module(f"bench.{name}").run).parameters
    assert list(parameters) == ["ground", "options"]


@pytest.mark.parametrize("road", ROADS, ids=lambda road: road.name)
def test_every_way_out_has_a_stand_in_and_settings_that_lead_there(road):
    assert importlib.util.find_spec(road.standin)
    assert "4711" in str(road.settings(4711))


def test_a_ratio_is_taken_pair_by_pair():
    assert ratios([80, 50], [100, 50]).values == [0.8, 1.0]


def test_the_percentile_is_the_nearest_rank():
    assert percentile([5, 1, 4, 2, 3], 0.5) == 3
    assert percentile(list(range(1000)), 0.99) == 990
