"""What all public pages have in common: language, headers, no cookie, nothing from elsewhere."""

from __future__ import annotations

import re
import string
import tomllib

import pytest
from django.test import Client

from customers.models import Customer, Store
from recovery.channels.texts import LOCALES
from recovery.links.words import FOLDER, page_words
from recovery.models import Message
from tests.factories import make_store
from tests.recovery.links.written import written

TABLES = {locale: tomllib.loads((FOLDER / f"{locale}.toml").read_text("utf-8")) for locale in LOCALES}


def leaves(table: dict[str, object], path: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in table.items():
        found |= leaves(value, f"{path}{name}.") if isinstance(value, dict) else {path + name: str(value)}
    return found


@pytest.mark.parametrize("locale", LOCALES)
def test_every_language_says_everything(locale):
    ours, english = leaves(TABLES[locale]), leaves(TABLES["en"])
    assert ours.keys() == english.keys()
    assert all(text.strip() == text != "" for text in ours.values())
    for name, text in ours.items():
        wanted = {field for _, field, _, _ in string.Formatter().parse(english[name]) if field}
        assert {field for _, field, _, _ in string.Formatter().parse(text) if field} == wanted, name


def test_there_is_no_language_that_nobody_reads():
    assert {path.stem for path in FOLDER.glob("*.toml")} == set(LOCALES)


@pytest.mark.parametrize("wanted", [["nn-NO"], ["no"], ["", "nb"], ["xx", "nb-NO"]])
def test_the_closest_language_is_taken(wanted):
    assert page_words("unsubscribe", *wanted, store="Puro", channel="email")["lang"] == "nb"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("message", "customer", "store", "lang"),
    [("fi", "sv", "de", "fi"), ("", "sv", "de", "sv"), ("", "", "de", "de"), ("xx", "", "fr-CA", "fr")],
)
def test_a_page_speaks_the_language_of_the_message_then_the_persons_then_the_stores(
    browser, message, customer, store, lang
):
    link = written()
    Message.objects.update(locale=message)
    Customer.objects.update(locale=customer)
    Store.objects.update(locale=store)
    for path in (link.unsubscribe, link.preferences):
        response = browser.get(path, headers={"Accept-Language": "en"})
        assert f'<html lang="{lang}">' in response.content.decode()
        assert response["Content-Language"] == lang


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("header", "lang"), [("fi-FI,fi;q=0.9", "fi"), ("nn-NO,nb;q=0.8", "nb"), ("ja", "en"), ("", "en")]
)
def test_who_is_not_known_reads_the_language_of_the_browser(browser, header, lang):
    response = browser.get("/u/2345678923456789/", headers={"Accept-Language": header})
    assert f'<html lang="{lang}">' in response.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["unsubscribe", "preferences", "lost"])
def test_a_page_is_kept_by_nobody_and_keeps_nothing(browser, kind):
    response = browser.get("/r/2345678923456789/" if kind == "lost" else getattr(written(), kind))
    assert not response.cookies
    assert "Cookie" not in response.get("Vary", "")
    assert response["Cache-Control"] == "no-store"
    assert response["Referrer-Policy"] == "no-referrer"
    assert response["X-Robots-Tag"] == "noindex, nofollow"
    assert response["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self'; ")
    assert response["X-Frame-Options"] == "DENY"


@pytest.mark.django_db
def test_a_page_holds_nothing_inline_and_nothing_from_elsewhere(browser):
    link = written(make_store(support_contact="help@shop.example"))
    for path in (link.unsubscribe, link.preferences, "/r/nobody/"):
        html = browser.get(path).content.decode()
        assert not re.search(r"<script|<style|\sstyle=|\son\w+=", html)
        assert not re.search(r'(?:src|href|action)="(?:https?:)?//', html)


@pytest.mark.django_db
def test_what_a_store_calls_itself_is_never_markup(browser):
    link = written(make_store(name='<img src=x onerror="alert(1)">', postal_address="<b>Street</b>"))
    for path in (link.unsubscribe, link.preferences):
        html = browser.get(path).content.decode()
        assert "<img" not in html and "<b>" not in html and "&lt;img" in html


@pytest.mark.django_db
def test_a_store_name_with_braces_is_only_a_name(browser):
    html = browser.get(written(make_store(name="{store.secrets}")).unsubscribe).content.decode()
    assert "{store.secrets} will no longer e‑mail you" in html


@pytest.mark.django_db
def test_an_address_that_nothing_answers_to_has_a_page_of_its_own():
    response = Client(headers={"Accept-Language": "sv"}).get("/nothing/here/")
    assert response.status_code == 404
    assert "Sidan hittades inte" in response.content.decode()
    assert not response.cookies


def test_a_host_that_is_not_ours_has_a_page_of_its_own():
    response = Client().get("/r/x/", headers={"Host": "evil.example"})
    assert response.status_code == 400
    assert "That did not work" in response.content.decode()


def test_an_error_of_ours_has_a_page_of_its_own(monkeypatch):
    def breaks(token: str) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr("recovery.links.views.recovery_link", breaks)
    response = Client(raise_request_exception=False, headers={"Accept-Language": "de"}).get("/r/x/")
    assert response.status_code == 500
    assert "Etwas ist schiefgegangen" in response.content.decode()
    assert response["Cache-Control"] == "no-store"
