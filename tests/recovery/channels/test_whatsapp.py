from __future__ import annotations

import json
from typing import Any

import pytest

from recovery.channels.liquid import TemplateBroken
from recovery.channels.texts import KEYS, LOCALES
from recovery.channels.whatsapp import (
    CompiledWhatsApp,
    QuickReply,
    WhatsAppTexts,
    button_problems,
    compile_whatsapp,
    default_whatsapp,
    lint_whatsapp,
    offered,
    samples_for,
    shape_whatsapp,
    template_problems,
    variables_for,
)
from recovery.providers.base import Envelope
from tests.recovery.channels.samples import cart, context, item

SENDER = "+15005550006"
SID = "HX" + "0" * 32
BODY = 'Hello {{ customer.first_name | default: "there" }}, your cart: {{ recovery_url }} waits for you'
BACK = "https://go.shop.example/r/abc"


def compiled(body: str = BODY, locale: str = "en") -> CompiledWhatsApp:
    return compile_whatsapp(WhatsAppTexts(locale, body))


def message(body: str = BODY, *, sid: str = "", session: bool = False, **changes: Any) -> Envelope:
    options: dict[str, Any] = {"send_id": "m-1", "to": "+358401234567", "content_sid": sid, "in_session": session}
    return shape_whatsapp(compiled(body), context(**changes), SENDER, **options)


def test_each_value_becomes_a_numbered_variable() -> None:
    found = compiled("A {{ store.name }} b {{ recovery_url }} c {{ store.name }} d")
    assert found.body == "A {{1}} b {{2}} c {{3}} d"
    assert found.values == ("{{ store.name }}", "{{ recovery_url }}", "{{ store.name }}")


def test_outside_the_session_the_template_goes() -> None:
    envelope = message(sid=SID)
    assert (envelope.channel, envelope.to, envelope.sender) == ("whatsapp", "+358401234567", SENDER)
    assert envelope.content_sid == SID
    assert json.loads(envelope.content_variables) == {"1": "Anna", "2": BACK}
    assert envelope.text == f"Hello Anna, your cart: {BACK} waits for you"
    assert envelope == message(sid=SID)


def test_inside_the_session_the_text_goes_with_a_way_out() -> None:
    envelope = message(session=True)
    assert (envelope.content_sid, envelope.content_variables) == ("", "")
    assert envelope.text == (f"Hello Anna, your cart: {BACK} waits for you\n\nTo get no more reminders, answer STOP.")


def test_free_text_never_leaves_the_session() -> None:
    with pytest.raises(TemplateBroken, match="only an approved template"):
        message()


def test_no_variable_is_ever_empty() -> None:
    envelope = message(sid=SID, customer={"first_name": "www.spam.example"})
    assert json.loads(envelope.content_variables)["1"] == "there"
    with pytest.raises(TemplateBroken, match=r"\{\{ discount.code \}\} is empty and has no default"):
        message("Code {{ discount.code }} for {{ recovery_url }} here", sid=SID)
    with pytest.raises(TemplateBroken, match="no link back to the cart"):
        message(sid=SID, recovery_url="")


def test_a_value_stays_on_one_line_and_short() -> None:
    body = "For {{ cart.items[0].title }} go to {{ recovery_url }} now"
    many = cart(item("Wool\n\n\tsweater      blue " + "ä" * 200))
    value = json.loads(variables_for(compiled(body), context(cart=many)))["1"]
    assert value.startswith("Wool sweater blue ää") and value.endswith("ä…") and len(value) == 120


def test_a_link_is_never_cut() -> None:
    long = "https://go.shop.example/" + "r" * 200
    assert samples_for(compiled(), context(recovery_url=long))["2"] == long


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("key", KEYS)
def test_the_default_texts_pass_the_review_rules(key: str, locale: str) -> None:
    texts = default_whatsapp(key, locale)
    assert lint_whatsapp(texts, context()) == []
    assert [button.id for button in texts.buttons] == ["question", "stop"]
    bare = context(cart=cart(item("")), customer={})
    assert "{" not in shape_whatsapp(
        compile_whatsapp(texts), bare, SENDER, send_id="m", to="", content_sid=SID
    ).text  # fmt: skip


SAMPLES = {str(number): "sample" for number in range(1, 200)}


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("", "the text is empty"),
        ("{{1}} is in your cart", "begins with a variable"),
        ("We kept your cart {{1}}", "ends with a variable"),
        ("We kept your cart {{1}}.", "ends with a variable"),
        ("We kept your {{1}} {{2}} cart for you today", "next to each other"),
        ("We kept your {{1}}\n{{2}} cart for you today", "next to each other"),
        ("We kept {{1}} and {{3}} for you, see you soon", "numbered from {{1}} without a gap"),
        ("We kept {{2}} for you", "numbered from {{1}} without a gap"),
        ("We kept {{name}} for you", "written {{1}}"),
        ("We kept {{ 1 }} for you", "written {{1}}"),
        ("Kept {{1}} now", "2 words for 1 variables: reviewers want at least 3"),
        ("We kept {{200}} for you", "{{200}} has no sample"),
        ("We kept it " + "x" * 1_020, "1031 characters: at most 1024"),
        ("We kept\tit", "no tabs"),
        ("We kept     it", "more than four spaces"),
        ("We kept\n\n\n\nit", "more than three line ends"),
        ("Go to bit.ly/x for it", "bit.ly is a public shortener"),
        (" ".join(f"word word word {{{{{n}}}}}" for n in range(1, 102)) + " end", "101 variables: at most 100"),
    ],
)
def test_what_reviewers_refuse_is_told(body: str, problem: str) -> None:
    found = template_problems(body, SAMPLES)
    assert any(problem in each for each in found), found


def test_a_sound_template_has_no_problems() -> None:
    assert template_problems("Kept {{1}} for you, {{2}} and all", {"1": "a", "2": "b"}) == []
    assert template_problems("Nothing varies here", {}) == []


@pytest.mark.parametrize(
    ("buttons", "problem"),
    [
        ([("a", "One"), ("b", "Two"), ("c", "Three"), ("d", "Four")], "4 buttons: at most 3"),
        ([("a", "x" * 21)], "21 characters, at most 20"),
        ([("a", "")], "needs a text and an id"),
        ([("", "One")], "needs a text and an id"),
        ([("a", "Go 🛒")], "no emoji"),
        ([("a", "Go {{1}}")], "no emoji, line end or variable"),
        ([("a" * 201, "One")], "more than 200 characters"),
        ([("a", "One"), ("b", "One")], "the same text"),
        ([("a", "One"), ("a", "Two")], "the same id"),
    ],
)
def test_what_is_wrong_with_a_button_is_told(buttons: list[tuple[str, str]], problem: str) -> None:
    found = button_problems([QuickReply(*button) for button in buttons])
    assert any(problem in each for each in found), found


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (" ", "the text is empty"),
        ("Hello {{ recovery_url", "found end of file"),
        ("Hello {% if cart.count == 1 %}one{% endif %} {{ recovery_url }} end", "approved word for word"),
        ("Hello {{ shop }} and {{ recovery_url }} and so on", "nothing is called “shop”"),
        ("Come back to the shop", "lacks the link"),
        ("Hi {{ customer.first_name }}, see {{ recovery_url }} for it all", 'default: "…"'),
        ("See {{ recovery_url }}", "ends with a variable"),
    ],
)
def test_a_marketer_is_told_what_to_mend(body: str, problem: str) -> None:
    found = lint_whatsapp(WhatsAppTexts("en", body), context())
    assert any(problem in each for each in found), found


@pytest.mark.parametrize(
    ("number", "country", "answer"),
    [
        ("+358401234567", "", True),
        ("+447911123456", "US", True),
        ("+12125550123", "", False),
        ("+12125550123", "CA", False),
        ("+14165550123", "", True),  # Toronto
        ("+18765551234", "", True),  # Jamaica
        ("+17875551234", "", False),  # Puerto Rico
        ("+18005550123", "", False),
        ("+19995550123", "", False),
        ("+19995550123", "CA", True),
        ("", "", False),
        ("junk", "FI", False),
    ],
)
def test_marketing_is_not_offered_to_numbers_of_the_united_states(number: str, country: str, answer: bool) -> None:
    assert offered(number, country) is answer


def test_an_unknown_text_is_refused() -> None:
    with pytest.raises(KeyError, match="there are reminder, help, farewell"):
        default_whatsapp("newsletter", "en")
