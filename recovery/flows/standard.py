"""What a store can send from the first day: the default templates in every language we ship, and the default flow."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from datetime import timedelta as td

from django.db import transaction

from customers.models import Channel, Store
from recovery.channels.email import compile_texts
from recovery.channels.sms import SmsTexts, compile_sms, default_sms
from recovery.channels.texts import LOCALES, Texts, default_texts
from recovery.channels.whatsapp import WhatsAppTexts, compile_whatsapp, default_whatsapp
from recovery.flows.publish import StepPlan, publish, write_steps
from recovery.models import Flow, MessageTemplate, TemplateText

AnyTexts = Texts | SmsTexts | WhatsAppTexts

#: E-mail at abandonment, which is within the first hour of silence, after a day, after three days.
_STEPS = [("reminder", "Reminder", td(0)), ("help", "Help", td(hours=24)), ("farewell", "Farewell", td(hours=72))]
_SUFFIX = {Channel.EMAIL: "", Channel.SMS: " (SMS)", Channel.WHATSAPP: " (WhatsApp)"}


def save_text(template: MessageTemplate, texts: AnyTexts, *, now: datetime) -> TemplateText:
    """Keep one language of a template, compiled. Raises TemplateBroken.

    A WhatsApp text that changed has to be approved anew: its approval was for other words.
    """
    text, _ = TemplateText.objects.update_or_create(
        template=template, locale=texts.locale, defaults={**_columns(template, texts), "updated_at": now}
    )
    return text


def _columns(template: MessageTemplate, texts: AnyTexts) -> dict[str, object]:
    if isinstance(texts, Texts):
        compiled = compile_texts(texts)
        names = ("subject", "preheader", "headline", "body", "button", "offer", "closing")
        written = {name: getattr(texts, name) for name in names}
        return {**written, "compiled_html": compiled.html, "compiled_text": compiled.text}
    if isinstance(texts, SmsTexts):
        return {"body": texts.body, "compiled_text": compile_sms(texts).body}
    approved = compile_whatsapp(texts)
    buttons = [{"id": button.id, "title": button.title} for button in texts.buttons]
    written = {"body": texts.body, "buttons": buttons, "compiled_text": approved.body}
    before = template.texts.filter(locale=texts.locale).first()
    if before and (before.body, before.buttons) == (texts.body, buttons):
        return written
    return {**written, "content_sid": "", "approval": "", "rejection_reason": ""}


def install_standard_flow(store: Store, *, now: datetime, phone_first: bool = False) -> Flow:
    """Give the store the default templates and the default flow, live. Safe to repeat.

    `phone_first`: the first step goes by WhatsApp, else SMS, else e-mail, whichever reaches the shopper.
    """
    with transaction.atomic():
        templates = [install_template(store, key, now=now) for key, _, _ in _STEPS]
        flow, made = Flow.objects.get_or_create(store=store, name="Abandoned cart")
        if not made:
            return flow
        # The first step's delay is the store's own timeout: it goes out when the cart is noticed to be abandoned.
        delays = [store.abandon_after, *(delay for _, _, delay in _STEPS[1:])]
        plans = [StepPlan(delay, template) for delay, template in zip(delays, templates, strict=True)]
        if phone_first:
            by_phone = [install_template(store, "reminder", c, now=now) for c in (Channel.WHATSAPP, Channel.SMS)]
            plans[0] = StepPlan(delays[0], by_phone[0], fallbacks=[by_phone[1], templates[0]])
        write_steps(flow, plans)
        publish(flow, now=now)
        flow.refresh_from_db()
        return flow


def install_template(store: Store, key: str, channel: Channel = Channel.EMAIL, *, now: datetime) -> MessageTemplate:
    """The default template of that key (see channels.texts.KEYS) for the channel, in every language we ship."""
    name = next(name for known, name, _ in _STEPS if known == key) + _SUFFIX[channel]
    template, made = MessageTemplate.objects.get_or_create(store=store, name=name, defaults={"channel": channel})
    if made:
        for locale in LOCALES:
            save_text(template, _DEFAULTS[channel](key, locale), now=now)
    return template


_DEFAULTS: dict[str, Callable[..., AnyTexts]] = {
    Channel.EMAIL: default_texts,
    Channel.SMS: default_sms,
    Channel.WHATSAPP: default_whatsapp,
}
