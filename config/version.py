"""The version is the changelog's first heading."""

from __future__ import annotations

import re

from config.env import ROOT


def version() -> str:
    """As in "0.1.0"."""
    for line in (ROOT / "CHANGELOG.md").read_text().splitlines():
        if found := re.match(r"##? v?(\d+\.\d+\.\d+\S*)", line):
            return found[1]
    raise RuntimeError("CHANGELOG.md has no heading with a version")
