"""What a person allowed, and whether they may be written to. Every change leaves its proof."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from config.lib import batch
from customers.addresses import address_hash, address_hashes
from customers.models import Channel, Consent, ConsentEvent, Customer, Store, Suppression
from customers.models.consent import ConsentState
from customers.models.stores import ConsentPolicy
from customers.models.suppression import SuppressionReason


@dataclass(frozen=True, slots=True)
class Statement:
    """One person's word on one channel, with its proof."""

    customer_id: int
    channel: str
    state: str  # granted | soft | revoked
    at: datetime
    source: str
    words: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Allowed:
    """They may be written to. `soft`: by a soft opt-in only, which is not enough everywhere."""

    soft: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """They may not, and why: no_address | erased | suppressed | not_confirmed | no_consent."""

    reason: str
    detail: str = ""


#: Never stand against a spoken yes or no.
_WEAK = (ConsentState.SOFT, ConsentState.PENDING)


def record(store: Store, statements: Sequence[Statement]) -> int:
    """Keep statements as proof and bring each person's standing up to date. Returns how many were news.

    Decision: a statement that repeats what already stands leaves no further row, an older one than what stands leaves
    its proof and changes nothing, and a soft opt-in or a yes still to be confirmed never replaces a spoken yes or no.
    """
    ids = {statement.customer_id for statement in statements}
    stands = {
        (c.customer_id, c.channel): (c.state, c.at) for c in Consent.objects.filter(customer_id__in=batch.ids(ids))
    }
    news: list[Statement] = []
    changed: set[tuple[int, str]] = set()
    for statement in sorted(statements, key=lambda s: s.at):
        key = (statement.customer_id, statement.channel)
        state, at = stands.get(key, ("", None))
        if state and statement.state in (state, *_WEAK):
            continue
        news.append(statement)
        if at is None or statement.at >= at:
            stands[key] = (statement.state, statement.at)
            changed.add(key)
    batch.insert(ConsentEvent, [_proof(store, statement) for statement in news])
    batch.insert(
        Consent,
        [
            {"customer_id": customer_id, "channel": channel, "state": stands[customer_id, channel][0],
             "at": stands[customer_id, channel][1]}
            for customer_id, channel in sorted(changed)
        ],
        conflict="(customer_id, channel) DO UPDATE SET state = excluded.state, at = excluded.at "
        "WHERE customers_consent.at <= excluded.at",
    )  # fmt: skip
    return len(news)


def _proof(store: Store, s: Statement) -> dict[str, Any]:
    return {
        "store_id": store.pk,
        "customer_id": s.customer_id,
        "channel": s.channel,
        "state": s.state,
        "at": s.at,
        "source": s.source[:60],
        "words": s.words,
        "address": s.address,
        "recorded_at": s.at,
    }


def may_contact(store: Store, customers: Iterable[Customer], channel: str) -> dict[int, Allowed | Refused]:
    """For each customer: may they be written to on this channel now? In order of finality."""
    people = list(customers)
    stopped = _suppressed(store, channel, [person.address(channel) for person in people])
    rows = Consent.objects.filter(customer_id__in=batch.ids(person.pk for person in people), channel=channel)
    consents = dict(rows.values_list("customer_id", "state"))
    return {person.pk: _verdict(store, person, channel, stopped, consents.get(person.pk, "")) for person in people}


def _verdict(store: Store, person: Customer, channel: str, stopped: Mapping[str, str], state: str) -> Allowed | Refused:
    if person.erased_at:
        return Refused("erased")
    address = person.address(channel)
    if not address:
        return Refused("no_address")
    if address in stopped:
        return Refused("suppressed", stopped[address])
    soft = state == ConsentState.SOFT and store.consent_policy == ConsentPolicy.SOFT_OPT_IN
    if state == ConsentState.GRANTED or soft:
        return Allowed(soft)
    if state == ConsentState.PENDING:
        return Refused("not_confirmed", "asked to confirm, and has not yet")
    return Refused("no_consent", "said no" if state == ConsentState.REVOKED else "never said yes")


def _suppressed(store: Store, channel: str, addresses: Iterable[str]) -> dict[str, str]:
    """Of these addresses, those never to be written to, with the reason."""
    owners = {hashed: address for address in set(addresses) if address for hashed in address_hashes(address)}
    found = Suppression.objects.filter(store=store, channel=channel, address_hash__in=batch.texts(owners))
    return {owners[hashed]: reason for hashed, reason in found.values_list("address_hash", "reason")}


def suppress(store_id: int, channel: str, address: str, reason: str, *, now: datetime, detail: str = "") -> None:
    """Never write to this (normalised) address again. Repeating it changes nothing."""
    suppress_hash(store_id, channel, address_hash(address), reason, now=now, detail=detail)


def suppress_hash(store_id: int, channel: str, hashed: str, reason: str, *, now: datetime, detail: str = "") -> None:
    """As `suppress`, for an address that is only known by its hash any more."""
    Suppression.objects.bulk_create(
        [
            Suppression(
                store_id=store_id, channel=channel, address_hash=hashed, reason=reason, detail=detail[:200], at=now
            )
        ],
        ignore_conflicts=True,
    )


def is_reachable_again(store_id: int, channel: str, addresses: Iterable[str]) -> int:
    """Something arrived at these addresses, or came from them: who was only given up as out of reach is so no more.
    Returns how many."""
    hashes = [hashed for address in set(addresses) if address for hashed in address_hashes(address)]
    given_up = Suppression.objects.filter(reason=SuppressionReason.UNREACHABLE, store=store_id, channel=channel)
    return given_up.filter(address_hash__in=hashes).delete()[0]


#: Suppressions that the person's own yes lifts. A dead mailbox or a spam report stays.
LIFTED_BY_YES = (SuppressionReason.UNSUBSCRIBE, SuppressionReason.STOP)


def grant(store: Store, customer: Customer, channel: str, *, now: datetime, source: str, words: str = "") -> None:
    """The person said yes, by an act of their own: an earlier unsubscribe or STOP of the address is lifted."""
    address = customer.address(channel)
    with transaction.atomic():
        record(store, [Statement(customer.pk, channel, ConsentState.GRANTED, now, source, words, address)])
        Suppression.objects.filter(
            store=store, channel=channel, address_hash__in=address_hashes(address), reason__in=LIFTED_BY_YES
        ).delete()


def revoke(store: Store, customer: Customer, channel: str, *, now: datetime, source: str, words: str = "") -> None:
    """The person said no: recorded as proof, and every address they have for the channel is suppressed."""
    addresses = _every_address(customer, channel)
    with transaction.atomic():
        record(
            store,
            [Statement(customer.pk, channel, ConsentState.REVOKED, now, source, words, customer.address(channel))],
        )
        for address in sorted(addresses):
            suppress(store.pk, channel, address, SuppressionReason.UNSUBSCRIBE, now=now, detail=source)


def _every_address(customer: Customer, channel: str) -> set[str]:
    kind = "email" if channel == Channel.EMAIL else "phone"
    known = set(customer.identities.filter(kind=kind).values_list("value", flat=True))
    return {address for address in known | {customer.address(channel)} if address}


def standing(customer: Customer) -> dict[str, str]:
    """Each channel's state, "" where nothing was ever said."""
    known = dict(Consent.objects.filter(customer=customer).values_list("channel", "state"))
    return {channel: known.get(channel, "") for channel in Channel.values}
