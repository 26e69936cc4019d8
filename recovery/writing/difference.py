"""What changed between two versions, word by word, and line by line in a layout."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from recovery.models import TemplateVersion
from recovery.writing.fields import FIELDS

_WORDS = re.compile(r"\s+|\w+|\W")
#: Fewer words than these between two changes are taken into them.
_WORDS_APART = 4
_LINES = re.compile(r"[^\n]*\n|[^\n]+")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text. `kind`: same | gone | new."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Changed:
    """One field in one language; of the layout, locale is ""."""

    locale: str
    field: str
    pieces: tuple[Piece, ...]


def difference(old: TemplateVersion, new: TemplateVersion) -> list[Changed]:
    """Every field that differs, by language, the layout first."""
    found = []
    if old.layout != new.layout:
        found.append(Changed("", "layout", tuple(_around_changes(_pieces(old.layout, new.layout, _LINES)))))
    for locale in sorted({*old.texts, *new.texts}):
        before, after = old.texts.get(locale, {}), new.texts.get(locale, {})
        for name in FIELDS[new.template.channel]:
            was, is_now = before.get(name, ""), after.get(name, "")
            if was != is_now:
                found.append(Changed(locale, name, tuple(_in_stretches(_pieces(was, is_now, _WORDS)))))
    return found


def _in_stretches(pieces: Iterator[Piece]) -> Iterator[Piece]:
    """Changes with next to nothing between them become one: a sentence cut into crumbs cannot be read."""
    gone = new = between = ""
    for piece in pieces:
        if piece.kind == "same" and (not gone + new or len(piece.text.split()) >= _WORDS_APART):
            yield from _changed(gone, new)
            yield piece
            gone = new = ""
        elif piece.kind == "same":
            between = piece.text
        else:
            gone, new, between = gone + between, new + between, ""
            gone, new = (gone + piece.text, new) if piece.kind == "gone" else (gone, new + piece.text)
    yield from _changed(gone, new)
    if between:
        yield Piece("same", between)


def _changed(gone: str, new: str) -> Iterator[Piece]:
    if gone:
        yield Piece("gone", gone)
    if new:
        yield Piece("new", new)


def _pieces(old: str, new: str, unit: re.Pattern[str]) -> Iterator[Piece]:
    before, after = unit.findall(old), unit.findall(new)
    for kind, a1, a2, b1, b2 in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind == "equal":
            yield Piece("same", "".join(before[a1:a2]))
            continue
        if a2 > a1:
            yield Piece("gone", "".join(before[a1:a2]))
        if b2 > b1:
            yield Piece("new", "".join(after[b1:b2]))


def _around_changes(pieces: Iterator[Piece], lines: int = 2) -> Iterator[Piece]:
    """A layout is long: of what stayed, only the lines beside a change."""
    for piece in pieces:
        kept = piece.text.splitlines(keepends=True)
        if piece.kind == "same" and len(kept) > 2 * lines + 1:
            yield Piece("same", "".join(kept[:lines]) + "⋯\n" + "".join(kept[-lines:]))
        else:
            yield piece
