from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from recovery.channels.liquid import TemplateBroken, check, render, unknown_variables


def test_it_escapes_in_html_and_only_there() -> None:
    seen = {"name": "<b>&'\""}
    assert render("{{ name }}", seen, html=True) == "&lt;b&gt;&amp;&#39;&#34;"
    assert render("{{ name }}", seen, html=False) == "<b>&'\""


def test_what_is_unknown_renders_as_nothing() -> None:
    assert render("[{{ nobody.knows | money }}{{ nobody }}]", {}, html=True) == "[]"


@pytest.mark.parametrize(
    ("locale", "written"),
    [
        ("en", "€1,234.50"),
        ("fi", "1\xa0234,50\xa0€"),
        ("nb", "1\xa0234,50\xa0€"),
        ("sv", "1\xa0234,50\xa0€"),
        ("de", "1.234,50\xa0€"),
        ("fr", "1\u202f234,50\xa0€"),
        ("de-AT", "€\xa01.234,50"),
        ("xx", "€1,234.50"),
    ],
)
def test_money_is_written_in_the_language_of_the_message(locale: str, written: str) -> None:
    seen = {"locale": locale, "cart": {"total": Decimal("1234.50"), "currency": "EUR"}}
    assert render("{{ cart.total | money }}", seen, html=False) == written


def test_money_can_name_its_currency_and_bears_nonsense() -> None:
    assert render("{{ '5' | money: 'JPY' }}|{{ 'five' | money }}|{{ 5 | money }}", {}, html=False) == "¥5||5.00"


DAYS = [date(2026, 3, 5), datetime(2026, 3, 5, 23, tzinfo=UTC), "2026-03-05", "2026-03-05T10:00:00+02:00"]


@pytest.mark.parametrize("value", DAYS)
def test_a_day_is_written_out(value: Any) -> None:
    assert render("{{ d | day }}", {"d": value, "locale": "fi"}, html=False) == "5. maaliskuuta 2026"


HARMFUL = [
    "{% for i in (1..100000000) %}x{% endfor %}",
    "{% for i in (1..40) %}{% for j in (1..40) %}x{% endfor %}{% endfor %}",
    "{{ (1..100000000) | join }}",
    "{% assign x = 'aaaaaaaa' %}{% for i in (1..100) %}{% assign x = x | append: x %}{% endfor %}",
    "{% assign x = 9 %}{% for i in (1..900) %}{% assign x = x | times: x %}{% endfor %}",
    "{% assign x = 'aaaaaaaaaaaaaaaa' %}{% for i in (1..9) %}{% assign x = x | replace: 'a', x %}{% endfor %}",
    "{% include 'settings' %}",
    "{% render 'settings' %}",
    "{{ 1 | divided_by: 0 }}",
    "{{ store | safe }}",
]


@pytest.mark.parametrize("source", HARMFUL)
def test_no_template_harms_the_worker(source: str) -> None:
    with pytest.raises(TemplateBroken):
        render(source, {}, html=True)


def test_nothing_reaches_into_python() -> None:
    class Secret:
        token = "s3cret"

    sources = ("{{ x.token }}", "{{ x.__class__ }}", "{{ x['token'] }}", "{{ x.__init__.__globals__ }}")
    assert [render(source, {"x": Secret()}, html=False) for source in sources] == ["", "", "", ""]


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("{% if x %}a", "expected tag endif, found end of expression"),
        ("one\n{{ x | upcas }}", "unknown filter “upcas”"),
        ("one\n{% foo %}", "unexpected tag 'foo' (line 2: {% foo %})"),
        ("{{ x", "expected '}}', found end of file (line 1: {{ x)"),
    ],
)
def test_a_mistake_is_told_in_words(source: str, problem: str) -> None:
    assert check(source) == [problem]


def test_it_finds_names_that_no_message_has() -> None:
    source = "{{ custmer.first_name }} {{ cart.items.first.titel }} {% for i in cart.items %}{{ i.colour }}{% endfor %}"
    assert unknown_variables(source) == ["cart.items.first.titel", "custmer.first_name", "i.colour"]


def test_it_knows_the_names_that_every_message_has() -> None:
    source = """{{ store.name }} {{ cart.items[0].title }} {{ cart.items.size }} {{ discount.expires | day }}
    {% for line in cart.items %}{{ forloop.index }} {{ line.line_total | money }}{% endfor %}
    {% assign rest = cart.count | minus: 1 %}{{ rest }} {{ greeting }}"""
    assert (check(source), unknown_variables(source)) == ([], [])
