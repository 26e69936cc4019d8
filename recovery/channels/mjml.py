"""MJML into the tables that mail programs need, with every Liquid tag passing through untouched."""

from __future__ import annotations

import re

from mjml import mjml2html

from recovery.channels.liquid import TemplateBroken

#: System fonts only. With no font set, the compiler links to a web font, which tells its host who reads the mail.
FONTS = "-apple-system, BlinkMacSystemFont, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif"

# The compiler takes an unknown tag (a slip like mj-colum) in silence and drops what is inside.
_TAGS = frozenset(
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
_OUTSIDE = re.compile(r"<link\b|<script\b|@import\b|@font-face\b", re.IGNORECASE)


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
    problems += [f"<{name}> is no MJML tag" for name in names if name not in _TAGS and name not in _FORBIDDEN]
    if "<mjml" not in bare or "<mj-body" not in bare:
        problems.append("a layout needs <mjml> and <mj-body>")
    problems += _images_without_alt(bare)
    if _OUTSIDE.search(bare):
        problems.append("scripts, outside fonts and outside style sheets are not allowed")
    return problems


def _images_without_alt(source: str) -> list[str]:
    images = re.findall(r"<(?:mj-image|img)\b[^>]*>", source, re.IGNORECASE)
    missing = sum(1 for image in images if not re.search(r"\salt=", image, re.IGNORECASE))
    return [f"{missing} picture(s) without alt text"] if missing else []


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
