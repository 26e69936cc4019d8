from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recovery.bot.keywords import Keyword, intent, twilio_answers_itself

SENTENCES = tomllib.loads(Path(__file__).with_name("sentences.toml").read_text("utf-8"))


def told(table: dict[str, str]) -> list[tuple[str, str]]:
    return [(locale, line) for locale, lines in table.items() for line in lines.strip().splitlines()]


@pytest.mark.parametrize(("locale", "text"), told(SENTENCES["stop"]))
def test_a_wish_to_be_left_alone_is_heard(locale: str, text: str) -> None:
    assert intent(text, locale=locale) is Keyword.STOP


@pytest.mark.parametrize(("locale", "text"), told(SENTENCES["not_stop"]))
def test_what_only_sounds_like_one_is_not(locale: str, text: str) -> None:
    assert intent(text, locale=locale) is Keyword.NONE


@pytest.mark.parametrize(("locale", "text"), told(SENTENCES["not_stop"]))
def test_a_wish_beside_it_is_still_heard(locale: str, text: str) -> None:
    assert intent(f"{text.rstrip('.!? ')}. STOP.", locale=locale) is Keyword.STOP


def test_the_tables_are_broad() -> None:
    assert all(len(lines.split("\n")) >= 17 for lines in SENTENCES["stop"].values())
    assert all(len(lines.split("\n")) >= 12 for lines in SENTENCES["not_stop"].values())
    assert set(SENTENCES["stop"]) == set(SENTENCES["not_stop"]) == {"en", "fi", "nb", "sv", "de", "fr", "es"}


@pytest.mark.parametrize("locale", ["", "en", "fi", "ja"])
def test_every_language_is_heard_everywhere(locale: str) -> None:
    for text in ("Lopettakaa viestien lähettäminen", "sluta skicka sms", "Keine Nachrichten mehr", "désabonnez-moi"):
        assert intent(text, locale=locale) is Keyword.STOP


def test_a_word_that_differs_between_languages_counts_where_it_is_one() -> None:
    assert intent("Slut", locale="sv-SE") is Keyword.STOP
    assert intent("Slut", locale="en") is Keyword.NONE
    assert intent("Fin", locale="fr") is Keyword.STOP
    assert intent("Peru", locale="es") is Keyword.NONE
    assert intent("Para", locale="es_MX") is Keyword.STOP


@pytest.mark.parametrize(
    ("text", "keyword"),
    [
        ("START", Keyword.START),
        ("unstop", Keyword.START),
        ("Start please!", Keyword.START),
        ("opt in", Keyword.START),
        ("aloita", Keyword.START),
        ("When do you start selling it?", Keyword.NONE),
        ("HELP", Keyword.HELP),
        ("info?", Keyword.HELP),
        ("Apua!", Keyword.HELP),
        ("Hilfe bitte", Keyword.HELP),
        ("Can you help me with my order?", Keyword.NONE),
        ("YES", Keyword.YES),
        ("y", Keyword.YES),
        ("Yes please 😀", Keyword.YES),
        ("Kyllä kiitos", Keyword.YES),
        ("Ja", Keyword.YES),
        ("Oui merci", Keyword.YES),
        ("Sí", Keyword.YES),
        ("yes but when?", Keyword.NONE),
        ("yes please stop", Keyword.STOP),
        ("", Keyword.NONE),
        ("👍", Keyword.NONE),
        ("   ", Keyword.NONE),
        ("...", Keyword.NONE),
    ],
)
def test_other_keywords_are_the_whole_message(text: str, keyword: Keyword) -> None:
    assert intent(text) is keyword


def test_twilio_is_believed_before_the_text() -> None:
    assert intent("ARRET MAINTENANT", opt_out_type="STOP") is Keyword.STOP
    assert intent("KAIKKI POIS", opt_out_type="stop") is Keyword.STOP
    assert intent("ALOITA", opt_out_type="START") is Keyword.START
    assert intent("YES", opt_out_type="START") is Keyword.YES
    assert intent("INFO", opt_out_type="HELP") is Keyword.HELP
    assert intent("STOP", opt_out_type="SOMETHING") is Keyword.STOP


def test_a_button_says_what_it_is() -> None:
    assert intent("Lopeta muistutukset", button_payload="stop") is Keyword.STOP
    assert intent("Anything", button_payload=" STOP ") is Keyword.STOP
    assert intent("Minulla on kysymys", button_payload="question") is Keyword.NONE
    assert intent("Stop messages", button_payload="btn-7") is Keyword.STOP


@pytest.mark.parametrize(
    ("text", "opt_out_type", "channel", "answer"),
    [
        ("STOP", "", "sms", True),
        (" stop ", "", "sms", True),
        ("Revoke", "", "sms", True),
        ("HELP", "", "sms", True),
        ("UNSTOP", "", "sms", True),
        ("YES", "", "sms", False),
        ("STOP PLEASE", "", "sms", False),
        ("stop.", "", "sms", False),
        ("Lopeta", "", "sms", False),
        ("STOP", "", "whatsapp", False),
        ("STOP", "STOP", "whatsapp", True),
        ("Lopeta", "STOP", "sms", True),
        ("YES", "START", "sms", True),
    ],
)
def test_it_knows_when_twilio_has_answered(text: str, opt_out_type: str, channel: str, answer: bool) -> None:
    assert twilio_answers_itself(text, opt_out_type, channel=channel) is answer


@given(st.text(max_size=300))
def test_any_text_has_an_intent(text: str) -> None:
    assert intent(text) in Keyword


@given(st.sampled_from(["stop", "STOP", "Stop"]), st.text(alphabet=" .!?*-😀🛑\n\u200d", max_size=8))
def test_stop_is_heard_through_any_decoration(word: str, around: str) -> None:
    assert intent(f"{around}{word}{around}") is Keyword.STOP


def test_a_long_text_is_read_quickly() -> None:
    assert intent("stop the music and " * 80 + "leave me alone") is Keyword.STOP
