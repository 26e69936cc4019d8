"""From a row to an envelope: the template in the shopper's language, the cart as it is now, fresh links."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from customers.addresses import address_hash
from customers.models import Channel
from recovery.channels import email, sms, whatsapp
from recovery.channels.liquid import TemplateBroken
from recovery.links.mint import MessageLinks, mint
from recovery.models import Message, TemplateText
from recovery.outbox.callback_urls import callback_url
from recovery.outbox.carriers import Carrier
from recovery.outbox.context import context_of
from recovery.outbox.languages import APPROVED, FIT_FOR_SESSIONS, choose, texts_of
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


_NO_TEXT = Broken("The template is not published in any language: publish it.")


def compose(departures: Sequence[Departure], *, now: datetime) -> dict[int, Composed | Broken]:
    """An envelope for each message, by its id."""
    texts = texts_of({departure.route.template_id for departure in departures})
    messages = [departure.message for departure in departures]
    hashes = [address_hash(d.message.customer.address(d.route.channel)) for d in departures]
    composed: dict[int, Composed | Broken] = {}
    for departure, urls in zip(departures, mint(messages, hashes, now=now), strict=True):
        text = choose(texts.get(departure.route.template_id, {}), departure.message)
        composed[departure.message.pk] = _shaped(departure, text, urls) if text else _NO_TEXT
    return composed


def _shaped(departure: Departure, text: TemplateText, urls: MessageLinks) -> Composed | Broken:
    context = context_of(departure.message, urls, text.locale)
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


def _whatsapp(departure: Departure, text: TemplateText, context: dict[str, Any]) -> Composed:
    """The template where there is one that may go; else free text. The gate lets what is not approved pass only inside
    the window."""
    message = departure.message
    envelope = whatsapp.shape_whatsapp(
        compiled_whatsapp(text.locale, text.body, tuple((b["id"], b["title"]) for b in text.buttons)),
        context,
        departure.carrier.sender.address,
        send_id=send_id(message),
        to=message.customer.phone,
        content_sid=text.content_sid if text.approval in FIT_FOR_SESSIONS else "",
        in_session=text.approval != APPROVED,
    )
    return Composed(replace(envelope, callback_url=callback_url(message)), text.locale)


_SHAPES = {Channel.EMAIL.value: _email, Channel.SMS.value: _sms, Channel.WHATSAPP.value: _whatsapp}


@lru_cache(maxsize=256)
def compiled_whatsapp(locale: str, body: str, buttons: tuple[tuple[str, str], ...]) -> whatsapp.CompiledWhatsApp:
    """Compiled once for all who get it. Raises TemplateBroken."""
    replies = tuple(whatsapp.QuickReply(name, title) for name, title in buttons)
    return whatsapp.compile_whatsapp(whatsapp.WhatsAppTexts(locale, body, replies))


def send_id(message: Message) -> str:
    """Our own name for the message at every provider, the same at every attempt."""
    return f"m{message.pk}.{message.planned_at:%Y%m%d%H%M%S}"
