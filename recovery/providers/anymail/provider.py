"""Outgoing e-mail: an SMTP server, or one of the services that anymail speaks to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from recovery.providers.anymail.esp import EspProvider
from recovery.providers.anymail.smtp import SmtpProvider, SmtpServer
from recovery.providers.base import Misconfigured

MailProvider = SmtpProvider | EspProvider


@dataclass(frozen=True, slots=True)
class MailConfig:
    """`kind` smtp needs `url`; esp needs `esp` (anymail's name, like postmark) and `settings` (anymail's for it);
    mailbox needs `url`, a directory."""

    kind: str
    url: str = field(default="", repr=False)  # may hold a password
    esp: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict, repr=False)


def mail_provider(config: MailConfig) -> MailProvider:
    """The provider; keep it, for it keeps the open connections. Raises Misconfigured for what cannot work at all."""
    if config.kind == "smtp":
        try:
            return SmtpProvider(SmtpServer.from_url(config.url))
        except ValueError as error:
            raise Misconfigured("smtp_settings", str(error)) from error
    if config.kind == "esp" and config.esp.isidentifier():
        return EspProvider(config.esp, config.settings)
    raise Misconfigured("mail_settings", f"no mail provider of kind {config.kind!r} with service {config.esp!r}")
