"""Which provider a configuration asks for."""

from __future__ import annotations

from recovery.providers.anymail.provider import MailConfig, mail_provider
from recovery.providers.base import Provider
from recovery.providers.console.provider import MailboxProvider
from recovery.providers.twilio.config import TwilioConfig
from recovery.providers.twilio.provider import TwilioProvider


def build(config: MailConfig | TwilioConfig) -> Provider:
    """Keep what comes back: it holds open connections. Raises Misconfigured for a configuration that cannot work."""
    if isinstance(config, TwilioConfig):
        return TwilioProvider(config)
    if config.kind == "mailbox":
        return MailboxProvider(config.url)
    return mail_provider(config)
