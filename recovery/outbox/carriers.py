"""Which provider carries a store's messages, and in whose name. One provider per configuration and process."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings

from customers.models import Store
from recovery.channels.email import Sender
from recovery.providers.anymail.provider import MailConfig
from recovery.providers.base import Provider
from recovery.providers.registry import build


@dataclass(frozen=True, slots=True)
class Carrier:
    """A provider for one channel. `store_id` None: the installation's own."""

    store_id: int | None
    channel: str
    provider: Provider
    sender: Sender

    @property
    def name(self) -> str:
        return self.provider.name


def carrier_for(store: Store, channel: str) -> Carrier:
    """The store's own mail server where it has one, else the installation's. Raises Misconfigured, Unsealable."""
    own = store.own_email_url()
    provider = _smtp(own) if own else _installation()
    return Carrier(store.pk if own else None, channel, provider, sender_of(store))


def sender_of(store: Store) -> Sender:
    """In whose name the store writes."""
    return Sender(store.sender_email or settings.DEFAULT_SENDER, store.sender_name or store.name, store.reply_to)


@lru_cache(maxsize=256)
def _smtp(url: str) -> Provider:
    return build(MailConfig("smtp", url=url))


def _installation() -> Provider:
    """EMAIL_URL, else ANYMAIL_ESP, else the development mailbox: nothing is dropped silently."""
    if settings.EMAIL_URL:
        return _smtp(settings.EMAIL_URL)
    if settings.ANYMAIL_ESP:
        return _esp(settings.ANYMAIL_ESP)
    return _mailbox(str(settings.MAILBOX_DIR))


@lru_cache(maxsize=1)
def _esp(name: str) -> Provider:
    return build(MailConfig("esp", esp=name, settings=settings.ANYMAIL))


@lru_cache(maxsize=1)
def _mailbox(directory: str) -> Provider:
    return build(MailConfig("mailbox", url=directory))
