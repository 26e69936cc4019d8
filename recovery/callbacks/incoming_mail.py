"""A mail that came in, as facts: who wrote it, what it answers, and the words that are the writer's own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from anymail.inbound import AnymailInboundMessage
from anymail.signals import AnymailInboundEvent
from django.utils.html import strip_tags

from recovery.callbacks.keeping import fingerprint

#: Services whose webhook holds the mail itself. Others (Resend, Amazon SES) tell only where to fetch it.
READABLE = frozenset("brevo mailersend mailgun mailjet mandrill postal postmark sendgrid sparkpost".split())

_LONGEST_TEXT = 10_000  # characters of a mail's words that are kept
_LONGEST_RAW = 64_000  # of the mail as it came, headers first
_MOST_NAMES = 30  # references of a long thread, recipients of a round mail
_ID = re.compile(r"<([^<>\s]{3,200})>")
_HEAD_AND_STYLE = re.compile(r"<(style|script|head)\b.*?</\1>", re.DOTALL | re.IGNORECASE)
_BREAK = re.compile(r"<(?:br|/p|/div|/tr|/li)\b[^>]*>", re.IGNORECASE)
# Where the quotation begins: a quoted line or a rule.
_QUOTED = re.compile(r"\s*(?:>|_{10,}|-{3,}.{0,60}-{3,}\s*$)")
_INTRODUCTION = 3  # lines at most


def facts_of_mail(event: AnymailInboundEvent) -> dict[str, Any]:
    """Plain values. `auto`: a machine's answer, such as that somebody is on holiday; `raw`: the mail's beginning."""
    mail: AnymailInboundMessage = event.message
    raw = mail.as_bytes().decode(errors="replace")[:_LONGEST_RAW]
    return {
        "mail": {
            "id": event.event_id or str(mail["Message-ID"] or "").strip() or fingerprint(raw),
            "sender": next(iter(_addresses(mail, "From")), ""),
            "to": [*_addresses(mail, "To", "Cc", "Delivered-To"), *_bare(mail.envelope_recipient)][:_MOST_NAMES],
            "answers": _answered(mail),
            "subject": " ".join(str(mail["Subject"] or "").split())[:300],
            "text": own_words(mail.stripped_text or mail.text or _text_of(mail.html or ""))[:_LONGEST_TEXT],
            "auto": is_automatic(mail),
            "spam": bool(mail.spam_detected),
        },
        "raw": raw,
    }


def own_words(text: str) -> str:
    """The text above what it quotes, without the line that introduces the quotation ("On Monday … wrote:")."""
    lines = text.replace("\r\n", "\n").split("\n")
    end = next((n for n, line in enumerate(lines) if _QUOTED.match(line)), len(lines))
    kept = "\n".join(lines[:end]).strip()
    if end < len(lines) and kept.endswith(":"):
        before, _, last = kept.rpartition("\n\n")
        kept = before if last.count("\n") < _INTRODUCTION else kept
    return kept.strip()


def is_automatic(mail: AnymailInboundMessage) -> bool:
    """No person wrote it: RFC 3834 (Auto-Submitted), what mail servers did before it, and bounces."""
    submitted = str(mail["Auto-Submitted"] or "no").strip().lower()
    precedence = str(mail["Precedence"] or "").strip().lower()
    bounced = mail.envelope_sender == "" or mail.get_content_type() == "multipart/report"
    marked = mail["X-Autoreply"] or mail["X-Autorespond"]
    return bool(marked) or bounced or submitted != "no" or precedence in ("auto_reply", "bulk", "junk", "list")


def _answered(mail: AnymailInboundMessage) -> list[str]:
    """The ids of the mails that it answers, the nearest first, without brackets."""
    told = " ".join(str(value) for value in (mail["In-Reply-To"] or "", mail["References"] or ""))
    found = _ID.findall(told)
    return list(dict.fromkeys([*found[:1], *reversed(found[1:])]))[:_MOST_NAMES]


def _addresses(mail: AnymailInboundMessage, *headers: str) -> list[str]:
    return [one.addr_spec.lower()[:254] for name in headers for one in _parsed(mail, name) if one.addr_spec]


def _parsed(mail: AnymailInboundMessage, name: str) -> Iterator[Any]:
    try:
        yield from mail.get_address_header(name)
    except ValueError:  # a header that is no list of addresses says nothing
        return


def _bare(address: str | None) -> list[str]:
    return [address.lower()[:254]] if address else []


def _text_of(html: str) -> str:
    return strip_tags(_BREAK.sub("\n", _HEAD_AND_STYLE.sub("", html[: 4 * _LONGEST_RAW])))
