"""The editor's fields: what they are called, how long they may be, and what was posted in them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from babel.core import Locale, UnknownLocaleError
from django.http import QueryDict

from recovery.channels.email import standard_layout
from recovery.writing.fields import FIELDS
from recovery.writing.versions import Written

LONGEST_LAYOUT = 100_000
_LOCALE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}")


class BadForm(ValueError):
    """What was posted cannot be kept. The text is a sentence."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field as the page shows it. `rows` 0: one line."""

    name: str
    label: str
    hint: str = ""
    longest: int = 300
    rows: int = 0


_BODY_OF_MAIL = Field("body", "Text", "Blank lines make paragraphs.", 10_000, 9)
_ALL: dict[str, dict[str, Field]] = {
    "email": {
        "subject": Field("subject", "Subject", "A phone shows about the first 40 characters."),
        "preheader": Field("preheader", "Preheader", "Stands behind the subject in the inbox."),
        "headline": Field("headline", "Headline"),
        "body": _BODY_OF_MAIL,
        "button": Field("button", "Button", "Leads back to the cart.", 100),
        "offer": Field("offer", "Offer line", "Above the discount code, and only where there is one."),
        "closing": Field("closing", "Closing", "Below the button.", 2_000, 3),
    },
    "sms": {"body": Field("body", "Text", "Say who writes, and leave a space behind the link.", 2_000, 5)},
    "whatsapp": {
        "body": Field("body", "Text", "Approved word for word: only values change, nothing comes and goes.", 1_500, 9),
        "question": Field(
            "question", "Button: a question", "Lets the shopper write to you. Empty: no such button.", 20
        ),
        "help": Field("help", "Button: help", "Who taps it is told how to reach you.", 20),
        "stop": Field("stop", "Button: stop", "Who taps it gets no more messages.", 20),
    },
}


def fields(channel: str) -> list[Field]:
    """The channel's fields, from top to bottom."""
    return [_ALL[channel][name] for name in FIELDS[channel]]


def written_in(posted: QueryDict, channel: str) -> tuple[Written, str]:
    """The texts of every language that the page had, and the layout. Raises BadForm."""
    texts = {locale: one_language(posted, channel, locale) for locale in posted.getlist("locale")}
    layout = posted.get("layout", "").replace("\r\n", "\n").strip()
    if layout == standard_layout().strip():
        layout = ""  # who starts from it and changes nothing goes on getting its mendings
    if len(layout) > LONGEST_LAYOUT:
        raise BadForm(f"The layout has {len(layout)} characters: {LONGEST_LAYOUT} are the most.")
    if "\x00" in layout or any("\x00" in text for written in texts.values() for text in written.values()):
        raise BadForm("There is a NUL character in it, which nothing can keep.")
    return texts, layout


def one_language(posted: Mapping[str, str], channel: str, locale: str) -> dict[str, str]:
    """The fields of one language. Raises BadForm."""
    checked_locale(locale)
    written = {}
    for field in fields(channel):
        text = str(posted.get(f"{locale}.{field.name}", "")).replace("\r\n", "\n").strip()
        if len(text) > field.longest:
            raise BadForm(f"{locale}, {field.label}: {len(text)} characters, and {field.longest} are the most.")
        written[field.name] = text
    return written


def checked_locale(tag: str) -> str:
    """The language code as it is kept: "pt-BR". Raises BadForm."""
    parts = tag.strip().replace("_", "-").split("-")
    locale = "-".join([parts[0].lower(), *(part.upper() if len(part) == 2 else part.title() for part in parts[1:])])
    if not _LOCALE.fullmatch(locale):
        raise BadForm(f"“{tag}” is no language code: write one such as en, fi or pt-BR.")
    return locale


def language_name(tag: str) -> str:
    """ "Finnish" for fi; the code itself where nobody knows it."""
    try:
        return Locale.parse(tag.replace("-", "_")).get_display_name("en") or tag
    except (UnknownLocaleError, ValueError):
        return tag
