"""From a row to an envelope: the template in the shopper's language, the cart as it is now, fresh links."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from customers.addresses import address_hash
from customers.models import Channel
from recovery.channels import email, sms
from recovery.channels.liquid import TemplateBroken
from recovery.links.mint import mint
from recovery.models import Message, TemplateText
from recovery.outbox.callback_urls import callback_url
from recovery.outbox.carriers import Carrier
from recovery.outbox.context import context_of
from recovery.outbox.routes import Route
from recovery.providers.base import Envelope


@dataclass(frozen=True, slots=True)
class Departure:
    """A message that may go, by which route, and who carries it."""

    message: Message
    route: Route
    carrier: Carrier


@dataclass(frozen=True, slots=True)
class Composed:
    """What will be handed over, and what it takes: SMS segments, 0 for other channels."""

    envelope: Envelope
    locale: str
    segments: int = 0


@dataclass(frozen=True, slots=True)
class Broken:
    """The message could not be composed; the text says what to mend."""

    detail: str


_NO_TEXT = Broken("The template has no text in any language: write one and publish again.")


def compose(departures: Sequence[Departure], *, now: datetime) -> dict[int, Composed | Broken]:
    """An envelope for each message, by its id."""
    texts = _texts(departures)
    messages = [departure.message for departure in departures]
    hashes = [address_hash(d.message.customer.address(d.route.channel)) for d in departures]
    composed: dict[int, Composed | Broken] = {}
    for departure, urls in zip(departures, mint(messages, hashes, now=now), strict=True):
        text = choose(texts.get(departure.route.template_id, {}), departure.message)
        context = context_of(departure.message, urls)
        composed[departure.message.pk] = _shaped(departure, text, context) if text else _NO_TEXT
    return composed


def _texts(departures: Sequence[Departure]) -> dict[int, dict[str, TemplateText]]:
    """For each template in use, its texts by locale."""
    found: dict[int, dict[str, TemplateText]] = {}
    for text in TemplateText.objects.filter(template_id__in={d.route.template_id for d in departures}):
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


def _shaped(departure: Departure, text: TemplateText, context: dict[str, Any]) -> Composed | Broken:
    try:
        return _SHAPES[departure.route.channel](departure, text, context)
    except TemplateBroken as error:
        return Broken(str(error))


def _email(departure: Departure, text: TemplateText, context: dict[str, Any]) -> Composed:
    customer = departure.message.customer
    compiled = email.Compiled(text.subject, text.compiled_html, text.compiled_text, text.locale)
    envelope = email.shape(
        compiled,
        context,
        departure.carrier.sender,
        send_id=send_id(departure.message),
        to=customer.email,
        to_name=f"{customer.first_name} {customer.last_name}".strip(),
    )
    return Composed(envelope, text.locale)


def _sms(departure: Departure, text: TemplateText, context: dict[str, Any]) -> Composed:
    message, store = departure.message, departure.message.store
    shaped = sms.shape_sms(
        sms.CompiledSms(text.compiled_text, text.locale),
        context,
        sms.SmsSender(departure.carrier.sender.address),
        send_id=send_id(message),
        to=message.customer.phone,
        max_segments=store.sms_max_segments,
        folding=store.sms_fold,
    )
    envelope = replace(shaped.envelope, sender="", callback_url=callback_url(message))
    return Composed(envelope, text.locale, shaped.measure.segments)


_SHAPES = {Channel.EMAIL.value: _email, Channel.SMS.value: _sms}


def send_id(message: Message) -> str:
    """Our own name for the message at every provider, the same at every attempt."""
    return f"m{message.pk}.{message.planned_at:%Y%m%d%H%M%S}"
