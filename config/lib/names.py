"""Names as people sort them."""

from __future__ import annotations

import re


def by_number(name: str) -> tuple[list[str | int], str]:
    """A sort key by which digits count as numbers, whatever the case: 1 h, 4 h, 24 h."""
    parts = re.split(r"(\d+)", name.casefold())  # words and digits by turns
    return [int(part) if n % 2 else part for n, part in enumerate(parts)], name
