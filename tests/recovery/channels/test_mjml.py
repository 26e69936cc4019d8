from __future__ import annotations

import re

import pytest

from recovery.channels.liquid import TemplateBroken, render
from recovery.channels.mjml import compile_mjml, lint_mjml


def layout(inside: str, head: str = "") -> str:
    return f'<mjml lang="fi">{head}<mj-body><mj-section><mj-column>{inside}</mj-column></mj-section></mj-body></mjml>'


def test_liquid_passes_through() -> None:
    html = compile_mjml(
        layout(
            "<mj-raw>{% for i in cart.items %}</mj-raw>"
            "<mj-text>{% if i.n < 3 %}{{ i.t | upcase }}{% endif %}</mj-text>"
            '<mj-raw>{% endfor %}</mj-raw><mj-button href="{{ recovery_url }}">go</mj-button>'
        )
    )
    seen = {"cart": {"items": [{"n": 1, "t": "a<"}, {"n": 5, "t": "b<"}]}, "recovery_url": "https://x.example/?a=1&b=2"}
    rendered = render(html, seen, html=True)
    assert "A&lt;" in rendered and "B&lt;" not in rendered
    assert 'href="https://x.example/?a=1&amp;b=2"' in rendered


@pytest.mark.parametrize("head", ["", "<mj-head></mj-head>", "<mj-head><mj-title>x</mj-title></mj-head>"])
def test_nothing_is_fetched_from_outside(head: str) -> None:
    html = compile_mjml(layout("<mj-text>hello</mj-text>", head))
    assert set(re.findall(r"https?://[^\"' )]+", html)) == {"http://www.w3.org/1999/xhtml"}
    assert "Helvetica, Arial, sans-serif" in html and "Ubuntu" not in html


@pytest.mark.parametrize(
    ("inside", "problem"),
    [
        ("<mj-colum>x</mj-colum>", "<mj-colum> is no MJML tag"),
        ('<mj-include path="/etc/passwd" />', "<mj-include> is not allowed: it reads a file"),
        ("<mj-raw><script>x</script></mj-raw>", "scripts, outside fonts and outside style sheets are not allowed"),
    ],
)
def test_a_mistake_is_told_in_words(inside: str, problem: str) -> None:
    assert lint_mjml(layout(inside)) == [problem]
    with pytest.raises(TemplateBroken):
        compile_mjml(layout(inside))


def test_broken_xml_is_told_too() -> None:
    with pytest.raises(TemplateBroken):
        compile_mjml(layout("<mj-text>never closed"))
    assert lint_mjml("hello") == ["a layout needs <mjml> and <mj-body>"]
