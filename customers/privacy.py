"""Erasing a person: what the law asks to keep stays as hashes and counts, the rest goes."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from customers.consent import suppress
from customers.models import Channel, ConsentEvent, Customer, Identity
from customers.models.suppression import SuppressionReason


def erase(customer: Customer, *, now: datetime) -> None:
    """Take away who they are. The row stays for the counts; their addresses stay suppressed, as keyed hashes.

    The proof of consent keeps channel, time, source and words, without the address (GDPR article 7(1) asks the store
    to be able to show it).
    """
    with transaction.atomic():
        for kind, value in Identity.objects.filter(customer=customer).values_list("kind", "value"):
            for channel in _channels_of(kind):
                suppress(customer.store_id, channel, value, SuppressionReason.ERASED, now=now)
        Identity.objects.filter(customer=customer).delete()
        ConsentEvent.objects.filter(customer=customer).update(address="")
        Customer.objects.filter(pk=customer.pk).update(
            email="", phone="", first_name="", last_name="", locale="", country="", erased_at=now
        )


def _channels_of(kind: str) -> list[str]:
    return {"email": [Channel.EMAIL.value], "phone": [Channel.SMS.value, Channel.WHATSAPP.value]}.get(kind, [])
