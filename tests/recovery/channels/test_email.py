from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from recovery.channels.email import Compiled, compile_texts, shape
from recovery.channels.lint import lint_mail
from recovery.channels.liquid import TemplateBroken
from recovery.channels.texts import KEYS, Texts, default_texts
from recovery.providers.base import Envelope
from tests.recovery.channels.samples import SENDER, cart, context, item, store

TEXTS = Texts("en", "Your {{ cart.count }} & more", "{{ greeting }}\n\nFirst\nline < 2\n\nSecond", "Go <now>")


def mail(texts: Texts = TEXTS, **changes: Any) -> Envelope:
    return shape(compile_texts(texts), context(**changes), SENDER, send_id="m-1", to="anna@shopper.example")


def test_the_envelope_is_complete_and_always_the_same() -> None:
    envelope = mail()
    assert envelope == mail()
    assert (envelope.subject, envelope.message_id) == ("Your 1 & more", "<m-1@shop.example>")
    assert (envelope.sender, envelope.sender_name, envelope.reply_to) == (
        "hello@shop.example",
        "Nordic & Co",
        "help@shop.example",
    )
    assert envelope.headers == {
        "Content-Language": "en",
        "List-Unsubscribe": "<https://go.shop.example/u/abc>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


def test_plain_words_become_safe_paragraphs() -> None:
    html = mail().html
    assert "<p>Hello Anna,</p><p>First<br />line &lt; 2</p><p>Second</p>" in html
    assert "Go &lt;now&gt;" in html


def test_what_a_shop_or_a_shopper_wrote_is_escaped() -> None:
    html = mail(cart=cart(item("<script>alert(1)</script>", variant='"><img>')), store=store(name="A & B <i>")).html
    assert "<script>" not in html and "<i>" not in html and '"><img>' not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html


def test_the_text_part_has_its_own_layout() -> None:
    text = mail(cart=cart(item(), item("Card", variant="", quantity=2))).text
    assert "1 × Wool sweater (Green / M): €89.90\n2 × Card: €89.90\nTotal: €179.80\n" in text
    assert "Go <now>:\nhttps://go.shop.example/r/abc\n" in text
    assert "Unsubscribe: https://go.shop.example/u/abc\n" in text
    assert text.endswith("Nordic & Co\nKatu 1\n00100 Helsinki\n")
    assert "\n\n\n" not in text and not re.search(r"[ \t]\n", text)


def test_the_mail_has_all_that_the_law_and_the_reader_want() -> None:
    html = mail(default_texts("reminder", "fi")).html
    for wanted in (
        'lang="fi"',
        "Katu 1",
        "/u/abc",
        "/preferences/abc",
        "/r/abc",
        'alt="Wool sweater"',
        'role="article"',
    ):
        assert wanted in html
    assert len(html.encode()) < 40_000


def test_nothing_in_the_mail_calls_home() -> None:
    html = mail(default_texts("farewell", "en")).html
    fetched = re.findall(r"(?:src|background)=[\"']?([^\"' >]+)|url\(([^)]*)\)|@import|<link", html)
    assert fetched == [("https://shop.example/1.jpg", "")]


def test_the_discount_shows_only_when_there_is_one() -> None:
    assert "offer-box" not in mail().html.partition("</style></head>")[2]
    shown = mail(discount={"code": "TAKK-1", "text": "10 %", "expires": "2026-03-05"})
    assert "TAKK-1" in shown.html and "Valid until March 5, 2026" in shown.html
    assert "TAKK-1\nValid until March 5, 2026\n" in shown.text


@pytest.mark.parametrize("missing", ["image", "url", "variant", "quantity", "price", "line_total", "title"])
@pytest.mark.parametrize("empty", ["", None])
def test_an_item_may_lack_anything(missing: str, empty: str | None) -> None:
    envelope = mail(cart={"items": [{**item(), missing: empty}], "currency": "EUR"})
    assert 'src=""' not in envelope.html and 'href=""' not in envelope.html
    assert "None" not in envelope.html and "None" not in envelope.text
    assert "()" not in envelope.text


@pytest.mark.parametrize("missing", ["url", "support", "postal_address", "currency", "logo"])
@pytest.mark.parametrize("key", KEYS)
def test_a_store_may_lack_anything(key: str, missing: str) -> None:
    envelope = mail(default_texts(key, "en"), store=store(**{missing: ""}))
    assert 'href=""' not in envelope.html and 'src=""' not in envelope.html and "None" not in envelope.html
    assert not re.search(r" [.,]|None", envelope.text)


def test_a_cart_of_many_items_is_cut_short() -> None:
    many = cart(*[item(f"Thing {number}") for number in range(40)])
    html = mail(cart=many).html
    assert html.count("Thing ") == 5 * 2  # alt text and title
    assert "and 35 more items in your cart" in html


def test_an_empty_cart_still_makes_a_mail() -> None:
    assert "/r/abc" in mail(cart=cart(total=None)).html


@pytest.mark.parametrize("evil", ["x\r\nBcc: v@x.example", "x\nBcc: v@x.example", "x\u2028Bcc: v@x.example"])
def test_the_subject_is_one_line(evil: str) -> None:
    envelope = mail(replace(TEXTS, subject="{{ cart.items[0].variant }}"), cart=cart(item(variant=evil)))
    assert envelope.subject == "x Bcc: v@x.example"


def test_without_an_unsubscribe_address_no_header_lies() -> None:
    assert mail(unsubscribe_url="").headers == {"Content-Language": "en"}


def test_a_broken_template_is_told_when_saved_and_when_sent() -> None:
    with pytest.raises(TemplateBroken) as caught:
        compile_texts(replace(TEXTS, body="{{ x | upcas }}"))
    assert caught.value.reason == "body: unknown filter “upcas”"
    with pytest.raises(TemplateBroken):
        shape(Compiled("s", "{% if %}", "t"), context(), SENDER, send_id="m", to="a@b.example")


def test_a_layout_of_ones_own_is_used() -> None:
    own = """<mjml><mj-body><mj-section><mj-column><mj-text>OWN [[ body ]] {{ store.postal_address }}</mj-text>
    <mj-button href="{{ recovery_url }}">[[ button ]]</mj-button>
    <mj-text><a href="{{ unsubscribe_url }}">x</a></mj-text>
    </mj-column></mj-section></mj-body></mjml>"""
    assert lint_mail(TEXTS, own) == []
    assert "OWN <p>{{ greeting }}</p>" in compile_texts(TEXTS, own).html
