from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recovery.channels.segments import BASIC, EXTENDED, fold, graphemes, measure, without_pictures

TABLE = [
    ("", "GSM-7", 0, 0),
    ("a", "GSM-7", 1, 1),
    ("a" * 160, "GSM-7", 160, 1),
    ("a" * 161, "GSM-7", 161, 2),
    ("a" * 306, "GSM-7", 306, 2),
    ("a" * 307, "GSM-7", 307, 3),
    ("€" * 80, "GSM-7", 160, 1),
    ("€" * 81, "GSM-7", 162, 2),
    ("a" * 152 + "€" + "a" * 8, "GSM-7", 162, 2),
    ("a" * 152 + "€" + "a" * 151, "GSM-7", 305, 2),
    ("a" * 152 + "€" + "a" * 152, "GSM-7", 306, 3),  # the pair moves over whole, and pushes one out
    ("ä" * 160, "GSM-7", 160, 1),
    ("ç", "UCS-2", 1, 1),
    ("ç" * 70, "UCS-2", 70, 1),
    ("ç" * 71, "UCS-2", 71, 2),
    ("ç" * 134, "UCS-2", 134, 2),
    ("ç" * 135, "UCS-2", 135, 3),
    ("😀" * 35, "UCS-2", 70, 1),
    ("😀" * 36, "UCS-2", 72, 2),
    ("😀" * 66, "UCS-2", 132, 2),
    ("😀" * 67, "UCS-2", 134, 3),  # 33 pairs fill 66 of 67 units
    ("€" * 70 + "“", "UCS-2", 71, 2),
]


@pytest.mark.parametrize(("text", "encoding", "units", "segments"), TABLE)
def test_a_text_is_counted_as_the_network_counts(text: str, encoding: str, units: int, segments: int) -> None:
    found = measure(text)
    assert (found.encoding, found.units, found.segments) == (encoding, units, segments)


def test_the_alphabet_is_whole() -> None:
    assert (len(BASIC), len(EXTENDED)) == (127, 10)
    assert all(measure(char).units == 1 for char in BASIC)
    assert all(measure(char).units == 2 for char in EXTENDED)


def test_the_culprits_are_named_once_in_order() -> None:
    assert measure("“hi” – ok “").culprits == ("“", "”", "–")


@pytest.mark.parametrize(("text", "left"), [("", 160), ("a", 159), ("a" * 161, 145), ("ç", 69), ("ç" * 71, 63)])
def test_it_tells_what_still_fits(text: str, left: int) -> None:
    assert measure(text).left == left


def simulated(text: str) -> int:
    """Another way to the same number: write the code units out, and cut them as a sender would."""
    gsm = all(char in BASIC | EXTENDED for char in text)
    tape = "".join(("^c" if char in EXTENDED else "c") if gsm else _units(char) for char in text)
    single, part = (160, 153) if gsm else (70, 67)
    if len(tape) <= single:
        return 1 if tape else 0
    count = 0
    while tape:
        at = min(part, len(tape))
        at -= tape[at - 1] == "^"
        tape, count = tape[at:], count + 1
    return count


def _units(char: str) -> str:
    return "^c" if len(char.encode("utf-16-le", "surrogatepass")) == 4 else "c"


GSM = st.text(alphabet="aäé €[]^", max_size=700)
ANY = st.text(alphabet=st.sampled_from("aä€“ç😀👩\u200d"), max_size=400)


@given(st.one_of(GSM, ANY, st.text(max_size=200)))
def test_it_agrees_with_a_plain_simulation(text: str) -> None:
    assert measure(text).segments == simulated(text)


@pytest.mark.parametrize(
    ("text", "locale", "folded"),
    [
        ("“Hi” – it’s…", "", '"Hi" - it\'s...'),
        ("89,90\u00a0€ 1\u202f299", "", "89,90 € 1 299"),
        ("ＳＡＬＥ", "", "SALE"),
        ("so\u200bft \u00adhy", "", "soft hy"),
        ("Åäöæøßñé", "en", "Åäöæøßñé"),
        ("a\u0308", "fi", "ä"),
        ("Ça fête leçon œuvre", "fr-CA", "Ça fete lecon oeuvre"),
        ("Provençal Żubrówka", "en", "Provencal Zubrowka"),
        ("żółw", "pl", "żółw"),
        ("año más", "es", "año más"),
        ("‘Привет’", "en", "‘Привет’"),
        ("“Hi” 😀", "en", "“Hi” 😀"),
        ("“Hi” żółw", "pl", "“Hi” żółw"),
    ],
)
def test_folding_keeps_what_a_reader_needs(text: str, locale: str, folded: str) -> None:
    assert fold(text, locale) == folded


@given(st.text(max_size=100), st.sampled_from(["", "en", "fr", "pl"]))
def test_folding_never_makes_an_alphabet_worse(text: str, locale: str) -> None:
    folded = fold(text, locale)
    assert folded == text or not measure(folded).culprits
    assert fold(folded, locale) == folded


def test_pictures_go_and_letters_stay() -> None:
    assert without_pictures("Wool 🧶 sweater ✨™ żółw Шарф") == "Wool sweater ™ żółw Шарф"
    assert without_pictures("👩🏽‍🚀") == ""


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("ab", ["a", "b"]),
        ("e\u0301a", ["e\u0301", "a"]),
        ("👩🏽\u200d🚀x", ["👩🏽\u200d🚀", "x"]),
        ("🇫🇮🇸🇪", ["🇫🇮", "🇸🇪"]),
        ("❤️!", ["❤️", "!"]),
        ("\r\na", ["\r\n", "a"]),
    ],
)
def test_a_sign_that_a_reader_sees_is_one(text: str, parts: list[str]) -> None:
    assert graphemes(text) == parts
