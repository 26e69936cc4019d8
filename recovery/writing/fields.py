"""The words of a template by channel: which fields there are, and what they become."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from customers.models import Channel
from recovery.channels import sms, whatsapp
from recovery.channels.lint import MAIL_FIELDS
from recovery.channels.texts import Texts

AnyTexts = Texts | sms.SmsTexts | whatsapp.WhatsAppTexts

#: What a tapped button stands for: its id.
BUTTONS = ("question", "help", "stop")
FIELDS: dict[str, tuple[str, ...]] = {
    Channel.EMAIL: MAIL_FIELDS,
    Channel.SMS: ("body",),
    Channel.WHATSAPP: ("body", *BUTTONS),
}


def texts_of(channel: str, locale: str, written: Mapping[str, Any]) -> AnyTexts:
    """What was written in the fields, as its channel takes it."""
    body = str(written.get("body", ""))
    if channel == Channel.EMAIL:
        return Texts(locale, **{name: str(written.get(name, "")) for name in MAIL_FIELDS})
    if channel == Channel.SMS:
        return sms.SmsTexts(locale, body)
    replies = [whatsapp.QuickReply(name, str(written[name])) for name in BUTTONS if written.get(name)]
    return whatsapp.WhatsAppTexts(locale, body, tuple(replies))


def fields_of(texts: AnyTexts) -> dict[str, str]:
    """The other way round."""
    if isinstance(texts, Texts):
        return {name: getattr(texts, name) for name in MAIL_FIELDS}
    if isinstance(texts, sms.SmsTexts):
        return {"body": texts.body}
    titles = {button.id: button.title for button in texts.buttons}
    return {"body": texts.body, **{name: titles.get(name, "") for name in BUTTONS}}
