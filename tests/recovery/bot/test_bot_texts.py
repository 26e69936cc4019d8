"""The bot's sentences: in every language, in the store's name, and cheap to send."""

from __future__ import annotations

import tomllib

import pytest

from customers.models import Customer, Store
from recovery.bot.keywords import Keyword, intent
from recovery.bot.texts import FOLDER, PURPOSES, sentence
from recovery.channels.segments import measure
from recovery.channels.texts import LOCALES


def said(purpose: str, locale: str, **store: str) -> str:
    return sentence(purpose, Store(name="Nordic Home", locale="en", **store), Customer(locale=locale), "sms")


def test_every_language_has_every_sentence():
    files = {path.stem: tomllib.loads(path.read_text("utf-8")) for path in FOLDER.glob("*.toml")}
    assert {locale: set(words) for locale, words in files.items()} == dict.fromkeys(LOCALES, set(PURPOSES))


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("purpose", PURPOSES)
def test_each_names_the_store_and_fits_into_one_sms(locale, purpose):
    text = said(purpose, locale, support_contact="help@shop.example")
    cost = measure(text)
    assert text.startswith("Nordic Home")
    assert (cost.encoding, cost.segments) == ("GSM-7", 1), f"{cost.units}: {text}"
    assert "None" not in text and "{{" not in text


@pytest.mark.parametrize("locale", LOCALES)
def test_the_words_that_it_asks_for_are_understood(locale):
    assert "YES" in said("confirm", locale) and intent("YES", locale=locale) is Keyword.YES
    assert "START" in said("stopped", locale) and intent("START", locale=locale) is Keyword.START
    for purpose in ("confirm", "confirmed", "started", "help"):
        assert "STOP" in said(purpose, locale)


def test_a_store_without_a_support_contact_promises_none():
    assert "Help:" not in said("help", "en")
    assert "Help: help@shop.example." in said("help", "en", support_contact="help@shop.example")
