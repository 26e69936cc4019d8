"""A difference is told in stretches that can be read."""

from __future__ import annotations

import pytest

from recovery.models import MessageTemplate, TemplateVersion
from recovery.writing.difference import difference


def told(old: str, new: str) -> list[tuple[str, str]]:
    template = MessageTemplate(channel="email", name="Reminder")
    versions = [TemplateVersion(template=template, texts={"en": {"body": text}}) for text in (old, new)]
    (changed,) = difference(*versions)
    return [(piece.kind, piece.text) for piece in changed.pieces]


def test_a_changed_word_stands_alone_in_its_sentence():
    assert told("Your cart is waiting for you today.", "Your bag is waiting for you today.") == [
        ("same", "Your "), ("gone", "cart"), ("new", "bag"), ("same", " is waiting for you today."),
    ]  # fmt: skip


def test_a_sentence_written_anew_is_not_cut_into_crumbs():
    assert told("You left a few things in your cart", "Did you forget a thing in the cart") == [
        ("gone", "You left a few things in your"), ("new", "Did you forget a thing in the"), ("same", " cart"),
    ]  # fmt: skip


@pytest.mark.parametrize(("old", "new"), [("", "All new"), ("All gone", ""), ("a b c", "a x c y e"), ("one", "two")])
def test_both_texts_can_be_read_out_of_it(old, new):
    pieces = told(old, new)
    assert "".join(text for kind, text in pieces if kind != "new") == old
    assert "".join(text for kind, text in pieces if kind != "gone") == new
