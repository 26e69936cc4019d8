from __future__ import annotations

import re
import tomllib
from dataclasses import asdict

import pytest

from recovery.channels.email import compile_texts, shape
from recovery.channels.lint import lint_mail
from recovery.channels.texts import FOLDER, KEYS, LOCALES, closest_locale, default_texts, words
from tests.recovery.channels.samples import SENDER, cart, context, item

EVERY = [(key, locale) for key in KEYS for locale in LOCALES]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (("nb-NO",), "nb"),
        (("nn",), "nb"),
        (("no",), "nb"),
        (("de-AT",), "de"),
        (("fr_CA",), "fr"),
        (("SV-fi",), "sv"),
        (("et", "fi"), "fi"),
        (("", "de"), "de"),
        (("et",), "en"),
        ((), "en"),
    ],
)
def test_the_closest_language_is_taken(wanted: tuple[str, ...], found: str) -> None:
    assert closest_locale(*wanted) == found


#: What recovery.discounts.words.shown gives for free delivery.
_FREE = {"code": "A1", "text": "", "free_shipping": True}


@pytest.mark.parametrize(("key", "locale"), EVERY)
def test_every_default_text_is_whole(key: str, locale: str) -> None:
    texts = default_texts(key, locale)
    assert all(asdict(texts).values()) and texts.locale == locale
    assert lint_mail(texts) == []
    assert len(texts.offer) < 300 and len(texts.subject) < 300


@pytest.mark.parametrize("locale", LOCALES)
def test_every_language_has_the_same_words(locale: str) -> None:
    assert words(locale).keys() == words("en").keys()
    files = {path.name for path in (FOLDER / "texts" / locale).iterdir()}
    assert files == {"words.toml", *(f"{key}.toml" for key in KEYS)}


@pytest.mark.parametrize(("key", "locale"), EVERY)
@pytest.mark.parametrize("name", ["Anna", ""])
@pytest.mark.parametrize("discount", [None, {"code": "A1", "text": "10 %", "expires": "2026-03-05"}, _FREE])
@pytest.mark.parametrize("count", [1, 2, 8])
def test_it_reads_well_in_every_case(
    key: str, locale: str, name: str, discount: dict[str, str] | None, count: int
) -> None:
    seen = context(customer={"first_name": name}, discount=discount, cart=cart(*[item()] * count))
    mail = shape(compile_texts(default_texts(key, locale)), seen, SENDER, send_id="m", to="a@b.example")
    body = mail.html.partition("<body")[2]
    assert not any(mark in body for mark in ("{{", "{%", "[[", "None"))
    assert not re.search(r"[{\[]| [,.]|\(\)|  ", mail.subject + "\n" + mail.text)
    assert ("Anna" in mail.text) == bool(name)
    assert ("A1" in mail.text) == bool(discount)


@pytest.mark.parametrize("key", [*KEYS, "words"])
def test_french_marks_stand_behind_a_space_that_does_not_break(key: str) -> None:
    values = tomllib.loads((FOLDER / "texts" / "fr" / f"{key}.toml").read_text("utf-8")).values()
    for text in (re.sub(r"\{[{%].*?[}%]\}", "x", value) for value in values):
        assert not re.search(r"[^\u00a0][?!;:]", text), text


@pytest.mark.parametrize(("key", "locale"), EVERY)
def test_no_text_hurries_anyone(key: str, locale: str) -> None:
    hurry = r"only today|last chance|hurry|nur heute|letzte chance|vain tänään|kiirehdi|bare i dag|idag|dernière chance"
    assert not re.search(hurry, " ".join(asdict(default_texts(key, locale)).values()), re.IGNORECASE)


def test_an_unknown_key_is_told() -> None:
    with pytest.raises(KeyError, match="no default text 'x'; there are reminder, help, farewell"):
        default_texts("x", "en")
