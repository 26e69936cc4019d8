"""MJML into the tables that mail programs need, with every Liquid tag passing through untouched; or HTML as it is."""

from __future__ import annotations

import re

from mjml import mjml2html

from recovery.channels.liquid import TemplateBroken

#: System fonts only. With no font set, the compiler links to a web font, which tells its host who reads the mail.
FONTS = "-apple-system, BlinkMacSystemFont, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif"

# The compiler takes an unknown tag (a slip like mj-colum) in silence and drops what is inside.
TAGS = frozenset(
    """mjml mj-head mj-attributes mj-all mj-class mj-breakpoint mj-html-attributes mj-selector mj-html-attribute
    mj-preview mj-style mj-title mj-body mj-accordion mj-accordion-element mj-accordion-title mj-accordion-text
    mj-button mj-carousel mj-carousel-image mj-column mj-divider mj-group mj-hero mj-image mj-navbar mj-navbar-link
    mj-raw mj-section mj-social mj-social-element mj-spacer mj-table mj-text mj-wrapper""".split()
)
_FORBIDDEN = {"mj-font": "loads a font from outside", "mj-include": "reads a file"}
_TAG = re.compile(r"</?(mj-?[a-z-]*)", re.IGNORECASE)
_LIQUID = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_MARK = re.compile(r"zq7(\d+)q7z")  # letters only, which pass through XML and MJML alike; nobody types them
# Mail programs strip or distrust these; a font or style sheet from outside also tells its host who reads the mail.
_HTML_MAIL = re.compile(r"<!doctype html|<html\b|<body\b|<table\b", re.IGNORECASE)
# What no mail program runs, and what would ask an outside host or leave the preview.
_NOT_IN_MAIL = re.compile(r"<(script|iframe|object|embed|form|base|frame)\b|\s(on\w+)\s*=\s*[\"']", re.IGNORECASE)
_OUTSIDE = re.compile(r"<link\b|<script\b|@import\b|@font-face\b", re.IGNORECASE)


def compile_layout(source: str) -> str:
    """The HTML of a layout that is written in MJML or is HTML already. Raises TemplateBroken."""
    if not is_html(source):
        return compile_mjml(source)
    if problems := lint_html(source):
        raise TemplateBroken("; ".join(problems))
    return source


def is_html(source: str) -> bool:
    """A whole HTML mail, as other tools give it out, and no MJML."""
    return "<mjml" not in source and bool(_HTML_MAIL.search(source))


def compile_mjml(source: str) -> str:
    """The HTML, Liquid tags intact. Raises TemplateBroken with what is wrong, in words."""
    if problems := lint_mjml(source):
        raise TemplateBroken("; ".join(problems))
    guarded, tags = put_by(source)
    try:
        html = mjml2html(_with_fonts(guarded), disable_comments=True, fonts={})
    except ValueError as error:
        raise TemplateBroken(f"the layout is not valid MJML: {error}") from error
    return put_back(_short_lines(html), tags)


def put_by(source: str) -> tuple[str, list[str]]:
    """The source with a mark in place of each Liquid tag, and the tags, so that another compiler leaves them alone."""
    tags = _LIQUID.findall(source)
    numbers = iter(range(len(tags)))
    return _LIQUID.sub(lambda _: f"zq7{next(numbers)}q7z", source), tags


def put_back(text: str, tags: list[str]) -> str:
    """The text with each mark turned into its tag again."""
    return _MARK.sub(lambda match: tags[int(match[1])], text)


def lint_mjml(source: str) -> list[str]:
    """What is wrong with a layout, in words. Empty when nothing is."""
    bare = _LIQUID.sub("", source)
    names = sorted({name.lower() for name in _TAG.findall(bare)})
    problems = [f"<{name}> is not allowed: it {_FORBIDDEN[name]}" for name in names if name in _FORBIDDEN]
    problems += [f"<{name}> is no MJML tag" for name in names if name not in TAGS and name not in _FORBIDDEN]
    if "<mjml" not in bare or "<mj-body" not in bare:
        problems.append("a layout needs <mjml> and <mj-body>")
    if _OUTSIDE.search(bare):
        problems.append("scripts, outside fonts and outside style sheets are not allowed")
    return problems


def lint_html(source: str) -> list[str]:
    """What is wrong with a mail that is HTML already, in words."""
    bare = _LIQUID.sub("", source)
    found = sorted({(match[1] or match[2]).lower() for match in _NOT_IN_MAIL.finditer(bare)})
    problems = [
        f"{f'<{name}>' if not name.startswith('on') else name} does nothing in a mail: take it out" for name in found
    ]
    if _OUTSIDE.search(re.sub(r"<script\b", "", bare, flags=re.IGNORECASE)):
        problems.append("outside fonts and style sheets are not allowed: they tell their host who reads the mail")
    return problems


def pictures_without_alt(source: str) -> list[int]:
    """The line of each picture that does not say what it shows."""
    bare = _LIQUID.sub(lambda tag: "x" + "\n" * tag[0].count("\n"), source)
    images = re.finditer(r"<(?:mj-image|mj-carousel-image|img)\b[^>]*>", bare, re.IGNORECASE)
    return [bare.count("\n", 0, image.start()) + 1 for image in images
            if not re.search(r"\salt\s*=", image[0], re.IGNORECASE)]  # fmt: skip


def _with_fonts(source: str) -> str:
    """The system fonts as the lowest default; a layout may name other installed fonts over them."""
    attributes = f'<mj-attributes><mj-all font-family="{FONTS}" /></mj-attributes>'
    if "<mj-head>" in source:
        return source.replace("<mj-head>", f"<mj-head>{attributes}", 1)
    return re.sub(r"(<mjml\b[^>]*>)", rf"\1<mj-head>{attributes}</mj-head>", source, count=1)


def _short_lines(html: str) -> str:
    """Break lines inside tags, where a newline means nothing.

    A line over 998 bytes (RFC 5322) would force the whole body into quoted-printable: bigger, and slow to make.
    """
    return re.sub(r"<(td|table|div|a|img|tr) ", r"<\1\n", html)
