"""The words that come with us, to start from."""

from __future__ import annotations

from collections.abc import Callable

from customers.models import Channel
from recovery.channels.sms import default_sms
from recovery.channels.texts import default_texts
from recovery.channels.whatsapp import default_whatsapp
from recovery.writing.fields import AnyTexts

_DEFAULTS: dict[str, Callable[..., AnyTexts]] = {
    Channel.EMAIL: default_texts,
    Channel.SMS: default_sms,
    Channel.WHATSAPP: default_whatsapp,
}


def ready_made(channel: str, key: str, locale: str) -> AnyTexts:
    """One of channels.texts.KEYS in the closest language that we have; its locale is that language."""
    return _DEFAULTS[channel](key, locale)
