"""Who it is that wrote from a number."""

from __future__ import annotations

from datetime import datetime
from datetime import timedelta as td

from django.db.models import QuerySet

from customers import identity
from customers.models import Channel, Customer, Store
from recovery.models import Message

_RECENTLY = td(days=30)


def people_at(store: Store, phone: str, *, answers: str = "", now: datetime) -> list[Customer]:
    """Everybody whom a message from the number may come from, the likeliest first.

    The one whose message was answered, then whoever was written to there of late, then whose number it is. Several
    people may share a phone, and only one of them can have it as a key.
    """
    owners = identity.find(store.pk, phone=phone)
    answered = _answered(store, answers)
    written = _written(store, phone, owners, now)
    ranks = {**dict.fromkeys(owners, 2), **dict.fromkeys(written, 1), **dict.fromkeys(answered, 0)}
    found = Customer.objects.filter(pk__in=ranks, store=store, erased_at=None)
    return sorted(found, key=lambda person: (ranks[person.pk], person.pk))


def _answered(store: Store, provider_id: str) -> set[int]:
    if not provider_id:
        return set()
    return _ids(Message.objects.filter(store=store, provider_id=provider_id))


def _written(store: Store, phone: str, owners: set[int], now: datetime) -> set[int]:
    """Those written to at the number. Where its owner is among them, that is one look into an index."""
    sent = Message.objects.filter(
        store=store, channel__in=[Channel.SMS, Channel.WHATSAPP], to=phone, planned_at__gte=now - _RECENTLY
    )
    return _ids(sent.filter(customer_id__in=owners)) or _ids(sent)


def _ids(messages: QuerySet[Message]) -> set[int]:
    return set(messages.order_by().values_list("customer_id", flat=True).distinct())
