from __future__ import annotations

import logging

import pytest

from config.lib.logline import handed

log = logging.getLogger("cartback.test")


def test_a_hand_over_is_one_line_of_words(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "cartback.test"):
        handed(log, "sweep", count=3, ms=12.6, ids=["c1", "c2"])
    assert caplog.messages == ["sweep count=3 ms=13 ids=c1,c2"]


def test_a_value_cannot_break_the_line(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "cartback.test"):
        handed(log, "drain", store="my shop\n2026-01-01 INFO all is well")
    assert caplog.messages == ["drain store=my_shop_2026-01-01_INFO_all_is_well"]
