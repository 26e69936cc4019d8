"""What is typed into a search box, looked up in the indexes that there are: nothing here reads a whole table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Q

from customers.access import stores_for
from customers.addresses import normal_email, normal_phone
from customers.models import Customer, Identity

#: A name that more people share is no way to find one of them; the newest are shown.
_MOST = 200


def own_stores(user: Any) -> list[int]:
    """The ids themselves: with them the planner reads an index of each store."""
    return list(stores_for(user).values_list("pk", flat=True))


def number_after(letter: str, term: str) -> int | None:
    """12 for c12; None for anything else."""
    digits = term.strip().lower().removeprefix(letter)
    fits = term.strip().lower().startswith(letter) and digits.isascii() and digits.isdecimal() and len(digits) < 19
    return int(digits) if fits else None


def people(stores: Sequence[int], term: str) -> list[int]:
    """The customers whom a whole e-mail address or phone number, the store's own id of them, or the beginning of their
    last name (or "first last") may mean."""
    term = term.strip()[:254]
    found = set(_by_identity(stores, term))
    return sorted(found or _by_name(stores, term))


def _by_identity(stores: Sequence[int], term: str) -> list[int]:
    keys = Q(kind="external", value=term)
    if email := normal_email(term):
        keys |= Q(kind="email", value=email)
    if phone := normal_phone(term):
        keys |= Q(kind="phone", value=phone)
    rows = Identity.objects.filter(keys, store__in=stores)
    return list(rows.values_list("customer_id", flat=True)[:_MOST])


def _by_name(stores: Sequence[int], term: str) -> list[int]:
    first, _, last = term.rpartition(" ")
    if "@" in term or not last or last[0] in "+#" or not any(sign.isalpha() for sign in term):
        return []
    found: list[int] = []
    for store in stores:  # one after the other: each is a range of the index
        rows = Customer.objects.filter(store=store, last_name__istartswith=last)
        if first:
            rows = rows.filter(first_name__istartswith=first)
        found += rows.order_by("-pk").values_list("pk", flat=True)[: _MOST - len(found)]
        if len(found) >= _MOST:
            break
    return found
