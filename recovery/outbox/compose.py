"""From a row to an envelope: the template in the shopper's language, the cart as it is now, fresh links."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from config.lib.money import rounded
from customers.addresses import address_hash
from customers.models import Store
from recovery.channels import email
from recovery.channels.liquid import TemplateBroken
from recovery.links.mint import MessageLinks, mint
from recovery.models import Message, TemplateText
from recovery.providers.base import Envelope


@dataclass(frozen=True, slots=True)
class Broken:
    """The message could not be composed; the text says what to mend."""

    detail: str


def compose(
    messages: Sequence[Message], senders: Mapping[int, email.Sender], *, now: datetime
) -> dict[int, Envelope | Broken]:
    """An envelope for each message, by its id. `senders` are by store id."""
    texts = _texts(messages)
    links = mint(messages, [address_hash(m.customer.address(m.channel)) for m in messages], now=now)
    composed: dict[int, Envelope | Broken] = {}
    for message, urls in zip(messages, links, strict=True):
        text = choose(texts.get(message.step.template_id, {}), message)
        composed[message.pk] = _shape(message, text, urls, senders[message.store_id]) if text else _NO_TEXT
    return composed


_NO_TEXT = Broken("The template has no text in any language: write one and publish again.")


def _texts(messages: Sequence[Message]) -> dict[int, dict[str, TemplateText]]:
    """For each template in use, its texts by locale."""
    found: dict[int, dict[str, TemplateText]] = {}
    for text in TemplateText.objects.filter(template_id__in={m.step.template_id for m in messages}):
        found.setdefault(text.template_id, {})[text.locale] = text
    return found


def choose(texts: Mapping[str, TemplateText], message: Message) -> TemplateText | None:
    """The text in the shopper's language: the cart's, the customer's, the store's, English, else the first there is."""
    for tag in (message.cart.locale, message.customer.locale, message.store.locale, "en"):
        for locale in _widening(tag):
            if locale in texts:
                return texts[locale]
    return texts[min(texts)] if texts else None


def _widening(tag: str) -> list[str]:
    """A language tag and its plainer forms: "nn-NO" is nn-NO, nn, and nb, which its readers read."""
    tag = tag.replace("_", "-")
    language = tag.split("-")[0].lower()
    return [tag, language, *({"no": ["nb"], "nn": ["nb"]}.get(language, []))]


def _shape(message: Message, text: TemplateText, urls: MessageLinks, sender: email.Sender) -> Envelope | Broken:
    compiled = email.Compiled(text.subject, text.compiled_html, text.compiled_text, text.locale)
    customer = message.customer
    try:
        return email.shape(
            compiled,
            context_of(message, urls),
            sender,
            send_id=send_id(message),
            to=customer.email,
            to_name=f"{customer.first_name} {customer.last_name}".strip(),
        )
    except TemplateBroken as error:
        return Broken(str(error))


def send_id(message: Message) -> str:
    """Our own name for the message at every provider, the same at every attempt."""
    return f"m{message.pk}.{message.planned_at:%Y%m%d%H%M%S}"


def context_of(message: Message, urls: MessageLinks) -> dict[str, Any]:
    """What a template may see of one message. Plain values only."""
    return {
        "store": store_context(message.store),
        "customer": {"first_name": message.customer.first_name, "last_name": message.customer.last_name},
        "cart": cart_context(message.cart.lines, message.cart.total, message.cart.quantity, message.cart.currency),
        "recovery_url": urls.recover,
        "unsubscribe_url": urls.unsubscribe,
        "preferences_url": urls.preferences,
        "discount": None,
    }


def store_context(store: Store) -> dict[str, Any]:
    return {
        "name": store.name,
        "url": f"https://{store.domain}" if not store.is_demo else "",
        "postal_address": store.postal_address,
        "support": store.support_contact,
        "currency": store.currency,
        "locale": store.locale,
    }


def cart_context(lines: Sequence[Mapping[str, Any]], total: Decimal, count: int, currency: str) -> dict[str, Any]:
    return {
        "items": [_item(line, currency) for line in lines],
        "total": total,
        "currency": currency,
        "count": count,
    }


def _item(line: Mapping[str, Any], currency: str) -> dict[str, Any]:
    price = Decimal(str(line.get("price", "0")))
    return {
        "title": line.get("title", ""),
        "variant": line.get("variant_title", ""),
        "quantity": line.get("quantity", 0),
        "price": price,
        "line_total": rounded(price * int(line.get("quantity", 0)), currency),
        "image": line.get("image_url", ""),
        "url": line.get("url", ""),
    }
