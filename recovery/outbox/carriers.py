"""Which provider carries a store's messages, and in whose name. One provider per configuration and process."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings

from config.lib.sealing import Unsealable
from customers.models import Channel, Store
from recovery.channels.email import Sender
from recovery.providers.anymail.provider import MailConfig
from recovery.providers.base import Provider
from recovery.providers.registry import build
from recovery.providers.twilio.config import TwilioConfig

#: The captured messages' sender: a number that Twilio keeps for tests, and that reaches nobody.
MAILBOX_NUMBER = "+15005550006"


@dataclass(frozen=True, slots=True)
class Carrier:
    """A provider for one channel. `store_id` None: the installation's own. `sms_per_second`: segments, of its sender;
    None: as the setting has it."""

    store_id: int | None
    channel: str
    provider: Provider
    sender: Sender
    sms_per_second: int | None = None

    @property
    def name(self) -> str:
        return self.provider.name


def carrier_for(store: Store, channel: str) -> Carrier:
    """The store's own provider where it has one, else the installation's. Raises Misconfigured, Unsealable."""
    if channel == Channel.EMAIL:
        return _mail_carrier(store)
    account = twilio_account(store)
    if not account:
        return Carrier(None, channel, _mailbox(str(settings.MAILBOX_DIR)), Sender(MAILBOX_NUMBER))
    provider = _twilio(TwilioConfig(**account, api_url=settings.TWILIO_API_URL))
    texting = account["messaging_service_sid"] or account["from_number"]
    sender = account["whatsapp_from"] if channel == Channel.WHATSAPP else texting
    if not store.twilio:
        return Carrier(None, channel, provider, Sender(sender))
    return Carrier(store.pk, channel, provider, Sender(sender), store.sms_per_second)


def open_channels(store: Store) -> frozenset[str]:
    """The channels that have a sender. Without a Twilio account all end in the mailbox, which takes anything."""
    try:
        account = twilio_account(store)
    except Unsealable:
        account = {}  # said elsewhere, and no fault of a flow
    missing = set()
    if account and not (account["messaging_service_sid"] or account["from_number"]):
        missing.add(Channel.SMS)
    if account and not account["whatsapp_from"]:
        missing.add(Channel.WHATSAPP)
    return frozenset(channel for channel in Channel.values if channel not in missing)


def owns_provider(store: Store, channel: str) -> bool:
    """Does the store send this channel by a provider of its own? Then another's trouble does not hold it up."""
    return bool(store.email_url if channel == Channel.EMAIL else store.twilio)


def sender_of(store: Store) -> Sender:
    """In whose name the store writes e-mail."""
    return Sender(store.sender_email or settings.DEFAULT_SENDER, store.sender_name or store.name, store.reply_to)


def twilio_account(store: Store) -> dict[str, str]:
    """The fields of a TwilioConfig: the store's own account, else the installation's; {} where there is none."""
    own = store.own_twilio()
    account = own or {
        "account_sid": settings.TWILIO_ACCOUNT_SID,
        "auth_token": settings.TWILIO_AUTH_TOKEN,
        "messaging_service_sid": settings.TWILIO_MESSAGING_SERVICE_SID,
        "from_number": settings.TWILIO_FROM,
        "whatsapp_from": settings.TWILIO_WHATSAPP_FROM,
    }
    names = ("account_sid", "auth_token", "messaging_service_sid", "from_number", "whatsapp_from")
    return {name: account.get(name, "") for name in names} if account["account_sid"] else {}


def _mail_carrier(store: Store) -> Carrier:
    own = store.own_email_url()
    return Carrier(store.pk if own else None, Channel.EMAIL, _smtp(own) if own else _installation(), sender_of(store))


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


@lru_cache(maxsize=256)
def _twilio(config: TwilioConfig) -> Provider:
    return build(config)
