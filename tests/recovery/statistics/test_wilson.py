"""Against the numbers that R. G. Newcombe printed in 1998 (Statistics in Medicine 17, method 3)."""

from __future__ import annotations

import pytest

from recovery.statistics.wilson import wilson


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_it_gives_the_published_intervals(hits, n, low, high):
    assert tuple(round(end, 4) for end in wilson(hits, n)) == (low, high)


def test_it_never_leaves_nought_to_one():
    assert wilson(0, 1_000_000)[0] == 0.0
    assert wilson(29, 29)[1] == 1.0


@pytest.mark.parametrize(("hits", "n"), [(0, 0), (2, 1), (-1, 5)])
def test_it_refuses_what_is_no_share(hits, n):
    with pytest.raises(ValueError, match="is no share"):
        wilson(hits, n)
