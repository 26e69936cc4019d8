"""Did this shopper buy? Asked by every identity that we know of them, merged or not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime

from django.db.models import Q

from carts.models import Order
from config.lib import batch
from customers.models import Customer, Identity


def bought_since(asked: Mapping[int, tuple[Customer, datetime]]) -> set[int]:
    """Of the asked (key -> customer, moment), the keys whose shopper placed an order at or after the moment.

    An order counts when it names the customer, or one of their e-mail addresses or phone numbers. A cancelled one
    counts too: who has just cancelled does not want a reminder.
    """
    if not asked:
        return set()
    times = bought_at({customer for customer, _ in asked.values()}, min(moment for _, moment in asked.values()))
    return {key for key, (customer, since) in asked.items() if customer.pk in times and times[customer.pk][-1] >= since}


def bought_at(customers: set[Customer], since: datetime) -> dict[int, list[datetime]]:
    """When each customer placed an order since that moment, earliest first; by whichever identity, see above."""
    addresses = _addresses(customers)
    emails = {value for kind, value, _ in addresses if kind == "email"}
    phones = {value for kind, value, _ in addresses if kind == "phone"}
    owners: dict[tuple[int, str], set[int]] = defaultdict(set)
    for _, value, customer in addresses:
        owners[customer.store_id, value].add(customer.pk)
    found: dict[int, set[datetime]] = defaultdict(set)
    for store_id, customer_id, email, phone, placed_at in _orders(customers, since, emails, phones):
        for buyer in owners[store_id, email] | owners[store_id, phone] | {customer_id}:
            found[buyer].add(placed_at)
    return {buyer: sorted(times) for buyer, times in found.items()}


def _addresses(customers: set[Customer]) -> list[tuple[str, str, Customer]]:
    """(kind, value, customer) of every e-mail and phone that the customers go by."""
    people = {customer.pk: customer for customer in customers}
    rows = Identity.objects.filter(customer_id__in=batch.ids(people), kind__in=["email", "phone"])
    known = [(kind, value, people[pk]) for kind, value, pk in rows.values_list("kind", "value", "customer_id")]
    newest = [("email", c.email, c) for c in customers if c.email] + [
        ("phone", c.phone, c) for c in customers if c.phone
    ]
    return known + newest


def _orders(
    customers: set[Customer], since: datetime, emails: set[str], phones: set[str]
) -> list[tuple[int, int, str, str, datetime]]:
    """Orders of the stores that any of the identities fits, placed since that moment."""
    people = {customer.pk for customer in customers}
    stores = {customer.store_id for customer in customers}
    rows: list[tuple[int, int, str, str, datetime]] = []
    # One query an identity, not one OR: each is answered from its own index.
    asked = {"customer_id": batch.ids(people), "email": batch.texts(emails), "phone": batch.texts(phones)}
    for column, values in asked.items():
        found = Order.objects.filter(
            Q((f"{column}__in", values)), store_id__in=stores, placed_at__gte=since, is_placed=True
        )
        rows += found.values_list("store_id", "customer_id", "email", "phone", "placed_at")
    return rows
