"""Asking by SMS whether a yes to SMS was theirs: anybody can type another's number into a checkout."""

from __future__ import annotations

import logging
from datetime import datetime
from datetime import timedelta as td

from django.db import transaction
from django.db.models import Exists, OuterRef

from config.lib.logline import handed
from customers.models import Channel, Consent, Customer, Store
from customers.models.consent import ConsentState
from recovery.bot.texts import sentence
from recovery.models import Notice
from recovery.outbox.notices import Wish, ask

log = logging.getLogger("cartback.bot")

_BATCH = 100
_STILL_FRESH = td(hours=24)  # after that the shopper has forgotten the box they ticked


def pending_confirmations(now: datetime) -> int:
    """Ask everybody whose yes stands unconfirmed and who has not been asked; returns how many. Why it has to be
    confirmed (the store's wish, or the carriers') was settled when it was said."""
    asked = Notice.objects.filter(customer=OuterRef("customer"), purpose="confirm", created_at__gte=OuterRef("at"))
    waiting = Consent.objects.filter(
        ~Exists(asked),
        state=ConsentState.PENDING,
        channel=Channel.SMS,
        at__gt=now - _STILL_FRESH,
        at__lte=now,
        customer__erased_at=None,
    ).exclude(customer__phone="")
    with transaction.atomic():
        rows = waiting.select_related("customer__store").order_by("at")
        found = list(rows.select_for_update(skip_locked=True, no_key=True, of=("self",))[:_BATCH])
        count = sum(ask_to_confirm(row.customer.store, row.customer, now) for row in found)
    if count:
        handed(log, "confirm", count=count)
    return count


def ask_to_confirm(store: Store, customer: Customer, now: datetime) -> bool:
    """Queue the question for the yes that stands unconfirmed; False when there is none, or it was asked already."""
    pending = Consent.objects.filter(customer=customer, channel=Channel.SMS, state=ConsentState.PENDING).first()
    if pending is None or not customer.phone:
        return False
    text = sentence("confirm", store, customer, Channel.SMS)
    key = f"confirm:{customer.pk}:{pending.at.isoformat()}"
    return ask(Wish(store, customer, Channel.SMS, customer.phone, "confirm", text, key), now=now)


def words_asked(customer: Customer) -> str:
    """The words of the newest question, for the proof; "" where none is kept."""
    asked = Notice.objects.filter(customer=customer, purpose="confirm").order_by("-created_at")
    return asked.values_list("text", flat=True).first() or ""
