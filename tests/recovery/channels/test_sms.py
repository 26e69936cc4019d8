from __future__ import annotations

from typing import Any

import pytest

from recovery.channels.liquid import TemplateBroken
from recovery.channels.segments import graphemes, measure
from recovery.channels.sms import (
    ShapedSms,
    SmsSender,
    SmsTexts,
    compile_sms,
    default_sms,
    lint_sms,
    shape_sms,
    shortener_problems,
)
from recovery.channels.texts import KEYS, LOCALES
from tests.recovery.channels.samples import cart, context, item, store

NUMBER = SmsSender("+15005550006")
NAME = SmsSender("NORDIC")
BACK = "https://go.shop.example/r/ABCDEFGH23456789/"  # as long as a minted link on a host of this length
STOP = "https://go.shop.example/u/ABCDEFGH23456789/"
BODY = "{{ store.name }}: {{ cart.items[0].title }} waits: {{ recovery_url }}"


def seen(**changes: Any) -> dict[str, Any]:
    return context(**{"recovery_url": BACK, "unsubscribe_url": STOP, **changes})


def sms(body: str = BODY, locale: str = "en", *, sender: SmsSender = NUMBER, **changes: Any) -> ShapedSms:
    options = {name: changes.pop(name) for name in ("max_segments", "folding") if name in changes}
    compiled = compile_sms(SmsTexts(locale, body))
    return shape_sms(compiled, seen(**changes), sender, send_id="m-1", to="+358401234567", **options)


def problems(body: str, locale: str = "en", **options: Any) -> list[str]:
    return lint_sms(SmsTexts(locale, body), seen(), options.pop("sender", NUMBER), **options)


def test_the_envelope_is_complete_and_always_the_same() -> None:
    shaped = sms()
    assert shaped == sms()
    envelope = shaped.envelope
    assert (envelope.send_id, envelope.channel, envelope.to) == ("m-1", "sms", "+358401234567")
    assert (envelope.sender, envelope.subject, envelope.html) == ("+15005550006", "", "")
    assert envelope.text == f"Nordic & Co: Wool sweater waits: {BACK}\nReply STOP to end"
    assert shaped.measure == measure(envelope.text)
    assert (shaped.measure.segments, shaped.fits) == (1, True)


def test_what_the_text_leaves_out_is_put_there() -> None:
    assert sms("You left something.").envelope.text == (f"Nordic & Co: You left something.\n{BACK}\nReply STOP to end")


def test_what_the_text_says_itself_is_not_said_twice() -> None:
    text = "Hi from NORDIC & CO {{ recovery_url }} Text STOP to quit"
    assert sms(text).envelope.text == f"Hi from NORDIC & CO {BACK} Text STOP to quit"


def test_a_title_with_the_name_in_it_does_not_stand_for_the_store() -> None:
    text = sms("{{ cart.items[0].title }} {{ recovery_url }}", cart=cart(item("Nordic & Co STOP hat"))).envelope.text
    assert text == f"Nordic & Co: Nordic & Co STOP hat {BACK}\nReply STOP to end"


def test_a_sender_that_cannot_be_answered_gives_a_link() -> None:
    assert sms(sender=NAME).envelope.text.endswith(f"\nStop: {STOP}")
    assert sms(BODY + " Reply STOP", sender=NAME).envelope.text.endswith(f"\nStop: {STOP}")
    assert sms(BODY + "\nEnd: {{ unsubscribe_url }}", sender=NAME).envelope.text.count(STOP) == 1
    with pytest.raises(TemplateBroken, match="cannot be answered"):
        sms(sender=NAME, unsubscribe_url="")


@pytest.mark.parametrize(
    ("address", "answers"),
    [("+15005550006", True), ("12345", True), ("MG" + "0a" * 16, True), ("NORDIC", False), ("Shop24", False)],
)
def test_only_numbers_can_be_answered(address: str, answers: bool) -> None:
    assert SmsSender(address).can_be_answered is answers


def test_without_a_link_nothing_is_made() -> None:
    with pytest.raises(TemplateBroken, match="no link back to the cart"):
        sms(recovery_url="javascript:alert(1)")


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_titles_give_way_first_and_no_more_than_they_must(limit: int) -> None:
    shaped = sms(cart=cart(item("Long woollen winter sweater " * 30)), max_segments=limit)
    text = shaped.envelope.text
    assert (shaped.measure.segments, shaped.fits) == (limit, True)
    assert shaped.measure.left < len(_CUT_AND_SPACE)
    assert text.startswith("Nordic & Co: Long woollen") and "... waits: " in text
    assert BACK in text and text.endswith("\nReply STOP to end")


_CUT_AND_SPACE = "sweater ..."  # the cut drops a space or a comma before the dots


def test_what_cannot_be_made_short_says_so() -> None:
    shaped = sms("{{ cart.items[0].title }} " + "blah " * 40, cart=cart(item("A title of no small length")))
    assert (shaped.measure.segments, shaped.fits) == (2, True)
    shaped = sms("{{ cart.items[0].title }} " + "blah " * 60, cart=cart(item("A title of no small length")))
    assert (shaped.measure.segments, shaped.fits) == (3, False)
    assert "A title o..." in shaped.envelope.text and BACK in shaped.envelope.text


def test_a_cut_never_splits_what_a_reader_sees_as_one() -> None:
    title = "👩🏽\u200d🚀" * 40
    text = sms(cart=cart(item(title)), folding=False).envelope.text
    shown = text.removeprefix("Nordic & Co: ").partition("...")[0]
    assert set(graphemes(shown)) == {"👩🏽\u200d🚀"}


def test_an_emoji_in_a_title_does_not_triple_the_price() -> None:
    shaped = sms(cart=cart(item("Wool 🧶 sweater – “Aino”")))
    assert 'Wool sweater - "Aino" waits' in shaped.envelope.text
    assert (shaped.measure.encoding, shaped.measure.segments) == ("GSM-7", 1)
    assert sms(cart=cart(item("Wool 🧶 sweater")), folding=False).measure.encoding == "UCS-2"


def test_an_emoji_of_the_marketers_own_stays() -> None:
    shaped = sms("🧶 “" + BODY)
    assert shaped.envelope.text.startswith("🧶 “Nordic & Co")
    assert shaped.measure.encoding == "UCS-2"


def test_money_is_written_without_dear_spaces() -> None:
    text = sms("{{ cart.total | money }} {{ recovery_url }}", "fi").envelope.text
    assert text.startswith("Nordic & Co: 89,90 € https://")
    assert measure(text).encoding == "GSM-7"


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("key", KEYS)
def test_the_default_texts_take_one_segment(key: str, locale: str) -> None:
    texts = default_sms(key, locale)
    assert lint_sms(texts, seen(), NUMBER, max_segments=1, folding=False) == []
    assert texts.locale == locale
    shaped = shape_sms(compile_sms(texts), seen(), NUMBER, send_id="m-1", to="")
    assert shaped.measure.segments == 1
    assert "  " not in shaped.envelope.text and " ." not in shaped.envelope.text


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("key", KEYS)
def test_the_default_texts_bear_any_cart(key: str, locale: str) -> None:
    compiled = compile_sms(default_sms(key, locale))
    for some in (cart(item("")), cart(item(), item("Hat")), cart(item("x" * 300), item(), item()), cart()):
        for sender in (NUMBER, NAME):
            shaped = shape_sms(compiled, seen(cart=some, store=store(support="")), sender, send_id="m", to="")
            assert shaped.fits and BACK in shaped.envelope.text
            assert "()" not in shaped.envelope.text and "None" not in shaped.envelope.text


def test_the_default_texts_name_the_cart() -> None:
    def text(locale: str, *items: dict[str, Any]) -> str:
        compiled = compile_sms(default_sms("reminder", locale))
        return shape_sms(compiled, seen(cart=cart(*items)), NUMBER, send_id="m", to="").envelope.text

    assert text("en", item()).startswith("Nordic & Co: you left Wool sweater in your cart. We saved it for you: http")
    assert "(Wool sweater ja 1 muu)" in text("fi", item(), item())
    assert "(Wool sweater und 2 weitere Artikel)" in text("de", item(), item(), item())
    assert "du glömde något i varukorgen" in text("sv", item(""))


def test_the_way_to_ask_is_one_that_works() -> None:
    def text(sender: SmsSender, **changes: Any) -> str:
        return shape_sms(
            compile_sms(default_sms("help", "en")), seen(**changes), sender, send_id="m", to=""
        ).envelope.text

    assert "Just reply, we will help." in text(NUMBER)
    assert "We help: help@shop.example" in text(NAME)
    assert "returns? Your cart:" in text(NAME, store=store(support=""))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("", "the text is empty"),
        ("{{ recovery_url", "found end of file"),
        ("{{ recovery_url }} {{ discount_code }}", "nothing is called “discount_code”"),
        ("{{ store.name }}: come back", "the text lacks the link back to the cart (recovery_url)"),
        ("Here: {{ recovery_url }}.", "leave a space behind each link"),
        ("Cart “{{ recovery_url }} 😀", "“😀” (grinning face): leaves 70 characters to a segment"),
        ("Привет {{ recovery_url }}", "“П” (cyrillic capital letter pe)"),
        ("{{ recovery_url }} " + "blah " * 100, "takes 4 segments with titles at their shortest; the store allows 2"),
        ("See https://bit.ly/x {{ recovery_url }}", "bit.ly is a public shortener"),
    ],
)
def test_a_marketer_is_told_what_to_mend(body: str, expected: str) -> None:
    found = problems(body)
    assert any(expected in problem for problem in found), found


def test_a_sound_text_has_no_problems() -> None:
    assert problems(BODY) == []
    assert problems("“Hei” – {{ recovery_url }}", "fi") == []
    assert problems("Twój koszyk czeka, żółw: {{ recovery_url }}", "pl") == []


def test_without_folding_the_quotes_are_named() -> None:
    assert problems("“Hi” {{ recovery_url }}", folding=False) == [
        "““” (left double quotation mark), “”” (right double quotation mark): "
        "leaves 70 characters to a segment in place of 160"
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("https://bit.ly/abc", 1),
        ("go to www.tinyurl.com/abc now", 1),
        ("BIT.LY/abc", 1),
        ("t.co/abc and is.gd/x", 2),
        ("https://rabbit.ly/abc", 0),
        ("https://bit.ly.shop.example/abc", 0),
        ("https://shop.example/t.co", 0),
        ("me@t.co", 0),
        ("Visit us.Bit.lying", 0),
    ],
)
def test_public_shorteners_are_known(text: str, found: int) -> None:
    assert len(shortener_problems(text)) == found


def test_an_unknown_text_is_refused() -> None:
    with pytest.raises(KeyError, match="there are reminder, help, farewell"):
        default_sms("newsletter", "en")
