from __future__ import annotations

import pytest

from recovery.channels.context import cleaned, one_line, plausible_name, web_address
from tests.recovery.channels.samples import context, item, store


@pytest.mark.parametrize("name", ["Anna", "Åsa-Karin", "Jean-François d’Arc", "O'Neill", "李", "Anna M."])
def test_a_name_is_a_name(name: str) -> None:
    assert plausible_name(f" {name} ") == name


@pytest.mark.parametrize(
    "name",
    [
        "WIN 1000 EUR",
        "http://spam.example",
        "spam.example",
        "www.spam",
        "<b>x</b>",
        "x@y",
        "{{ store }}",
        "a" * 41,
        "Buy now!",
    ],
)
def test_an_advertisement_is_no_name(name: str) -> None:
    assert plausible_name(name) == ""


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "data:text/html,x", "//x.example", "x", "https://", None, "http://[x"]
)
def test_only_web_addresses_are_links(address: str | None) -> None:
    assert web_address(address) == ""


def test_one_line_is_one_line() -> None:
    assert one_line(" a\r\nBcc: b\t\u2028c ") == "a Bcc: b c"


def test_what_is_empty_is_nothing() -> None:
    seen = cleaned(context(customer={"first_name": ""}, discount={}, store=store(support="")))
    assert (seen["customer"]["first_name"], seen["discount"], seen["store"]["support"]) == (None, None, None)


def test_it_says_whether_there_are_pictures() -> None:
    without = item(image="javascript:alert(1)")
    assert cleaned(context(cart={"items": [without]}))["cart"]["pictures"] is False
    assert cleaned(context(cart={"items": [without, item()]}))["cart"]["pictures"] is True
    assert cleaned({})["cart"] == {"items": [], "pictures": False}


@pytest.mark.parametrize(
    ("color", "ink"), [("#ffffff", "#18181b"), ("#ffcc00", "#18181b"), ("#0f766e", "#ffffff"), ("red;x:url(y)", None)]
)
def test_the_button_can_be_read_on_any_colour(color: str, ink: str | None) -> None:
    assert cleaned(context(store=store(color=color)))["store"]["on_color"] == ink
