"""The words of the public pages, one file for each language in templates/web/texts."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from recovery.channels.texts import closest_locale

FOLDER = Path(__file__).resolve().parents[2] / "templates" / "web" / "texts"


def page_words(section: str, *wanted: str, store: str = "", channel: str = "") -> dict[str, str]:
    """The words of one page in the closest of the wanted languages, with the store's name filled in.

    A section's own words come before the common ones, and those that differ by channel before both.
    """
    table = _read(closest_locale(*wanted))
    own = table[section].get(channel)
    chosen = {**table, **table[section], **(own if isinstance(own, dict) else {})}
    return {name: text.format(store=store) for name, text in chosen.items() if isinstance(text, str)}


@cache
def _read(locale: str) -> Mapping[str, Any]:
    return tomllib.loads((FOLDER / f"{locale}.toml").read_text("utf-8"))
