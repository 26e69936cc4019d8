"""What is wrong with a template, told as one types: in words, with the line, and with the mending where it is plain.

Pure: texts in, findings out. What needs a rendered message (links, size, segments) is asked of the rendered message.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any

from recovery.channels import liquid, sms, whatsapp
from recovery.channels.dialects import translated
from recovery.channels.mjml import is_html, lint_html, lint_mjml, pictures_without_alt
from recovery.channels.texts import Texts

MAIL_FIELDS = ("subject", "preheader", "headline", "body", "button", "offer", "closing")
#: What a layout of one's own may put in with [[ … ]].
SLOTS = (*MAIL_FIELDS, "words")
_WANTED = {"subject": "Write a subject.", "body": "Write the text.", "button": "Say what stands on the button."}
_MUST_HOLD = {
    "recovery_url": "the link back to the cart",
    "unsubscribe_url": "the unsubscribe link",
    "store.postal_address": "the store's postal address",
}

_TAG = re.compile(r"\{%-?\s*(\w+).*?%\}", re.DOTALL)
_VERBATIM = re.compile(r"(\{%-?\s*(raw|comment)\s*-?%\})(.*?)(\{%-?\s*end\2\s*-?%\})", re.DOTALL)
_OPEN = re.compile(
    r"(?:(\{\{)(?:(?!\}\}|\{\{|\{%).)*|(\{%)(?:(?!%\}|\{\{|\{%).)*)(?=\{\{|\{%|\Z)", re.DOTALL
)  # fmt: skip
_SLOT = re.compile(r"\[\[\s*(\w+)(?:\.\w+)?[^\]]*\]\]|\[%.*?%\]", re.DOTALL)
_COMMENT = re.compile(r"<!--.*?-->|\{%-?\s*comment.*?endcomment\s*-?%\}", re.DOTALL)
_BLOCKS = frozenset(("if", "unless", "for", "case", "capture", "tablerow", "raw", "comment", "ifchanged"))


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong. `field` "": with all of it; `line` 0: with no one line. Only what must not be sent is fatal.

    Where `old` is not empty, putting `new` in its place mends it."""

    what: str
    field: str = ""
    line: int = 0
    fatal: bool = True
    old: str = ""
    new: str = ""

    def __str__(self) -> str:
        place = f"{self.field}, line {self.line}: " if self.line > 1 else f"{self.field}: " if self.field else ""
        return place + self.what


def lint_source(field: str, source: str, *, html: bool = False) -> list[Finding]:
    """One field's Liquid: foreign words, tags that do not close, unknown tags, filters and names."""
    ours, changes = translated(source, html=html)
    found = _foreign(field, [(one.old, one.new, one.line) for one in changes])
    found += unbalanced(field, ours) or _broken(field, ours)
    found = found or [*_unknown_filters(field, ours), *_unknown_names(field, ours)]
    return sorted(found, key=lambda finding: finding.line)


def lint_mail(texts: Texts, layout: str = "") -> list[Finding]:
    """What stands in the fields of a mail and in its layout, before anything is rendered."""
    found = [Finding(what, name) for name, what in _WANTED.items() if not getattr(texts, name).strip()]
    if "\n" in texts.subject.strip():
        found.append(Finding("A subject is one line.", "subject"))
    for name in MAIL_FIELDS:
        found += lint_source(name, getattr(texts, name))
    return found + (lint_layout(layout) if layout.strip() else [])


def lint_layout(layout: str) -> list[Finding]:
    """A layout of one's own, in MJML or HTML."""
    bare = _SLOT.sub(lambda slot: "\n" * slot[0].count("\n"), layout)
    problems = lint_html(bare) if is_html(layout) else lint_mjml(bare)
    found = lint_source("layout", bare, html=True)
    found += [Finding(_sentence(problem), "layout") for problem in problems]
    found += [_no_slot(slot, layout) for slot in _SLOT.finditer(layout) if slot[1] and slot[1] not in SLOTS]
    held = translated(_COMMENT.sub("", layout))[0]
    found += [Finding(f"{what.capitalize()} is missing: put {{{{ {name} }}}} into the layout.", "layout")
              for name, what in _MUST_HOLD.items() if name not in held]  # fmt: skip
    if "[[ body ]]" not in layout and not re.search(r"\[\[\s*body\b", layout):
        hint = "It has no [[ body ]], so that what stands under Text is only in the plain-text part."
        found.append(Finding(hint, "layout", fatal=False))
    return found + [
        Finding("This picture has no alt text: say what it shows, or alt=\"\" if nothing.", "layout", line, fatal=False)
        for line in pictures_without_alt(bare)
    ]  # fmt: skip


def lint_sms(
    texts: sms.SmsTexts, sample: Mapping[str, Any], sender: sms.SmsSender, *, max_segments: int, folding: bool
) -> list[Finding]:
    """An SMS. A dear text can be sent: whether it is worth its price is the marketer's to say."""
    if not texts.body.strip():
        return [Finding("Write the text.", "body")]
    if found := lint_source("body", texts.body):
        return found
    told = sms.lint_sms(texts, sample, sender, max_segments=max_segments, folding=folding)
    return [Finding(_sentence(problem), "body", fatal="segment" not in problem) for problem in told]


def lint_whatsapp(texts: whatsapp.WhatsAppTexts, sample: Mapping[str, Any]) -> list[Finding]:
    """A WhatsApp text, by the rules of those who approve it."""
    if not texts.body.strip():
        return [Finding("Write the text.", "body")]
    if found := lint_source("body", texts.body):
        return found
    return [Finding(_sentence(problem), "body") for problem in whatsapp.lint_whatsapp(texts, sample)]


def mended(source: str, *, html: bool = False) -> str:
    """The source with every foreign word in our language."""
    return translated(source, html=html)[0]


def unbalanced(field: str, source: str) -> list[Finding]:
    """Brackets that do not close, and blocks that do not close or close what is not open."""
    source = _VERBATIM.sub(lambda part: part[1] + re.sub(r"[^\n]", " ", part[3]) + part[4], source)
    found = [_unclosed(field, source, cut) for cut in _OPEN.finditer(source)]
    return found[:3] or _crossed(field, source)


def _unclosed(field: str, source: str, cut: re.Match[str]) -> Finding:
    end, begun = ("}}" if cut[1] else "%}"), cut[0].strip().split("\n")[0][:40]
    return Finding(f"“{begun}” is never closed: put {end} behind it.", field, _line(source, cut.start()))


def _crossed(field: str, source: str) -> list[Finding]:
    open_tags: list[tuple[str, int]] = []
    for tag in _TAG.finditer(source):
        name, line = tag[1], _line(source, tag.start())
        if name in _BLOCKS:
            open_tags.append((name, line))
        elif name.startswith("end") and name[3:] in _BLOCKS:
            if not open_tags:
                return [Finding(f"{{% {name} %}} closes nothing: take it out.", field, line)]
            if open_tags[-1][0] != name[3:]:
                was, at = open_tags[-1]
                what = f"{{% {name} %}} comes before {{% end{was} %}}, which the {{% {was} %}} of line {at} needs."
                return [Finding(what, field, line)]
            open_tags.pop()
    return [Finding(f"{{% {name} %}} is never closed: add {{% end{name} %}}.", field, line)
            for name, line in open_tags[:1]]  # fmt: skip


def _broken(field: str, source: str) -> list[Finding]:
    error = liquid.error_in(source)
    return [Finding(_sentence(error[0]), field, error[1])] if error else []


def _unknown_filters(field: str, source: str) -> list[Finding]:
    known = liquid.filter_names()
    return [
        Finding(f"There is no filter “{name}”.{_meant(name, known)}", field, _line_of(source, name))
        for name in liquid.unknown_filters(source)
    ]


def _unknown_names(field: str, source: str) -> list[Finding]:
    found = []
    for path in liquid.unknown_variables(source):
        close = _closest(path, liquid.known_paths())
        meant = f" Did you mean {close}?" if close else ""
        one = Finding(f"Nothing is called “{path}”.{meant}", field, _line_of(source, path))
        found.append(replace(one, old=path, new=close) if close else one)
    return found


def _foreign(field: str, changes: Iterable[tuple[str, str, int]]) -> list[Finding]:
    """Each foreign tag once, at its first line."""
    first: dict[tuple[str, str], int] = {}
    for old, new, line in changes:
        first.setdefault((old, new), line)
    return [
        Finding(f"{old} is another tool's: {f'write {new}' if new else 'take it out, there is no such thing here'}.",
                field, line, old=old, new=new)
        for (old, new), line in first.items()
    ]  # fmt: skip


def _no_slot(slot: re.Match[str], layout: str) -> Finding:
    what = f"{slot[0]} is no slot of a layout: there are {', '.join(MAIL_FIELDS)}."
    return Finding(what, "layout", _line(layout, slot.start()))


def _closest(name: str, known: Iterable[str]) -> str:
    return next(iter(get_close_matches(name, list(known), 1, 0.7)), "")


def _meant(name: str, known: Iterable[str]) -> str:
    close = _closest(name, known)
    return f" Did you mean {close}?" if close else ""


def _line(source: str, at: int) -> int:
    return source.count("\n", 0, at) + 1


def _line_of(source: str, word: str) -> int:
    return _line(source, max(0, source.find(word)))


def _sentence(words: str) -> str:
    words = words.strip()
    return words[:1].upper() + words[1:] + ("" if words.endswith((".", "?", "!")) else ".")
