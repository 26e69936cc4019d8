"""What a marketer may put into a text, in their words, with what it stands for in the example."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from customers.models import Channel
from recovery.channels import liquid
from recovery.channels.email import greeting
from recovery.channels.liquid import TemplateBroken, render

_ALL = (Channel.EMAIL, Channel.SMS, Channel.WHATSAPP)
_ITEMS = "{% for item in cart.items limit: 3 %}{{ item.quantity }} × {{ item.title }}\n{% endfor %}"
_FIRST = "{{ cart.items[0].title | default: 'something' }}"


@dataclass(frozen=True, slots=True)
class Word:
    """One entry: its group, what it is called, what is put in, and what a shopper would read."""

    group: str
    label: str
    code: str
    example: str = ""


_WORDS: list[tuple[str, str, str, tuple[str, ...]]] = [
    ("Shopper", "Greeting with the name", "{{ greeting }}", (Channel.EMAIL,)),
    ("Shopper", "First name", "{{ customer.first_name | default: 'there' }}", _ALL),
    ("Cart", "Link back to the cart", "{{ recovery_url }}", _ALL),
    ("Cart", "First product", _FIRST, _ALL),
    ("Cart", "Number of products", "{{ cart.count }}", _ALL),
    ("Cart", "Total", "{{ cart.total | money }}", _ALL),
    ("Cart", "Products, one a line", _ITEMS, (Channel.EMAIL,)),
    ("Discount", "Code", "{{ discount.code }}", (Channel.EMAIL, Channel.SMS)),
    ("Discount", "What it is worth", "{{ discount.text }}", (Channel.EMAIL, Channel.SMS)),
    ("Discount", "Valid until", "{{ discount.expires | day }}", (Channel.EMAIL, Channel.SMS)),
    ("Discount", "Only where there is a code", "{% if discount.code %} … {% endif %}", (Channel.EMAIL, Channel.SMS)),
    ("Store", "Name", "{{ store.name }}", _ALL),
    ("Store", "Address of the shop", "{{ store.url }}", _ALL),
    ("Store", "Support contact", "{{ store.support }}", _ALL),
    ("Store", "Postal address", "{{ store.postal_address }}", (Channel.EMAIL,)),
    ("Links", "Unsubscribe", "{{ unsubscribe_url }}", (Channel.EMAIL, Channel.SMS)),
    ("Links", "Message settings", "{{ preferences_url }}", (Channel.EMAIL,)),
]


def palette(channel: str, context: Mapping[str, Any], locale: str) -> list[Word]:
    """The channel's words, with examples from this context."""
    seen = {**context, "locale": locale}
    seen["greeting"] = greeting(seen, locale)
    return [Word(group, label, code, _example(code, seen)) for group, label, code, fits in _WORDS if channel in fits]


def completions() -> dict[str, list[str]]:
    """What the source editor offers inside of brackets."""
    return {
        "names": liquid.known_paths(),
        "filters": liquid.filter_names(),
        "blocks": "if else elsif endif unless endunless for endfor case when endcase assign capture endcapture".split(),
    }


def _example(code: str, seen: Mapping[str, Any]) -> str:
    if "…" in code:
        return ""
    try:
        return render(code, seen, html=False).strip()[:80]
    except TemplateBroken:
        return ""
