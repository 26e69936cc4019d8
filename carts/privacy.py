"""This floor's part of erasing a person: what their carts, orders and raw deliveries say of them."""

from __future__ import annotations

import re
from datetime import datetime

from django.db import connection, transaction

from carts.models import Cart, Order
from customers import privacy
from customers.models import Customer, PrivacyRequest
from customers.models.people import IdentityKind
from customers.models.privacy import PrivacyKind

#: What a cart says of its shopper.
_OF_THE_PERSON = ("restore_url", "user_agent", "referrer", "landing_page", "locale", "country", "region", "postal_code")


def carry_out(now: datetime) -> int:
    """Erase for every open request that the floor above has dealt with; returns how many requests were closed.

    Requests for access stay open until a person of the store has answered them.
    """
    erasures = [PrivacyKind.ERASE, PrivacyKind.ERASE_STORE]
    due = PrivacyRequest.objects.filter(done_at=None, kind__in=erasures, messages_erased_at__isnull=False)
    closed = 0
    for request in due.order_by("id")[:100]:
        with transaction.atomic():
            for customer in people_of(request):
                erase(customer, now=now)
            closed += PrivacyRequest.objects.filter(pk=request.pk, done_at=None).update(done_at=now)
    return closed


def people_of(request: PrivacyRequest) -> list[Customer]:
    """Whom the request is about: one customer, or every one of the store."""
    if request.kind == PrivacyKind.ERASE_STORE:
        return list(Customer.objects.filter(store=request.store, erased_at=None))
    return [request.customer] if request.customer else []


def erase(customer: Customer, *, now: datetime) -> None:
    """Take the person out of carts, orders and raw deliveries. Amounts and products stay: they name nobody."""
    with transaction.atomic():
        patterns = _patterns(customer)
        Cart.objects.filter(customer=customer).update(**dict.fromkeys(_OF_THE_PERSON, ""))
        Order.objects.filter(customer=customer).update(email="", phone="", number="")
        if patterns:
            _forget_deliveries(customer.store_id, patterns)
        privacy.erase(customer, now=now)


def _patterns(customer: Customer) -> list[str]:
    """Regular expressions that find the person in a raw body, however the store spaces a phone number.

    A customer id shorter than six characters would be found everywhere and is left out.
    """
    patterns = []
    for kind, value in customer.identities.values_list("kind", "value"):
        if kind == IdentityKind.PHONE:
            patterns.append("[^0-9]{0,2}".join(value[-8:]))
        elif kind == IdentityKind.EMAIL or len(value) >= 6:
            patterns.append(re.escape(value))
    return patterns


def _forget_deliveries(store_id: int, patterns: list[str]) -> None:
    # The escape encoding leaves ASCII as it is and never fails, whatever bytes a body holds.
    sql = "DELETE FROM carts_delivery WHERE store_id = %s AND encode(body, 'escape') ~* %s"
    with connection.cursor() as cursor:
        cursor.execute(sql, [store_id, "|".join(patterns)])
