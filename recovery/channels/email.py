"""The e-mail channel: texts and a layout become Liquid when they are saved, and an envelope when they are sent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache, lru_cache
from html import escape
from typing import Any

from recovery.channels import liquid
from recovery.channels.context import cleaned, one_line, plausible_name
from recovery.channels.liquid import ClosedEnvironment, TemplateBroken
from recovery.channels.mjml import compile_layout, put_back, put_by
from recovery.channels.texts import FOLDER, Texts, words
from recovery.providers.base import Envelope

#: Gmail cuts a longer mail off, and the unsubscribe link with it.
LARGEST_HTML = 102_000
_LONGEST_SUBJECT = 200
_LIQUID = re.compile(r"(\{\{.*?\}\}|\{%.*?%\})", re.DOTALL)
_ONLY_TAGS = re.compile(r"(?:\{%(?:(?!%\}).)*%\}\s*)+", re.DOTALL)
_LINK = re.compile(r"\{\{-?\s*(?:store\.url|recovery_url|preferences_url|unsubscribe_url)\s*-?\}\}")
_FIELDS = ("subject", "preheader", "headline", "body", "button", "offer", "closing")
# The layout has two lives: [[ … ]] is filled when the template is saved, {{ … }} when a message is sent.
_LAYOUT = ClosedEnvironment(
    tag_start_string="[%", tag_end_string="%]", statement_start_string="[[", statement_end_string="]]"
)
# Behind the preheader, so that a short one is not followed by the first words of the mail in the inbox.
_PADDING = ("\n" + "&#847;&zwnj;&nbsp;" * 15) * 4


@dataclass(frozen=True, slots=True)
class Compiled:
    """Liquid, ready to be rendered for each recipient. `locale` writes its money and its dates."""

    subject: str
    html: str
    text: str
    locale: str = "en"


@dataclass(frozen=True, slots=True)
class Sender:
    """Whom the mail is from. The address needs a domain that is set up for it (SPF, DKIM, DMARC)."""

    address: str
    name: str = ""
    reply_to: str = ""


def compile_texts(texts: Texts, layout: str = "") -> Compiled:
    """What to keep beside the texts. `layout` is a store's own MJML in place of ours. Raises TemplateBroken."""
    fixed = words(texts.locale)
    fields = asdict(texts)
    if problems := [f"{name}: {problem}" for name in _FIELDS for problem in liquid.check(fields[name])]:
        raise TemplateBroken("; ".join(problems))
    html = {name: _as_html(value) for name, value in fields.items()}
    html["body"], html["closing"] = _linked(_paragraphs(fields["body"])), _linked(html["closing"])
    html["preheader"] += _PADDING
    html_words = {name: _as_html(value) for name, value in fixed.items()}
    source = layout or _file("reminder.mjml")
    return Compiled(
        subject=fields["subject"],
        html=compile_layout(_filled(source, {**html, "words": html_words})),
        text=_filled(_file("reminder.txt"), {**fields, "words": fixed}),
        locale=texts.locale,
    )


def shape(
    compiled: Compiled, context: Mapping[str, Any], sender: Sender, *, send_id: str, to: str, to_name: str = ""
) -> Envelope:
    """The mail for one recipient, the same at every attempt. Raises TemplateBroken.

    `send_id` names it for ever (Message-ID). The one-click headers are those of RFC 8058. Neither Auto-Submitted nor
    Feedback-ID is set: the first is not for marketing, the second belongs to whoever signs the mail.
    """
    seen = {**cleaned(context), "locale": compiled.locale}
    seen["greeting"] = greeting(seen, compiled.locale)
    return Envelope(
        send_id=send_id,
        channel="email",
        to=one_line(to),
        to_name=plausible_name(to_name),
        sender=one_line(sender.address),
        sender_name=one_line(sender.name),
        reply_to=one_line(sender.reply_to),
        subject=_subject(compiled, seen),
        html=liquid.render(compiled.html, seen, html=True),
        text=_tidy(liquid.render(compiled.text, seen, html=False)),
        message_id=f"<{send_id}@{sender.address.rpartition('@')[2]}>",
        headers=_headers(seen["unsubscribe_url"], compiled.locale),
    )


def greeting(seen: Mapping[str, Any], locale: str) -> str:
    """The language's own, with the name where there is one."""
    named = "greeting_name" if seen["customer"]["first_name"] else "greeting"
    return liquid.render(words(locale)[named], seen, html=False)


def _as_html(source: str) -> str:
    """Plain text with Liquid as HTML: what is outside the tags is escaped, lines are kept."""
    parts = _LIQUID.split(source.strip())
    parts[::2] = [escape(part, quote=True).replace("\n", "<br>") for part in parts[::2]]
    return "".join(parts)


def _paragraphs(source: str) -> str:
    """<p> around each block between blank lines, but not around Liquid tags that stand alone."""
    blocks = [block.strip() for block in re.split(r"\n\s*\n", source) if block.strip()]
    return "\n".join(block if _ONLY_TAGS.fullmatch(block) else f"<p>{_as_html(block)}</p>" for block in blocks)


def _linked(html: str) -> str:
    """An address in running text can be clicked, also where the mail program would not see it as one."""
    return _LINK.sub(r'<a class="link" href="\g<0>" style="color:#3f3f46">\g<0></a>', html)


def _subject(compiled: Compiled, seen: Mapping[str, Any]) -> str:
    return one_line(liquid.render(compiled.subject, seen, html=False))[:_LONGEST_SUBJECT]


def _headers(unsubscribe_url: str, locale: str) -> dict[str, str]:
    return {"Content-Language": locale, **one_click(unsubscribe_url)}


def one_click(unsubscribe_url: str) -> dict[str, str]:
    """The headers by which a mailbox provider says no for its user (RFC 8058); none without an address."""
    if not unsubscribe_url:
        return {}
    return {"List-Unsubscribe": f"<{unsubscribe_url}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}


def _tidy(text: str) -> str:
    """At most one blank line anywhere, no spaces at line ends."""
    return re.sub(r"\n{3,}", "\n\n", re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE)).strip() + "\n"


def _filled(source: str, values: Mapping[str, Any]) -> str:
    guarded, tags = put_by(source)
    try:
        return put_back(_layout(guarded).render(values), tags)
    except liquid.LiquidError as error:
        raise TemplateBroken(f"layout: {error.message}") from error


@lru_cache(maxsize=64)
def _layout(source: str) -> Any:
    return _LAYOUT.from_string(source)


def standard_layout() -> str:
    """The layout that comes with us, to start one's own from."""
    return _file("reminder.mjml")


@cache
def _file(name: str) -> str:
    return (FOLDER / name).read_text("utf-8")
