"""A test of a text, to whoever writes it: by the store's own provider, marked as a test, and no message of the outbox,
so that no report ever counts it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from html import escape
from typing import Any

import redis
from django.conf import settings

from carts.storefront import front_page
from config.lib.sealing import Unsealable
from config.lib.throttle import Limit, take_all
from customers.addresses import address_hashes, normal_email, normal_phone
from customers.models import Channel, Store, Suppression
from recovery.channels import email, sms, whatsapp
from recovery.channels.liquid import TemplateBroken
from recovery.channels.texts import Texts
from recovery.outbox.carriers import Carrier, carrier_for
from recovery.providers.base import Envelope, SendError
from recovery.writing.fields import AnyTexts

#: For one person, and for a store: so many at once, and then one in so many seconds.
_PERSON, _STORE = (5, 12), (30, 120)
_BANNER = (
    '<div style="padding:10px 16px;background:#fde68a;color:#18181b;font:14px/20px sans-serif;text-align:center">'
    "Test: no shopper got this.</div>"
)


class NotSent(Exception):
    """The test did not go out. The text is a sentence for who asked for it."""


def send_test(
    store: Store, texts: AnyTexts, layout: str, context: Mapping[str, Any], to: str, *, who: int, now: datetime
) -> str:
    """Send it now; returns where it went, in a sentence. `who` is the id of the user. Raises NotSent."""
    channel = _channel(texts)
    address = _address(store, channel, to)
    seen = {**context, **_links(store)}
    try:
        carrier = carrier_for(store, channel)
        envelope = _marked(_envelope(store, texts, layout, seen, carrier, address, f"t{who}.{now:%Y%m%d%H%M%S%f}"))
        _hold_back(store, who)
        carrier.provider.send(envelope)
    except TemplateBroken as broken:
        raise NotSent(f"It cannot be sent as it is: {broken.reason}.") from broken
    except (SendError, Unsealable) as error:
        raise NotSent(f"It was not sent: {_why(channel, error)}") from error
    return f"It lies in the mailbox for {address}." if carrier.name == "mailbox" else f"On its way to {address}."


def _channel(texts: AnyTexts) -> str:
    if isinstance(texts, Texts):
        return Channel.EMAIL
    return Channel.SMS if isinstance(texts, sms.SmsTexts) else Channel.WHATSAPP


def _address(store: Store, channel: str, to: str) -> str:
    address = normal_email(to) if channel == Channel.EMAIL else normal_phone(to)
    if not address:
        wanted = "an e-mail address" if channel == Channel.EMAIL else "a phone number such as +358401234567"
        raise NotSent(f"“{to}” is not {wanted}.")
    stopped = Suppression.objects.filter(store=store, channel=channel, address_hash__in=address_hashes(address))
    if stopped.exists():
        raise NotSent(f"{address} is on the stop list, so not even a test goes there.")
    return address


def _links(store: Store) -> dict[str, str]:
    """A test leads to the shop's front door, and its opt-out links stop nobody."""
    return {
        "recovery_url": front_page(store),
        "unsubscribe_url": f"{settings.PUBLIC_URL}/u/test/",
        "preferences_url": f"{settings.PUBLIC_URL}/preferences/test/",
    }


def _envelope(
    store: Store, texts: AnyTexts, layout: str, seen: Mapping[str, Any], carrier: Carrier, to: str, send_id: str
) -> Envelope:
    if isinstance(texts, Texts):
        compiled = email.compile_texts(texts, layout)
        return email.shape(compiled, seen, carrier.sender, send_id=send_id, to=to)
    if isinstance(texts, sms.SmsTexts):
        shaped = sms.shape_sms(
            sms.compile_sms(texts), seen, sms.SmsSender(carrier.sender.address), send_id=send_id, to=to,
            max_segments=store.sms_max_segments, folding=store.sms_fold,
        )  # fmt: skip
        return replace(shaped.envelope, sender="")
    compiled_text = whatsapp.compile_whatsapp(texts)
    return whatsapp.shape_whatsapp(
        compiled_text, seen, carrier.sender.address, send_id=send_id, to=to, in_session=True
    )  # fmt: skip


def _marked(envelope: Envelope) -> Envelope:
    """Nobody can take it for the real thing."""
    if envelope.channel != Channel.EMAIL:
        return replace(envelope, text=f"TEST {envelope.text}")
    marked, found = re.subn(r"(<body\b[^>]*>)", lambda tag: tag[1] + _BANNER, envelope.html, count=1)
    return replace(
        envelope,
        subject=f"[Test] {envelope.subject}",
        html=marked if found else _BANNER + envelope.html,
        text=f"Test: no shopper got this.\n\n{envelope.text}",
    )


def _hold_back(store: Store, who: int) -> None:
    limits = [
        Limit(f"trial:{name}", 1, 1 / every, burst)
        for name, (burst, every) in ((f"u{who}", _PERSON), (f"s{store.pk}", _STORE))
    ]
    wait = take_all(_redis(settings.REDIS_URL), limits)
    if wait:
        raise NotSent(f"Those were many tests: wait {wait:.0f} seconds.")


@lru_cache(maxsize=1)
def _redis(url: str) -> redis.Redis:
    return redis.Redis.from_url(url)


def _why(channel: str, error: Exception) -> str:
    words = escape(str(error))
    if channel == Channel.WHATSAPP:
        return (
            f"{words}. Without an approved template, WhatsApp delivers only to who wrote to you in the last 24 hours."
        )
    return f"{words}."
