"""How many SMS a text becomes, counted as the networks count, and look-alike characters that make it fewer.

Alphabet and sizes are those of 3GPP TS 23.038 and 23.040: a text in the GSM 7-bit alphabet has 160 septets in one
message and 153 in each part of several; one other character, and the whole text goes as UCS-2 with 70 and 67 units.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
#: Each costs two septets: an escape, and the character.
EXTENDED = frozenset("\f^{}\\[~]|€")

_ALPHABET = BASIC | EXTENDED
#: What counts double in each encoding.
_ESCAPED = re.compile(f"[{re.escape(''.join(sorted(EXTENDED)))}]")
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")

_GSM, _UCS2 = "GSM-7", "UCS-2"
_ROOM = {_GSM: (160, 153), _UCS2: (70, 67)}

#: Languages of which every letter that a reader cannot do without is in the GSM alphabet (ä ö å æ ø ß ñ é è à ù …), so
#: that only accents of foreign words are lost, and in French those that its readers have gone without in SMS ever since
#: (ç ê î ô û ë ï œ): the price of keeping them is 70 characters in place of 160. In any other language (Polish ł, Czech
#: ř, Turkish ı, Spanish á) the letter is another letter, and stays.
LETTERS_FOLD = frozenset(("en", "fi", "nb", "nn", "no", "da", "sv", "de", "fr", "nl", "it"))

_SIGNS = {
    **dict.fromkeys("‘’‚‛′´`ʼ‹›", "'"),
    **dict.fromkeys("“”„‟″«»", '"'),
    **dict.fromkeys("‐‑‒–—―−", "-"),
    **dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff\u00ad\ufe0e\ufe0f", ""),
    **dict.fromkeys("•·●▪", "*"),
    "\t": " ", "\u2028": "\n", "\u2029": "\n",
    "…": "...", "×": "x", "™": "TM", "®": "(R)", "©": "(C)", "№": "No", "¢": "c", "→": "->", "½": "1/2", "¼": "1/4",
    "¾": "3/4", "ﬁ": "fi", "ﬂ": "fl",
}  # fmt: skip
_LETTERS = {
    "œ": "oe", "Œ": "OE", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "ı": "i", "İ": "I", "þ": "th",
    "Þ": "Th", "ẞ": "SS",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Measure:
    """What a text costs. `units` are septets or UTF-16 units; `culprits` are the characters that force UCS-2."""

    encoding: str  # GSM-7 | UCS-2
    units: int
    segments: int
    culprits: tuple[str, ...] = ()

    @property
    def left(self) -> int:
        """Units that still go into the last segment. Near the end of a part a pair may not fit any more."""
        single, part = _ROOM[self.encoding]
        return max(0, (single if self.segments <= 1 else part * self.segments) - self.units)


def measure(text: str) -> Measure:
    """Encoding, units and segments. Neither an escaped character nor a surrogate pair is ever split between parts."""
    culprits = () if _ALPHABET.issuperset(text) else tuple(dict.fromkeys(c for c in text if c not in _ALPHABET))
    encoding = _UCS2 if culprits else _GSM
    single, part = _ROOM[encoding]
    units = len(text) + len((_ASTRAL if culprits else _ESCAPED).findall(text))
    segments = _parts((_width(char, encoding) for char in text), part) if units > single else min(1, units)
    return Measure(encoding, units, segments, culprits)


def fold(text: str, locale: str = "") -> str:
    """The text in the GSM alphabet through look-alikes, or as it was if that cannot be: a loss that makes nothing
    cheaper is only a loss. Signs fold in every language, letters only in those of LETTERS_FOLD."""
    if _ALPHABET.issuperset(text):
        return text
    letters = locale.replace("_", "-").split("-")[0].lower() in LETTERS_FOLD
    folded = "".join(_folded(char, letters) for char in unicodedata.normalize("NFC", text))
    return text if measure(folded).culprits else folded


def without_pictures(text: str) -> str:
    """The text without emoji and other signs that no look-alike can stand for; letters of any script stay."""
    kept = "".join(sign for sign in graphemes(text) if sign in _SIGNS or unicodedata.category(sign[0]) not in _PICTURES)
    return re.sub(r" {2,}", " ", kept).strip()


def graphemes(text: str) -> list[str]:
    """The text cut where a reader sees one sign end, near enough to UAX #29 for cutting titles: accents, joined emoji,
    skin tones, flags and line ends stay whole."""
    if text.isascii() and "\r" not in text:
        return list(text)
    found: list[str] = []
    for char in text:
        if found and _joins(found[-1], char):
            found[-1] += char
        else:
            found.append(char)
    return found


# So: other symbols, Sk: skin tones, Cs: halves of a pair, Co: private use, Cn: unassigned, Me: enclosing keycaps
_PICTURES = frozenset(("So", "Sk", "Cs", "Co", "Cn", "Me"))
_JOINER = "\u200d"


def _width(char: str, encoding: str) -> int:
    if encoding == _GSM:
        return 2 if char in EXTENDED else 1
    return 2 if ord(char) > 0xFFFF else 1


def _parts(widths: Iterable[int], room: int) -> int:
    parts, used = 1, 0
    for width in widths:
        if used + width > room:
            parts, used = parts + 1, 0
        used += width
    return parts


def _folded(char: str, letters: bool) -> str:
    if char in BASIC or char in EXTENDED:
        return char
    if char in _SIGNS:
        return _SIGNS[char]
    if unicodedata.category(char) == "Zs":
        return " "
    plain = unicodedata.normalize("NFKC", char)
    if plain != char and unicodedata.east_asian_width(char) == "F":  # ＡＢＣ and the like
        return "".join(_folded(each, letters) for each in plain)
    return _without_accent(char) if letters else char


def _without_accent(char: str) -> str:
    if char in _LETTERS:
        return _LETTERS[char]
    base = unicodedata.normalize("NFD", char)[0]
    return base if base.isascii() and base.isalpha() else char


def _joins(before: str, char: str) -> bool:
    if char == _JOINER or before.endswith(_JOINER):
        return True
    if unicodedata.category(char) in ("Mn", "Me", "Mc") or 0x1F3FB <= ord(char) <= 0x1F3FF:
        return True
    if before == "\r" and char == "\n":
        return True
    return _is_flag_half(char) and len(before) == 1 and _is_flag_half(before)


def _is_flag_half(char: str) -> bool:
    return 0x1F1E6 <= ord(char[0]) <= 0x1F1FF
