"""What a store can send from the first day: the default templates in every language we ship, and the default flow."""

from __future__ import annotations

from datetime import datetime
from datetime import timedelta as td

from django.db import transaction

from customers.models import Channel, Store
from recovery.channels.texts import LOCALES
from recovery.flows.publish import StepPlan, publish, write_steps
from recovery.models import Flow, MessageTemplate
from recovery.writing.starting import ready_made
from recovery.writing.versions import publish_texts

#: E-mail at abandonment, which is within the first hour of silence, after a day, after three days.
_STEPS = [("reminder", "Reminder", td(0)), ("help", "Help", td(hours=24)), ("farewell", "Farewell", td(hours=72))]
_SUFFIX = {Channel.EMAIL: "", Channel.SMS: " (SMS)", Channel.WHATSAPP: " (WhatsApp)"}


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
        publish_texts(template, [ready_made(channel, key, locale) for locale in LOCALES], now=now)
    return template
