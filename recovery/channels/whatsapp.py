"""The WhatsApp channel. One Liquid text goes two ways: within 24 hours of the shopper's last message as it reads, and
outside of them as an approved template, in which each Liquid value has become a numbered variable."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import phonenumbers

from recovery.channels import liquid
from recovery.channels.context import cleaned, one_line, web_address
from recovery.channels.liquid import TemplateBroken
from recovery.channels.segments import graphemes
from recovery.channels.sms import shortener_problems
from recovery.channels.texts import KEYS, closest_locale
from recovery.providers.base import Envelope

_FOLDER = Path(__file__).resolve().parents[2] / "templates" / "whatsapp" / "texts"

#: Limits of Twilio's Content API and of Meta's templates (Twilio docs: twilio/quick-reply; Meta: Message templates).
LONGEST_BODY = 1_024
LONGEST_BUTTON = 20
MOST_BUTTONS = 3  # of them a shopper sees in a session; a template may have ten
MOST_VARIABLES = 100
_LONGEST_BUTTON_ID = 200
_LONGEST_VALUE = 120  # keeps a product's title from pushing the body over its limit

_OUTPUT = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_TAG = re.compile(r"\{%.*?%\}", re.DOTALL)
_VARIABLE = re.compile(r"\{\{(\d+)\}\}")
_BRACES = re.compile(r"\{\{|\}\}")
_ADJACENT = re.compile(r"\{\{\d+\}\}\s*\{\{\d+\}\}")
_WORD = re.compile(r"\w+")
_EMOJI = re.compile("[\u2600-\u27bf\U0001f000-\U0001faff\ufe0f]")
#: Values that every message has; any other may be empty for some shopper.
_ALWAYS = re.compile(r"\{\{-?\s*(?:store\.name|recovery_url|unsubscribe_url|preferences_url|cart\.(?:total|count))\b")


@dataclass(frozen=True, slots=True)
class QuickReply:
    """A button below a message. Its id comes back as the payload of the shopper's answer."""

    id: str
    title: str


@dataclass(frozen=True, slots=True)
class WhatsAppTexts:
    """One template in one language, as the marketer wrote it: Liquid values, no Liquid tags."""

    locale: str
    body: str
    buttons: tuple[QuickReply, ...] = ()


@dataclass(frozen=True, slots=True)
class CompiledWhatsApp:
    """`body` holds {{1}}, {{2}} …; `values` are the Liquid for each, in that order."""

    body: str
    values: tuple[str, ...]
    locale: str = "en"
    buttons: tuple[QuickReply, ...] = ()


def default_whatsapp(key: str, *wanted: str) -> WhatsAppTexts:
    """The text for one of texts.KEYS in the closest of the wanted locales: the shopper's first, then the store's.

    The way back to the cart is a link in the text, the buttons are a question for the shop, and stop."""
    if key not in KEYS:
        raise KeyError(f"no default text {key!r}; there are {', '.join(KEYS)}")
    locale = closest_locale(*wanted)
    words = _words(locale)
    buttons = tuple(QuickReply(name, words[name]) for name in ("question", "stop"))
    return WhatsAppTexts(locale, words[key].strip(), buttons)


def compile_whatsapp(texts: WhatsAppTexts) -> CompiledWhatsApp:
    """The template as the Content API takes it, with its values by number. Raises TemplateBroken."""
    if problems := [*liquid.check(texts.body), *_tag_problems(texts.body)]:
        raise TemplateBroken("; ".join(problems))
    values: list[str] = []

    def numbered(found: re.Match[str]) -> str:
        values.append(found[0])
        return f"{{{{{len(values)}}}}}"

    body = _OUTPUT.sub(numbered, texts.body.strip())
    return CompiledWhatsApp(body, tuple(values), texts.locale, texts.buttons)


def shape_whatsapp(
    compiled: CompiledWhatsApp,
    context: Mapping[str, Any],
    sender: str,
    *,
    send_id: str,
    to: str,
    content_sid: str = "",
    in_session: bool = False,
) -> Envelope:
    """The message for one recipient, the same at every attempt. Raises TemplateBroken.

    With `content_sid` it goes as that template, in a session or not. Without it, it is free text, which is only
    delivered within 24 hours of the shopper's last message (Twilio error 63016) and cannot carry buttons: the way to
    make it stop is then written below. `text` is in both cases what the shopper reads.
    """
    if not content_sid and not in_session:
        raise TemplateBroken("outside of the 24 hours only an approved template may be sent, and this one is not")
    values = _values(compiled, context)
    text = filled(compiled.body, values)
    if not content_sid:
        text += f"\n\n{_words(compiled.locale)['reply']}"
    return Envelope(
        send_id=send_id,
        channel="whatsapp",
        to=one_line(to),
        sender=one_line(sender),
        text=text,
        content_sid=content_sid,
        content_variables=_as_json(values) if content_sid else "",
    )


def variables_for(compiled: CompiledWhatsApp, context: Mapping[str, Any]) -> str:
    """The values as ContentVariables wants them: a JSON object of texts, none of them empty, for one empty variable
    makes the whole message fail. Raises TemplateBroken, naming the value that has nothing and no default."""
    return _as_json(_values(compiled, context))


def samples_for(compiled: CompiledWhatsApp, context: Mapping[str, Any]) -> dict[str, str]:
    """A sample for each variable, which reviewers ask for: the values of a made-up cart. Raises TemplateBroken."""
    return {str(number): value for number, value in enumerate(_values(compiled, context), start=1)}


def filled(body: str, values: Sequence[str]) -> str:
    """The body with each {{n}} in its place."""
    return _VARIABLE.sub(lambda found: values[int(found[1]) - 1], body)


def offered(number: str, country: str = "") -> bool:
    """Whether WhatsApp marketing can reach this E.164 number at all. Meta delivers none to numbers of the United States
    since 1 April 2025 (Twilio error 63049). A +1 number whose region cannot be told counts as one of them, unless
    `country` is another country under +1."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return False
    if parsed.country_code != 1:
        return True
    region = phonenumbers.region_code_for_number(parsed) or country.upper()
    return region in _NORTH_AMERICA - _STATES


_NORTH_AMERICA = frozenset(phonenumbers.COUNTRY_CODE_TO_REGION_CODE[1])
_STATES = frozenset(("US", "PR", "VI", "GU", "AS", "MP"))


def lint_whatsapp(texts: WhatsAppTexts, sample: Mapping[str, Any]) -> list[str]:
    """What a marketer should mend before saving, in words. `sample` is the context of a cart to try the text on."""
    if not texts.body.strip():
        return ["the text is empty"]
    if problems := [*liquid.check(texts.body), *_tag_problems(texts.body)]:
        return problems
    problems = [f"nothing is called “{path}”" for path in liquid.unknown_variables(texts.body)]
    if "recovery_url" not in texts.body:
        problems.append("the text lacks the link back to the cart (recovery_url)")
    values = _OUTPUT.findall(texts.body)
    problems += [_maybe_empty(value) for value in values if not _ALWAYS.match(value) and "default:" not in value]
    if problems:
        return problems
    compiled = compile_whatsapp(texts)
    try:
        samples = samples_for(compiled, sample)
    except TemplateBroken as broken:
        return [broken.reason]
    return template_problems(compiled.body, samples, texts.buttons)


def template_problems(body: str, samples: Mapping[str, str], buttons: Sequence[QuickReply] = ()) -> list[str]:
    """Why reviewers or the API would refuse the template, in words. `body` holds {{1}}, {{2}} …"""
    body = body.strip()
    if not body:
        return ["the text is empty"]
    return [*_shape_problems(body), *_number_problems(body, samples), *button_problems(buttons)]


def button_problems(buttons: Sequence[QuickReply]) -> list[str]:
    """What is wrong with the quick replies, in words."""
    problems = [f"{len(buttons)} buttons: at most {MOST_BUTTONS}"] if len(buttons) > MOST_BUTTONS else []
    for button in buttons:
        if not button.title.strip() or not button.id.strip():
            problems.append("a button needs a text and an id")
        if len(button.title) > LONGEST_BUTTON:
            problems.append(f"button “{button.title}”: {len(button.title)} characters, at most {LONGEST_BUTTON}")
        if len(button.id) > _LONGEST_BUTTON_ID:
            problems.append(f"button “{button.title}”: its id has more than {_LONGEST_BUTTON_ID} characters")
        if _EMOJI.search(button.title) or "\n" in button.title or _BRACES.search(button.title):
            problems.append(f"button “{button.title}”: no emoji, line end or variable there")
    for what, names in (("text", [b.title for b in buttons]), ("id", [b.id for b in buttons])):
        if len(set(names)) < len(names):
            problems.append(f"two buttons have the same {what}")
    return problems


def _shape_problems(body: str) -> list[str]:
    problems = shortener_problems(body)
    if len(body) > LONGEST_BODY:
        problems.append(f"{len(body)} characters: at most {LONGEST_BODY}")
    if re.match(r"\{\{\d+\}\}", body):
        problems.append("the text begins with a variable: put a word before it")
    if re.search(r"\{\{\d+\}\}[\s.,!?:;]*$", body):
        problems.append("the text ends with a variable: put a word behind it")
    if _ADJACENT.search(body):
        problems.append("two variables stand next to each other: put a word between them")
    if re.search(r"\t| {5}|\n{4}", body):
        problems.append("no tabs, more than four spaces or more than three line ends in a row")
    if _BRACES.search(_VARIABLE.sub("", body)):
        problems.append("a variable is written {{1}}, with nothing but a number inside")
    return problems


def _number_problems(body: str, samples: Mapping[str, str]) -> list[str]:
    numbers = sorted({int(number) for number in _VARIABLE.findall(body)})
    problems = []
    if numbers != list(range(1, len(numbers) + 1)):
        problems.append("variables are numbered from {{1}} without a gap")
    problems += [f"{{{{{n}}}}} has no sample" for n in numbers if not samples.get(str(n), "").strip()]
    if len(numbers) > MOST_VARIABLES:
        problems.append(f"{len(numbers)} variables: at most {MOST_VARIABLES}")
    places = len(_VARIABLE.findall(body))
    words = len(_WORD.findall(_VARIABLE.sub(" ", body)))
    if words < 2 * places + 1:
        problems.append(f"{words} words for {places} variables: reviewers want at least {2 * places + 1}")
    return problems


def _tag_problems(body: str) -> list[str]:
    tags = [re.sub(r"\s+", " ", tag) for tag in _TAG.findall(body)]
    return [f"{tag}: a WhatsApp text is approved word for word, so nothing in it can come and go" for tag in tags[:1]]


def _maybe_empty(value: str) -> str:
    name = value.strip("{}- ")
    return f'{{{{ {name} }}}} may be empty, and then nothing is sent: write {{{{ {name} | default: "…" }}}}'


def _values(compiled: CompiledWhatsApp, context: Mapping[str, Any]) -> list[str]:
    seen = {**cleaned(context), "locale": compiled.locale, "can_reply": True}
    if not seen["recovery_url"]:
        raise TemplateBroken("there is no link back to the cart")
    return [_value(source, seen) for source in compiled.values]


def _value(source: str, seen: Mapping[str, Any]) -> str:
    """One value as a template bears it: on one line, with no run of spaces, not too long, never empty."""
    text = re.sub(r"\s+", " ", one_line(liquid.render(source, seen, html=False))).strip()
    if not text:
        raise TemplateBroken(f"{source} is empty and has no default")
    signs = graphemes(text)
    if len(signs) <= _LONGEST_VALUE or web_address(text):
        return text
    return "".join(signs[: _LONGEST_VALUE - 1]).rstrip() + "…"


def _as_json(values: Sequence[str]) -> str:
    numbered = {str(number): value for number, value in enumerate(values, start=1)}
    return json.dumps(numbered, ensure_ascii=False)


@cache
def _words(locale: str) -> Mapping[str, str]:
    source = (_FOLDER / f"{closest_locale(locale)}.toml").read_text("utf-8")
    return MappingProxyType(tomllib.loads(source))
