"""What is told of a template while it is being written: in words, with the line, and with the mending."""

from __future__ import annotations

from dataclasses import replace

import pytest

from recovery.channels.lint import Finding, lint_layout, lint_mail, lint_source, lint_whatsapp
from recovery.channels.texts import Texts
from recovery.channels.whatsapp import WhatsAppTexts
from tests.recovery.channels.samples import context

TEXTS = Texts("en", "Your {{ cart.count }}", "{{ greeting }}\n\nCome back", "Go")
WHOLE = """<mjml><mj-body><mj-section><mj-column>
<mj-text>[[ body ]] {{ store.postal_address }}</mj-text>
<mj-button href="{{ recovery_url }}">[[ button ]]</mj-button>
<mj-text><a href="{{ unsubscribe_url }}">Stop</a></mj-text>
</mj-column></mj-section></mj-body></mjml>"""


@pytest.mark.parametrize(
    ("source", "line", "what"),
    [
        ("a\n{% if x %}b", 2, "{% if %} is never closed: add {% endif %}."),
        ("a\n\n{% endif %}", 3, "{% endif %} closes nothing: take it out."),
        (
            "{% for i in cart.items %}\n{% if i %}\n{% endfor %}{% endif %}",
            3,
            "{% endfor %} comes before {% endif %}, which the {% if %} of line 2 needs.",
        ),
        ("Hello {{ customer.first_name", 1, "“{{ customer.first_name” is never closed: put }} behind it."),
        ("Hello\n{% if x }} y", 2, "“{% if x }} y” is never closed: put %} behind it."),
        ("one\n{% foo %}", 2, "Unexpected tag 'foo'."),
        ("one\n{{ 'x' | upcas }}", 2, "There is no filter “upcas”. Did you mean upcase?"),
    ],
)
def test_broken_liquid_is_told_with_its_line(source: str, line: int, what: str) -> None:
    assert lint_source("body", source) == [Finding(what, "body", line)]


def test_a_slip_in_a_name_comes_with_what_was_meant() -> None:
    (told,) = lint_source("body", "Hello\n{{ customer.fist_name }}")
    assert told.what == "Nothing is called “customer.fist_name”. Did you mean customer.first_name?"
    assert (told.line, told.old, told.new, told.fatal) == (2, "customer.fist_name", "customer.first_name", True)


def test_what_is_raw_or_a_comment_is_left_alone() -> None:
    assert lint_source("body", "{% raw %}{{ x {% if %}{% endraw %}{% comment %}{% endfor %}{% endcomment %}") == []


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"subject": " "}, "Write a subject."),
        ({"subject": "a\nb"}, "A subject is one line."),
        ({"button": ""}, "Say what stands on the button."),
        ({"body": ""}, "Write the text."),
    ],
)
def test_a_mail_lacks_nothing(change: dict[str, str], what: str) -> None:
    assert [finding.what for finding in lint_mail(replace(TEXTS, **change))] == [what]


def test_a_whole_layout_of_ones_own_is_fine() -> None:
    assert lint_mail(TEXTS, WHOLE) == []


@pytest.mark.parametrize(
    ("without", "what"),
    [
        ("{{ recovery_url }}", "The link back to the cart is missing: put {{ recovery_url }} into the layout."),
        ("{{ unsubscribe_url }}", "The unsubscribe link is missing: put {{ unsubscribe_url }} into the layout."),
        ("{{ store.postal_address }}",
         "The store's postal address is missing: put {{ store.postal_address }} into the layout."),
    ],
)  # fmt: skip
def test_a_layout_holds_what_the_law_and_the_shopper_want(without: str, what: str) -> None:
    in_a_comment = WHOLE.replace(without, f"<!-- {without} -->")
    assert lint_layout(in_a_comment) == [Finding(what, "layout")]


def test_what_only_looks_bad_stops_nobody() -> None:
    layout = WHOLE.replace("[[ body ]]", "Hello").replace(
        "<mj-button", '<mj-image src="https://a.example/1.png" />\n<mj-button'
    )
    told = lint_layout(layout)
    assert [(finding.line, finding.fatal) for finding in told] == [(0, False), (3, False)]
    assert "[[ body ]]" in told[0].what and "alt text" in told[1].what


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("<mj-text>[[", "<mj-txt>[[", "<mj-txt> is no MJML tag."),
        ("[[ button ]]", "[[ buton ]]",
         "[[ buton ]] is no slot of a layout: there are subject, preheader, headline, body, button, offer, closing."),
        ("<mj-button", "<mj-raw><script>x</script></mj-raw><mj-button",
         "Scripts, outside fonts and outside style sheets are not allowed."),
    ],
)  # fmt: skip
def test_a_mistake_in_the_layout_is_told(old: str, new: str, what: str) -> None:
    assert [finding.what for finding in lint_layout(WHOLE.replace(old, new))] == [what]


def test_html_is_a_layout_too_and_runs_nothing() -> None:
    html = (
        "<!doctype html><html><body onload='x()'>[[ body ]] {{ store.postal_address }}"
        "<a href='{{ recovery_url }}'>x</a>"
        "<a href='{{ unsubscribe_url }}'>x</a><iframe src='https://a.example'></iframe></body></html>"
    )
    assert [finding.what for finding in lint_layout(html)] == [
        "<iframe> does nothing in a mail: take it out.",
        "Onload does nothing in a mail: take it out.",
    ]


def test_whatsapp_keeps_its_own_rules() -> None:
    (told,) = lint_whatsapp(WhatsAppTexts("en", "{{ recovery_url }} is waiting for you, dear shopper"), context())
    assert told == Finding("The text begins with a variable: put a word before it.", "body")
