"""Make what the store said true: people, consent, carts, orders, in this order, one statement a table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from datetime import timedelta as td
from typing import assert_never

from carts.desk import Desk
from carts.snapshots import (
    CartSnapshot,
    Consent,
    CustomerMerged,
    CustomerSnapshot,
    Ignored,
    OrderDeleted,
    OrderSnapshot,
    Person,
    PrivacyRequest,
    RefundSnapshot,
    Snapshot,
    Uninstalled,
)
from config.lib import batch
from customers import consent, identity
from customers.addresses import normal_phone, phone_home
from customers.identity import Sighting
from customers.models import Channel, Identity, Store
from customers.models import PrivacyRequest as PrivacyRow
from customers.models.consent import ConsentState
from customers.models.privacy import PrivacyKind
from customers.models.stores import ConsentPolicy

#: How far a store's clock may run ahead of ours.
_CLOCK_SKEW = td(minutes=2)
#: Countries whose carriers want cart reminders confirmed by SMS (T-Mobile Code of Conduct; CTIA Messaging Principles).
_CARRIERS_ASK = frozenset(("US", "PR", "VI", "GU", "MP", "AS"))
#: What stands as proof where a store lets its checkout speak for a soft opt-in.
SOFT_OPT_IN_WORDS = "E-mail given at checkout under the store's soft opt-in notice; no objection."


@dataclass(frozen=True, slots=True)
class Fact:
    """One snapshot and when its delivery came in."""

    snapshot: Snapshot
    received_at: datetime


def apply(store: Store, facts: Sequence[Fact], *, now: datetime) -> None:
    """Apply a batch of one store's facts. Applying a fact again, or an older one, changes nothing.

    Must run in a transaction. Takes the store's lock, so that two drains cannot apply one store's facts at once.
    """
    batch.lock_stores([store.pk])
    facts = [_on_our_clock(fact) for fact in facts]
    people = _resolve(store, facts)
    _hear_consent(store, facts, people)
    desk = Desk(store, (fact.snapshot for fact in facts), now=now)
    for fact, customer_id in zip(facts, people, strict=True):
        _place(desk, fact, customer_id)
    desk.match_by_lines()
    desk.write()
    for fact in facts:
        _do_rare(store, fact, now=now)


def _on_our_clock(fact: Fact) -> Fact:
    """A store's clock may run ahead of ours, but nothing happened after we heard of it.

    Without this, one absurd time would put a deadline off, or make every later event look old.
    """
    snapshot, latest = fact.snapshot, fact.received_at + _CLOCK_SKEW
    if isinstance(snapshot, (CartSnapshot, OrderSnapshot, CustomerSnapshot)) and snapshot.updated_at > latest:
        return replace(fact, snapshot=replace(snapshot, updated_at=latest))
    return fact


def _resolve(store: Store, facts: Sequence[Fact]) -> list[int | None]:
    sightings = [_sighting(fact.snapshot) for fact in facts]
    found = iter(identity.resolve(store.pk, [sighting for sighting in sightings if sighting]))
    return [next(found) if sighting else None for sighting in sightings]


def _sighting(snapshot: Snapshot) -> Sighting | None:
    if not isinstance(snapshot, (CartSnapshot, OrderSnapshot, CustomerSnapshot)):
        return None
    who = snapshot.person
    if not (who.external_id or who.email or who.phone):
        return None
    return Sighting(
        at=snapshot.updated_at,
        external_id=who.external_id,
        email=who.email,
        phone=who.phone,
        first_name=who.first_name,
        last_name=who.last_name,
        locale=who.locale,
        country=who.country,
    )


def _hear_consent(store: Store, facts: Sequence[Fact], people: Sequence[int | None]) -> None:
    statements: list[consent.Statement] = []
    for fact, customer_id in zip(facts, people, strict=True):
        if customer_id and isinstance(fact.snapshot, (CartSnapshot, OrderSnapshot, CustomerSnapshot)):
            statements += _statements(store, fact.snapshot, customer_id)
    if statements:
        consent.record(store, statements)


def _statements(
    store: Store, snapshot: CartSnapshot | OrderSnapshot | CustomerSnapshot, customer_id: int
) -> Iterable[consent.Statement]:
    """What the event says of consent. An unticked box at checkout is no yes, and takes no earlier yes back."""
    who, spoken = snapshot.person, isinstance(snapshot, CustomerSnapshot)
    source = "store" if spoken else "checkout"
    told = {entry.channel: entry for entry in who.consents if entry.granted or spoken}
    for entry in told.values():
        state = _state(store, who, entry)
        yield consent.Statement(
            customer_id,
            entry.channel,
            state,
            entry.at or snapshot.updated_at,
            entry.source or source,
            entry.words,
            entry.address or _address(who, entry.channel),
        )
    refused = any(entry.channel == Channel.EMAIL and not entry.granted for entry in who.consents)
    soft = store.consent_policy == ConsentPolicy.SOFT_OPT_IN and not spoken
    if soft and who.email and not refused and Channel.EMAIL not in told:
        yield consent.Statement(
            customer_id, Channel.EMAIL, ConsentState.SOFT, snapshot.updated_at, source, SOFT_OPT_IN_WORDS, who.email
        )


def _state(store: Store, who: Person, entry: Consent) -> ConsentState:
    """A yes to SMS still has to be confirmed where the store wants a double opt-in, or the carriers do: those of the
    number, wherever the parcel goes."""
    if not entry.granted:
        return ConsentState.REVOKED
    country = who.country.upper()
    home = phone_home(normal_phone(entry.address or who.phone, country))
    asked = store.sms_double_opt_in or country in _CARRIERS_ASK or home in _CARRIERS_ASK
    doubled = asked and entry.channel == Channel.SMS
    return ConsentState.PENDING if doubled else ConsentState.GRANTED


def _address(who: Person, channel: str) -> str:
    return who.email if channel == Channel.EMAIL else who.phone


def _place(desk: Desk, fact: Fact, customer_id: int | None) -> None:
    match fact.snapshot:
        case CartSnapshot() as snapshot:
            desk.take_cart(snapshot, customer_id)
        case OrderSnapshot() as snapshot:
            desk.take_order(snapshot, customer_id)
        case OrderDeleted() as snapshot:
            desk.drop_order(snapshot)
        case RefundSnapshot() as snapshot:
            desk.take_refund(snapshot)
        case CustomerSnapshot() | CustomerMerged() | PrivacyRequest() | Uninstalled() | Ignored():
            pass
        case other:
            assert_never(other)


def _do_rare(store: Store, fact: Fact, *, now: datetime) -> None:
    match fact.snapshot:
        case CustomerMerged() as snapshot:
            _merge(store, snapshot)
        case PrivacyRequest() as snapshot:
            _request(store, snapshot)
        case Uninstalled() as snapshot:
            Store.objects.filter(pk=store.pk, uninstalled_at=None).update(uninstalled_at=snapshot.at)


def _merge(store: Store, snapshot: CustomerMerged) -> None:
    """The store says two records are one: the kept id takes over whatever the gone one had."""
    kept = identity.find(store.pk, external_id=snapshot.kept_external_id)
    gone = identity.find(store.pk, external_id=snapshot.gone_external_id)
    if kept and gone:
        identity.merge(min(kept), min(gone))
    elif gone:
        Identity.objects.bulk_create(
            [Identity(store=store, kind="external", value=snapshot.kept_external_id, customer_id=min(gone))],
            ignore_conflicts=True,
        )


_PRIVACY = {"access": PrivacyKind.ACCESS, "erase": PrivacyKind.ERASE, "erase_shop": PrivacyKind.ERASE_STORE}


def _request(store: Store, snapshot: PrivacyRequest) -> None:
    """Note the request for everybody whom it names; `carts.privacy` carries it out."""
    who = snapshot.person
    kind = _PRIVACY[snapshot.kind]
    people = identity.find(store.pk, external_id=who.external_id, email=who.email, phone=who.phone)
    found: list[int | None] = [None] if kind == PrivacyKind.ERASE_STORE else [*sorted(people)]
    PrivacyRow.objects.bulk_create(
        PrivacyRow(store=store, customer_id=pk, kind=kind, reference=snapshot.reference[:100], requested_at=snapshot.at)
        for pk in found
    )
