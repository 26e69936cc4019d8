from __future__ import annotations

from config.lib.names import by_number


def test_digits_count_as_numbers_whatever_the_case() -> None:
    names = ["24 h", "B", "step 10", "1 h", "a", "Step 9", "4 h", ""]
    assert sorted(names, key=by_number) == ["", "1 h", "4 h", "24 h", "a", "B", "Step 9", "step 10"]
