"""This floor's part of erasing a person: what they were sent, and how they clicked."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from carts.privacy import people_of
from customers.models import PrivacyRequest
from customers.models.privacy import PrivacyKind
from recovery.flows.exits import stop_customers
from recovery.models import Click, Message, Notice, ProviderEvent, Reply


def carry_out(now: datetime) -> int:
    """Deal with every open erasure request; returns how many. The floors below follow once it is marked."""
    due = PrivacyRequest.objects.filter(
        done_at=None, messages_erased_at=None, kind__in=[PrivacyKind.ERASE, PrivacyKind.ERASE_STORE]
    )
    count = 0
    for request in due.order_by("id")[:100]:
        with transaction.atomic():
            people = [customer.pk for customer in people_of(request)]
            stop_customers(people, "erased", now=now)
            _blank(people)
            count += PrivacyRequest.objects.filter(pk=request.pk).update(messages_erased_at=now)
    return count


def _blank(people: list[int]) -> None:
    """Numbers stay: how many were sent and clicked. Words and addresses go."""
    Message.objects.filter(customer_id__in=people).update(to="", subject="", body_html="", body_text="")
    Click.objects.filter(message__customer_id__in=people).update(user_agent="")
    Reply.objects.filter(customer_id__in=people).update(address="", body="")
    Notice.objects.filter(customer_id__in=people).update(to="", text="")
    ProviderEvent.objects.filter(message__customer_id__in=people).update(payload={})
