"""What an inbound text asks for when it is about the messages themselves: to stop them, to start, for help, or yes.

Asked before anything else sees the text. 47 CFR 64.1200(a)(10) takes any reasonable wording as a revocation, so phrases
count as well as keywords; but a shopper who cancels an order, or asks when a sale stops, is not to be cut off, so a
phrase has to be about messages.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

_LEXICON = Path(__file__).with_name("keywords.toml")


class Keyword(StrEnum):
    """What was asked for. NONE is everything else: the bot's or a person's to answer."""

    STOP = "stop"
    START = "start"
    HELP = "help"
    YES = "yes"
    NONE = ""


#: Keywords that Twilio handles by itself on long codes and toll-free numbers, as the whole message (Twilio docs:
#: "Advanced Opt-Out"; support article 223134027). REVOKE and OPTOUT were added for the FCC's rule of April 2025.
TWILIO_STOP = frozenset(("STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"))
TWILIO_START = frozenset(("START", "UNSTOP"))
TWILIO_HELP = frozenset(("HELP", "INFO"))

_OPT_OUT_TYPES = {"STOP": Keyword.STOP, "START": Keyword.START, "HELP": Keyword.HELP}
_PAYLOADS = {
    **dict.fromkeys(("stop", "unsubscribe", "optout", "opt_out", "stop_reminders"), Keyword.STOP),
    **dict.fromkeys(("start", "unstop", "optin", "opt_in"), Keyword.START),
    "help": Keyword.HELP,
    "yes": Keyword.YES,
}
_LETTERS = str.maketrans({"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d"})
_SENTENCE_END = re.compile(r"[.!?;:\n…]+")
_SPELT_OUT = re.compile(r"\b(?:[^\W\d_][ .\-_*]){3,}[^\W\d_]\b")  # S T O P, s.t.o.p
_SHOUTED = re.compile(r"^\W*(?:STOP|STOPP|STOPALL|UNSUBSCRIBE|ARRET|ARRÊT|LOPETA)\b")
_WHOLE = (Keyword.START, Keyword.HELP, Keyword.YES)


@dataclass(frozen=True, slots=True)
class _Language:
    """One part of keywords.toml. `words` are whole messages."""

    code: str
    words: Mapping[Keyword, frozenset[str]]
    alone: frozenset[str]
    here: frozenset[str]
    polite: frozenset[str]
    phrases: re.Pattern[str]
    never: re.Pattern[str]

    def wishes_to_stop(self, sentence: str) -> bool:
        return bool(self.phrases.search(sentence)) and not self.never.search(sentence)


def intent(text: str, opt_out_type: str = "", button_payload: str = "", locale: str = "") -> Keyword:
    """What the message asks for.

    `opt_out_type` and `button_payload` are Twilio's OptOutType and ButtonPayload and are believed before the text,
    except that a "yes" stays a yes: Twilio counts it as START. Texts are read in every language, since shoppers answer
    in their own; `locale` only settles words that say something else in another.
    """
    words = _words(text)
    if opt_out_type.upper() in _OPT_OUT_TYPES:
        found = _OPT_OUT_TYPES[opt_out_type.upper()]
        return Keyword.YES if found is Keyword.START and _is_only(words, Keyword.YES) else found
    if button_payload.strip().lower() in _PAYLOADS:
        return _PAYLOADS[button_payload.strip().lower()]
    if _wishes_to_stop(text, words, locale):
        return Keyword.STOP
    return next((keyword for keyword in _WHOLE if _is_only(words, keyword)), Keyword.NONE)


def twilio_answers_itself(text: str, opt_out_type: str = "", *, channel: str = "sms") -> bool:
    """Whether Twilio has answered this message already, so that an answer of ours would be a second one.

    With Advanced Opt-Out it names what it handled. Without it, SMS to long codes and toll-free numbers are handled by
    the exact word; WhatsApp, short codes outside a service and anything longer than the word are ours. YES is left out
    though it counts as START: it is how our own question is answered, by people who had not opted out.
    """
    if opt_out_type:
        return True
    word = text.strip().upper()
    return channel == "sms" and word in TWILIO_STOP | TWILIO_START | TWILIO_HELP


def _wishes_to_stop(text: str, words: list[str], locale: str) -> bool:
    languages = _lexicon()
    home = locale.replace("_", "-").split("-")[0].lower()
    if _is_only(words, Keyword.STOP, here=home):
        return True
    parts = _SENTENCE_END.split(_joined(text))
    if any(_is_only(_plain(part.rpartition(",")[2]).split(), Keyword.STOP, alone=True) for part in parts):
        return True  # "No thanks, stop." but not "Stop, wait, which size is it?"
    sentences = [_plain(part) for part in parts]
    if any(language.wishes_to_stop(sentence) for sentence in sentences for language in languages):
        return True
    return bool(_SHOUTED.match(text)) and not text.isupper()


def _is_only(words: list[str], keyword: Keyword, *, alone: bool = False, here: str = "") -> bool:
    """Whether the words are that keyword and politeness, and nothing else; "opt out" is one word to it."""
    said = " ".join(words).replace("opt out", "optout").replace("opt in", "optin").split()
    meant = [word for word in said if word not in _polite() or word in _known(keyword, alone, here)]
    return bool(meant) and all(word in _known(keyword, alone, here) for word in meant)


@cache
def _known(keyword: Keyword, alone: bool, here: str) -> frozenset[str]:
    if alone:
        return frozenset().union(*(language.alone for language in _lexicon()))
    common = frozenset().union(*(language.words[keyword] for language in _lexicon()))
    if keyword is not Keyword.STOP:
        return common
    return common.union(*(language.here for language in _lexicon() if language.code == here))


@cache
def _polite() -> frozenset[str]:
    return frozenset().union(*(language.polite for language in _lexicon()))


def _words(text: str) -> list[str]:
    return _plain(_joined(text)).split()


def _joined(text: str) -> str:
    """S T O P is a word."""
    return _SPELT_OUT.sub(lambda found: re.sub(r"[ .\-_*]", "", found[0]), text)


def _plain(text: str) -> str:
    """Lower case, no accents, one space for whatever is no letter or digit."""
    lower = unicodedata.normalize("NFKC", text).casefold().translate(_LETTERS)
    bare = "".join(char for char in unicodedata.normalize("NFD", lower) if not unicodedata.combining(char))
    return " ".join(re.sub(r"[\W_]+", " ", bare).split())


@cache
def _lexicon() -> tuple[_Language, ...]:
    parts = tomllib.loads(_LEXICON.read_text("utf-8"))
    return tuple(_language(code, part) for code, part in parts.items())


def _language(code: str, part: Mapping[str, Any]) -> _Language:
    about = "".join(part["about"].split("\n"))
    return _Language(
        code=code,
        words={
            Keyword(name): frozenset(part[name].split()) | frozenset(part.get("alone", "").split() * (name == "stop"))
            for name in ("stop", "start", "help", "yes")
        },
        alone=frozenset(part.get("alone", "").split()),
        here=frozenset(part.get("here", "").split()),
        polite=frozenset(part["polite"].split()),
        phrases=_any(part["phrases"], about),
        never=_any(part["never"], about),
    )


def _any(patterns: Iterable[str], about: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns).replace("{about}", rf"{about}\b"))
