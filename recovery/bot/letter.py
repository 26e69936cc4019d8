"""The mail that asks one question: MJML like every mail of ours, with the address of the page that takes the answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from customers.models import Store
from recovery.channels import liquid
from recovery.channels.context import one_line
from recovery.channels.mjml import compile_mjml
from recovery.channels.texts import FOLDER


@dataclass(frozen=True, slots=True)
class Letter:
    """The two bodies of a mail."""

    html: str
    text: str


def survey_letter(
    store: Store, locale: str, question: str, words: Mapping[str, str], url: str, unsubscribe_url: str
) -> Letter:
    """`words`: those of [survey_text] in templates/web/texts."""
    seen = {
        "store": {"name": one_line(store.name), "postal_address": store.postal_address},
        "locale": locale,
        "question": question,
        "words": {name: words[name] for name in ("subject", "body", "button", "why_me", "unsubscribe")},
        "url": url,
        "unsubscribe_url": unsubscribe_url,
    }
    text = f"{words['body']}\n\n{question}\n\n{words['button']}:\n{url}\n\n{'-' * 40}\n{words['why_me']}\n"
    text += f"{words['unsubscribe']}: {unsubscribe_url}\n\n{store.name}\n{store.postal_address}\n"
    return Letter(liquid.render(_layout(), seen, html=True), text)


@cache
def _layout() -> str:
    return compile_mjml((FOLDER / "survey.mjml").read_text("utf-8"))
