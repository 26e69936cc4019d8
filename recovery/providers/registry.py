"""Which provider a configuration asks for."""

from __future__ import annotations

from recovery.providers.anymail.provider import MailConfig, MailProvider, mail_provider
from recovery.providers.console.provider import MailboxProvider


def build(config: MailConfig) -> MailProvider | MailboxProvider:
    """Keep what comes back: it holds open connections. Raises Misconfigured for a configuration that cannot work."""
    if config.kind == "mailbox":
        return MailboxProvider(config.url)
    return mail_provider(config)
