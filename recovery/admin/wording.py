"""The words of a template by channel: which fields there are, what they become, what is wrong, how it looks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from carts.models import Cart
from config.lib.sealing import Unsealable
from customers.models import Channel, Store
from recovery.channels import email, sms, whatsapp
from recovery.channels.texts import Texts
from recovery.flows.standard import AnyTexts
from recovery.models import MessageTemplate, TemplateText
from recovery.outbox.carriers import sender_of, twilio_account
from recovery.outbox.sample import sample

#: What a tapped button stands for: its id.
BUTTONS = ("question", "help", "stop")
FIELDS: dict[str, tuple[str, ...]] = {
    Channel.EMAIL: ("subject", "preheader", "headline", "body", "button", "offer", "closing"),
    Channel.SMS: ("body",),
    Channel.WHATSAPP: ("body", *BUTTONS),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a text. `field` "": with all of it. Only what could not be sent is fatal."""

    what: str
    field: str = ""
    fatal: bool = True


@dataclass(frozen=True, slots=True)
class Shown:
    """How a shopper would get it. `buttons` are below a WhatsApp message, `note` says what it costs."""

    text: str
    html: str = ""
    buttons: tuple[str, ...] = ()
    note: str = ""


def texts_of(channel: str, written: Mapping[str, Any]) -> AnyTexts:
    """What was written in the form, as its channel takes it."""
    locale, body = written.get("locale", ""), written.get("body", "")
    if channel == Channel.EMAIL:
        return Texts(**{name: written.get(name, "") for name in ("locale", *FIELDS[Channel.EMAIL])})
    if channel == Channel.SMS:
        return sms.SmsTexts(locale, body)
    replies = [whatsapp.QuickReply(name, written[name]) for name in BUTTONS if written.get(name)]
    return whatsapp.WhatsAppTexts(locale, body, tuple(replies))


def problems_of(template: MessageTemplate, texts: AnyTexts) -> list[Problem]:
    """What stands against saving the texts, and what should be known of them."""
    store = template.store
    if isinstance(texts, Texts):
        return [_of_mail(problem) for problem in email.lint(texts)]
    if isinstance(texts, sms.SmsTexts):
        found = sms.lint_sms(
            texts, sample(store), _sms_sender(store), max_segments=store.sms_max_segments, folding=store.sms_fold
        )
        # A dear text can be sent: whether it is worth its price is the marketer's to say.
        return [Problem(problem, "body", fatal="segment" not in problem) for problem in found]
    return [Problem(problem, "body") for problem in whatsapp.lint_whatsapp(texts, sample(store))]


def _of_mail(problem: str) -> Problem:
    field, _, what = problem.partition(": ")
    return Problem(what, field) if what and field in FIELDS[Channel.EMAIL] else Problem(problem)


def shown(text: TemplateText, template: MessageTemplate, *, made_up: bool) -> Shown:
    """The text for a shopper called Anna, with the newest real cart of the store or a made-up one. Raises
    TemplateBroken."""
    store = template.store
    context = sample(store, None if made_up else _newest(store))
    if template.channel == Channel.EMAIL:
        compiled = email.Compiled(text.subject, text.compiled_html, text.compiled_text, text.locale)
        mail = email.shape(compiled, context, sender_of(store), send_id="preview", to="anna@example.invalid")
        return Shown(mail.text, mail.html)
    if template.channel == Channel.SMS:
        return _shown_sms(text, store, context)
    replies = tuple(whatsapp.QuickReply(button["id"], button["title"]) for button in text.buttons)
    made = whatsapp.compile_whatsapp(whatsapp.WhatsAppTexts(text.locale, text.body, replies))
    envelope = whatsapp.shape_whatsapp(made, context, "", send_id="preview", to="", content_sid="preview")
    return Shown(envelope.text, buttons=tuple(reply.title for reply in replies), note=_approval(text))


def _shown_sms(text: TemplateText, store: Store, context: dict[str, Any]) -> Shown:
    shaped = sms.shape_sms(
        sms.CompiledSms(text.compiled_text, text.locale), context, _sms_sender(store), send_id="preview", to="",
        max_segments=store.sms_max_segments, folding=store.sms_fold,
    )  # fmt: skip
    found, body = shaped.measure, shaped.envelope.text
    segments = f"{found.segments} segment{'' if found.segments == 1 else 's'} of SMS"
    return Shown(body, note=f"{segments} with this cart: {len(body)} characters, {found.encoding}.")


def _approval(text: TemplateText) -> str:
    if text.approval == "approved":
        return "Approved: it may be sent at any time."
    return f"{standing(text)}. Until it is approved it is sent only to who wrote to the shop in the last 24 hours."


_STANDING = {
    "": "Not submitted",
    "unsubmitted": "Not submitted",
    "received": "Waiting for approval",
    "pending": "Waiting for approval",
    "approved": "Approved",
    "rejected": "Rejected",
    "paused": "Paused by Meta",
    "disabled": "Disabled by Meta",
}


def standing(text: TemplateText) -> str:
    """How a WhatsApp text stands with Meta, in words."""
    told = _STANDING.get(text.approval, text.approval)
    return f"{told}: {text.rejection_reason}" if text.rejection_reason else told


def _sms_sender(store: Store) -> sms.SmsSender:
    try:
        account = twilio_account(store)
    except Unsealable:
        account = {}
    return sms.SmsSender(account.get("messaging_service_sid") or account.get("from_number") or "+15005550006")


def _newest(store: Store) -> Cart | None:
    rows = Cart.objects.filter(store=store, quantity__gt=0, is_test=False)
    return rows.order_by("-last_activity_at").first()
