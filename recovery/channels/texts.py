"""The texts a shop can send from the first day: three reminders and the fixed words of the layout, in each language."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

FOLDER = Path(__file__).resolve().parents[2] / "templates" / "email"

#: reminder: within the hour, gentle. help: a day later, service. farewell: after three days, the last one.
KEYS = ("reminder", "help", "farewell")
LOCALES = ("en", "fi", "nb", "sv", "de", "fr")
# Norwegian has two written forms and one old code for both; Bokmål is what all of their readers read.
_NEIGHBOURS = {"no": "nb", "nn": "nb"}


@dataclass(frozen=True, slots=True)
class Texts:
    """One template in one language, as the marketer wrote it: Liquid, no HTML. `body` has blank lines between
    paragraphs. Optional fields may be empty; then the layout leaves their place out."""

    locale: str
    subject: str
    body: str
    button: str
    preheader: str = ""
    headline: str = ""
    offer: str = ""  # shown above the discount code, and only when there is one
    closing: str = ""


def closest_locale(*wanted: str) -> str:
    """The first of the wanted languages that we have texts for, by region then language; else English."""
    for tag in wanted:
        language = tag.replace("_", "-").split("-")[0].lower()
        language = _NEIGHBOURS.get(language, language)
        if language in LOCALES:
            return language
    return "en"


def default_texts(key: str, *wanted: str) -> Texts:
    """The text for one of KEYS in the closest of the wanted locales: the shopper's first, then the store's."""
    if key not in KEYS:
        raise KeyError(f"no default text {key!r}; there are {', '.join(KEYS)}")
    locale = closest_locale(*wanted)
    fields = {"offer": words(locale)["offer"], **_read(locale, key)}
    return Texts(locale=locale, **{name: text.strip() for name, text in fields.items()})


def words(locale: str) -> Mapping[str, str]:
    """The fixed words of the layout (Liquid inside), in the closest language."""
    return _read(closest_locale(locale), "words")


@cache
def _read(locale: str, name: str) -> Mapping[str, str]:
    return MappingProxyType(tomllib.loads((FOLDER / "texts" / locale / f"{name}.toml").read_text("utf-8")))
