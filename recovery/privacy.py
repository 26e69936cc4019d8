"""This floor's part of erasing a person: what they were sent, and how they clicked."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Q, TextField
from django.db.models.functions import Cast

from carts.privacy import people_of
from customers.models import Identity, PrivacyRequest
from customers.models.people import IdentityKind
from customers.models.privacy import PrivacyKind
from recovery.flows.exits import stop_customers
from recovery.models import Click, EventState, Message, Notice, ProviderEvent, Reply, SurveyAsk


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
            _blank_by_address(people)
            count += PrivacyRequest.objects.filter(pk=request.pk).update(messages_erased_at=now)
    return count


def _blank(people: list[int]) -> None:
    """Numbers stay: how many were sent and clicked. Words and addresses go."""
    Message.objects.filter(customer_id__in=people).update(to="", subject="", body_html="", body_text="")
    Click.objects.filter(message__customer_id__in=people).update(user_agent="")
    Reply.objects.filter(customer_id__in=people).update(address="", body="")
    Notice.objects.filter(customer_id__in=people).update(to="", subject="", text="", html="", unsubscribe_url="")
    SurveyAsk.objects.filter(customer_id__in=people).update(comment="")
    ProviderEvent.objects.filter(message__customer_id__in=people).update(payload={})


def _blank_by_address(people: list[int]) -> None:
    """What came from or went to their addresses without being tied to anybody: strangers' words, and events that
    could not be read, were about no message of ours, or still wait. Those are closed, since nothing is left to read."""
    known = Identity.objects.filter(customer_id__in=people, kind__in=[IdentityKind.EMAIL, IdentityKind.PHONE])
    for store_id, value in known.values_list("store_id", "value"):
        Reply.objects.filter(store_id=store_id, customer=None, address=value).update(address="", body="")
        Notice.objects.filter(store_id=store_id, customer=None, to=value).update(to="", text="")
        loose = ProviderEvent.objects.filter(Q(store_id=store_id) | Q(store=None), message=None)
        found = loose.annotate(words=Cast("payload", TextField())).filter(words__icontains=value)
        found.update(payload={}, state=EventState.IGNORED, reason="erased with the person")
