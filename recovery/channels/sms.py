"""The SMS channel: one Liquid text per language becomes a message that says who writes, leads to the cart and tells how
to make it stop, in as few segments as a store will pay for."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from recovery.channels import liquid
from recovery.channels.context import cleaned, one_line
from recovery.channels.liquid import TemplateBroken
from recovery.channels.segments import LETTERS_FOLD, Measure, fold, graphemes, measure, without_pictures
from recovery.channels.texts import KEYS, closest_locale
from recovery.providers.base import Envelope

_FOLDER = Path(__file__).resolve().parents[2] / "templates" / "sms" / "texts"

#: A product is still known by so many characters of its name; with fewer it is a riddle.
SHORTEST_TITLE = 12
_CUT = "..."  # and not "…", which no SMS alphabet but the dear one has

# Carriers filter what comes through public shorteners: anybody can hide anything behind them (CTIA Messaging
# Principles and Best Practices, 5.3.4 "Shared public URL shorteners"). WhatsApp reviewers refuse them too.
_SHORTENERS = frozenset(
    """adf.ly bit.do bit.ly bl.ink buff.ly cutt.ly dub.sh goo.gl is.gd j.mp lnkd.in n9.cl ow.ly rb.gy rebrand.ly s.id
    short.gy short.io shorturl.at snip.ly t.co t.ly t2m.io tiny.cc tiny.one tinyurl.com tr.im trib.al urlz.fr v.gd
    x.gd""".split()
)
_HOST = re.compile(r"(?<![\w@./-])(?:https?://)?((?:[a-z0-9-]+\.)+[a-z]{2,})(?=[/?#]|$|[^\w.-])", re.IGNORECASE)
_SAYS_STOP = re.compile(r"\bSTOPP?\b")
_GLUED = re.compile(r"\{\{-?\s*(?:recovery_url|unsubscribe_url)\s*-?\}\}(?=[^\s{])")
_MESSAGING_SERVICE = re.compile(r"MG[0-9a-f]{32}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SmsTexts:
    """One template in one language, as the marketer wrote it: Liquid, no markup."""

    locale: str
    body: str


@dataclass(frozen=True, slots=True)
class CompiledSms:
    """Liquid that was found to be sound."""

    body: str
    locale: str = "en"


@dataclass(frozen=True, slots=True)
class SmsSender:
    """Whom the message is from: an E.164 number, a short code, a Twilio Messaging Service, or a name such as NORDIC."""

    address: str

    @property
    def can_be_answered(self) -> bool:
        """A name has no way back: who answers it reaches nobody."""
        return bool(re.fullmatch(r"\+?\d+", self.address) or _MESSAGING_SERVICE.fullmatch(self.address))


@dataclass(frozen=True, slots=True)
class ShapedSms:
    """The message, what it costs, and whether it keeps to the store's limit."""

    envelope: Envelope
    measure: Measure
    fits: bool


@dataclass(frozen=True, slots=True)
class _Draft:
    """All that stays the same while titles are tried at one length after another."""

    compiled: CompiledSms
    seen: Mapping[str, Any]
    folding: bool
    before: str = ""  # the store's name, where the text does not say it
    after: tuple[str, ...] = field(default=())  # the link and the way out, where the text does not say them

    def text(self, longest_title: int) -> str:
        body = _tidy(liquid.render(self.compiled.body, _with_titles(self.seen, longest_title), html=False))
        whole = "\n".join([self.before + body, *self.after])
        return fold(whole, self.compiled.locale) if self.folding else whole


def default_sms(key: str, *wanted: str) -> SmsTexts:
    """The text for one of texts.KEYS in the closest of the wanted locales: the shopper's first, then the store's."""
    if key not in KEYS:
        raise KeyError(f"no default text {key!r}; there are {', '.join(KEYS)}")
    locale = closest_locale(*wanted)
    return SmsTexts(locale, _words(locale)[key].strip())


def compile_sms(texts: SmsTexts) -> CompiledSms:
    """What to keep beside the text. Raises TemplateBroken."""
    if problems := liquid.check(texts.body):
        raise TemplateBroken("; ".join(problems))
    return CompiledSms(texts.body.strip(), texts.locale)


def shape_sms(
    compiled: CompiledSms,
    context: Mapping[str, Any],
    sender: SmsSender,
    *,
    send_id: str,
    to: str,
    max_segments: int = 2,
    folding: bool = True,
) -> ShapedSms:
    """The SMS for one recipient, the same at every attempt. Raises TemplateBroken.

    Product titles give way first, down to SHORTEST_TITLE; the link and the way out never do. What is still too long
    goes as it is and says so (`fits`): the gate above decides, the lint has warned.
    """
    draft = _framed(compiled, context, sender, folding)
    text = _shortest_cut(draft, max_segments)
    found = measure(text)
    envelope = Envelope(send_id=send_id, channel="sms", to=one_line(to), sender=one_line(sender.address), text=text)
    return ShapedSms(envelope, found, found.segments <= max_segments)


def lint_sms(
    texts: SmsTexts, sample: Mapping[str, Any], sender: SmsSender, *, max_segments: int = 2, folding: bool = True
) -> list[str]:
    """What a marketer should mend before saving, in words. `sample` is the context of a cart to try the text on."""
    if not texts.body.strip():
        return ["the text is empty"]
    if problems := [*liquid.check(texts.body), *shortener_problems(texts.body)]:
        return problems
    problems = [f"nothing is called “{path}”" for path in liquid.unknown_variables(texts.body)]
    if "recovery_url" not in texts.body:
        problems.append("the text lacks the link back to the cart (recovery_url)")
    if _GLUED.search(texts.body):
        problems.append("leave a space behind each link: a full stop or comma there is taken for a part of it")
    problems += _dear_signs(texts.body, texts.locale, folding)
    return problems + _too_long(texts, sample, sender, max_segments, folding)


def shortener_problems(text: str) -> list[str]:
    """Public link shorteners in the text, in words."""
    hosts = sorted({host.lower().removeprefix("www.") for host in _HOST.findall(text)} & _SHORTENERS)
    return [f"{host} is a public shortener, which carriers block: use the store's own links" for host in hosts]


def _framed(compiled: CompiledSms, context: Mapping[str, Any], sender: SmsSender, folding: bool) -> _Draft:
    """What the text itself leaves out. A product's title counts for nothing here: it may hold the store's name."""
    seen = {**cleaned(context), "locale": compiled.locale, "can_reply": sender.can_be_answered}
    if not seen["recovery_url"]:
        raise TemplateBroken("there is no link back to the cart")
    if folding:
        seen["cart"]["items"] = [_pictureless(item) for item in seen["cart"]["items"]]
    bare = liquid.render(compiled.body, _with_titles(seen, 1), html=False)
    name = one_line(str(seen["store"].get("name") or ""))
    after = [] if seen["recovery_url"] in bare else [seen["recovery_url"]]
    return _Draft(
        compiled=compiled,
        seen=seen,
        folding=folding,
        before="" if not name or name.casefold() in bare.casefold() else f"{name}: ",
        after=(*after, *_way_out(bare, seen, compiled.locale)),
    )


def _way_out(bare: str, seen: Mapping[str, Any], locale: str) -> list[str]:
    """How to make it stop, in every message, whether first or not and whatever the country: Directive 2002/58/EC
    art. 13(4), the UK's PECR reg. 23, CASL s. 6(2) and Australia's Spam Act s. 18 ask for it in each, US carriers
    look for it. A reply of STOP where a reply arrives, else a link; a text that says it itself is left alone."""
    reachable, url = seen["can_reply"], seen["unsubscribe_url"]
    if (reachable and _SAYS_STOP.search(bare)) or (url and url in bare):
        return []
    if not reachable and not url:
        raise TemplateBroken("the sender cannot be answered, and there is no unsubscribe link")
    return [liquid.render(_words(locale)["reply" if reachable else "link"], seen, html=False)]


def _shortest_cut(draft: _Draft, max_segments: int) -> str:
    """The text with titles as long as the limit allows. Shorter titles never cost more, so halving finds the place."""
    high = max([len(graphemes(str(item["title"] or ""))) for item in draft.seen["cart"]["items"]], default=0)
    best = draft.text(high)
    if high <= SHORTEST_TITLE or measure(best).segments <= max_segments:
        return best
    low = SHORTEST_TITLE
    best = draft.text(low)
    if measure(best).segments > max_segments:
        return best
    while high - low > 1:
        middle = (low + high) // 2
        text = draft.text(middle)
        if measure(text).segments <= max_segments:
            low, best = middle, text
        else:
            high = middle
    return best


def _with_titles(seen: Mapping[str, Any], longest: int) -> dict[str, Any]:
    items = [{**item, "title": _cut(str(item["title"] or ""), longest) or None} for item in seen["cart"]["items"]]
    return {**seen, "cart": {**seen["cart"], "items": items}}


def _cut(title: str, longest: int) -> str:
    """At most so many signs, the dots among them, and never half a sign."""
    signs = graphemes(title)
    if len(signs) <= longest:
        return title
    return "".join(signs[: max(1, longest - len(_CUT))]).rstrip(" ,;:-(") + (_CUT if longest > len(_CUT) else "")


def _pictureless(item: Mapping[str, Any]) -> dict[str, Any]:
    """An emoji in a product's title would triple the price of a text that the marketer kept plain."""
    return {**item, "title": without_pictures(str(item["title"] or "")) or None}


def _tidy(text: str) -> str:
    return re.sub(r" ?\n\s*", "\n", re.sub(r"[ \t]+", " ", text)).strip()


def _dear_signs(body: str, locale: str, folding: bool) -> list[str]:
    """Characters of the marketer's own that make the text dear, but not letters that the language is written with."""
    written = re.sub(r"\{\{.*?\}\}|\{%.*?%\}", "", body, flags=re.DOTALL)
    signs = measure(written).culprits
    if folding:
        signs = tuple(sign for sign in signs if measure(fold(sign, locale)).culprits)
    if locale.replace("_", "-").split("-")[0] not in LETTERS_FOLD:
        signs = tuple(sign for sign in signs if not unicodedata.category(sign).startswith(("L", "M")))
    if not signs:
        return []
    named = ", ".join(f"“{sign}” ({unicodedata.name(sign, f'U+{ord(sign):04X}').lower()})" for sign in signs[:5])
    return [f"{named}: leaves 70 characters to a segment in place of 160"]


def _too_long(
    texts: SmsTexts, sample: Mapping[str, Any], sender: SmsSender, max_segments: int, folding: bool
) -> list[str]:
    try:
        shaped = shape_sms(
            compile_sms(texts), sample, sender, send_id="sample", to="", max_segments=max_segments, folding=folding
        )
    except TemplateBroken as broken:
        return [broken.reason]
    if shaped.fits:
        return []
    return [f"takes {shaped.measure.segments} segments with titles at their shortest; the store allows {max_segments}"]


@cache
def _words(locale: str) -> Mapping[str, str]:
    source = (_FOLDER / f"{closest_locale(locale)}.toml").read_text("utf-8")
    return MappingProxyType(tomllib.loads(source))
