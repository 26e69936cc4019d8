"""Who somebody is: keys are looked up, people are made, and guests merge into whom they turn out to be.

Decision: a person may be merged into another only while at most one of the two has a customer id of the store. Two
customer ids are two people until the store itself says otherwise (`customers/merge`), even if they share a phone. And
two e-mail addresses are two people unless a customer id ties them, even if they share a phone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Model, Q

from config.lib import batch
from customers.addresses import normal_email, normal_phone
from customers.models import Consent, Customer, Identity

Key = tuple[str, str]  # (kind, value)

_PROFILE = ("email", "phone", "first_name", "last_name", "locale", "country")


@dataclass(frozen=True, slots=True)
class Sighting:
    """One event's word on who its shopper is. E-mail and phone as the store wrote them."""

    at: datetime
    external_id: str = ""
    email: str = ""
    phone: str = ""
    first_name: str = ""
    last_name: str = ""
    locale: str = ""
    country: str = ""

    def profile(self) -> dict[str, str]:
        return {
            "email": normal_email(self.email),
            "phone": normal_phone(self.phone, self.country),
            "first_name": self.first_name[:100],
            "last_name": self.last_name[:100],
            "locale": self.locale[:16],
            "country": self.country[:2].upper(),
        }


@dataclass(slots=True, eq=False)
class _Known:
    """A person in memory while a batch is resolved."""

    id: int = 0  # 0: not in the table yet
    external_ids: set[str] = field(default_factory=set)
    emails: set[str] = field(default_factory=set)
    profile: dict[str, str] = field(default_factory=dict)
    profile_at: datetime | None = None
    changed: bool = False
    into: _Known | None = None

    def root(self) -> _Known:
        return self if self.into is None else self.into.root()


def resolve(store_id: int, sightings: Sequence[Sighting]) -> list[int | None]:
    """The customer of each sighting, made or merged where need be; None where the event names nobody.

    Runs inside the caller's transaction, which holds the store's lock (`batch.lock_stores`).
    """
    profiles = [sighting.profile() for sighting in sightings]
    keys = [_keys(sighting.external_id, profile) for sighting, profile in zip(sightings, profiles, strict=True)]
    book = _Book(store_id, {key for some in keys for key in some})
    people = [
        book.see(found, sighting, profile) if found else None
        for found, sighting, profile in zip(keys, sightings, profiles, strict=True)
    ]
    book.write()
    return [person.root().id if person else None for person in people]


def find(store_id: int, *, external_id: str = "", email: str = "", phone: str = "") -> set[int]:
    """Every customer whom any of the keys names, without making or merging anybody."""
    profile = {"email": normal_email(email), "phone": normal_phone(phone)}
    keys = _keys(external_id, profile)
    return (
        set(Identity.objects.filter(_any_of(keys), store_id=store_id).values_list("customer_id", flat=True))
        if keys
        else set()
    )


def merge(kept_id: int, gone_id: int) -> None:
    """Give everything of one customer to another and delete the emptied row. Does nothing when either is gone.

    Rows of upper floors move too: every foreign key to Customer is followed, without naming its model. A model that
    can hold only one row of each person has `give_way(kept_id, gone_id)`, which drops the one that must not stay.
    """
    with transaction.atomic():
        people = {
            c.pk: c for c in Customer.objects.select_for_update().filter(pk__in=[kept_id, gone_id]).order_by("pk")
        }
        if kept_id == gone_id or len(people) != 2:
            return
        kept, gone = people[kept_id], people[gone_id]
        _keep_newest_consent(kept_id, gone_id)
        for relation in Customer._meta.related_objects:
            model: type[Model] = relation.related_model
            if give_way := getattr(model, "give_way", None):
                give_way(kept_id, gone_id)
            model._base_manager.filter(**{relation.field.name: gone_id}).update(**{relation.field.name: kept_id})
        _fill_gaps(kept, gone)
        gone.delete()


def _fill_gaps(kept: Customer, gone: Customer) -> None:
    gaps = {name: getattr(gone, name) for name in _PROFILE if not getattr(kept, name) and getattr(gone, name)}
    gaps["created_at"] = min(kept.created_at, gone.created_at)
    Customer.objects.filter(pk=kept.pk).update(**gaps)


def _keep_newest_consent(kept_id: int, gone_id: int) -> None:
    """Where both hold a state for a channel, the later word counts; at the same moment the stricter one does."""
    strictness = {"granted": 0, "soft": 1, "pending": 2, "revoked": 3}
    ours = {c.channel: c for c in Consent.objects.filter(customer_id=kept_id)}
    for theirs in Consent.objects.filter(customer_id=gone_id):
        mine = ours.get(theirs.channel)
        if mine is None:
            continue
        newer = (theirs.at, strictness[theirs.state]) > (mine.at, strictness[mine.state])
        (mine if newer else theirs).delete()


def _keys(external_id: str, profile: dict[str, str]) -> list[Key]:
    """The keys of a sighting, strongest first."""
    keys = [("external", external_id[:254]), ("email", profile["email"]), ("phone", profile["phone"])]
    return [(kind, value) for kind, value in keys if value]


def _any_of(keys: Iterable[Key]) -> Q:
    values: dict[str, list[str]] = {}
    for kind, value in keys:
        values.setdefault(kind, []).append(value)
    condition = Q(pk__in=[])
    for kind, some in values.items():
        condition |= Q(kind=kind, value__in=batch.texts(some))
    return condition


class _Book:
    """The people of one store that a batch touches: read once, changed in memory, written once."""

    def __init__(self, store_id: int, keys: set[Key]) -> None:
        self.store_id = store_id
        self.by_key: dict[Key, _Known] = {}
        self.people: list[_Known] = []
        self.new_keys: dict[Key, _Known] = {}
        self.merges: list[tuple[_Known, _Known]] = []
        if keys:
            self._read(keys)

    def _read(self, keys: set[Key]) -> None:
        found = Identity.objects.filter(_any_of(keys), store_id=self.store_id)
        rows = list(found.values_list("kind", "value", "customer_id"))
        if not rows:
            return
        ids = {customer_id for _, _, customer_id in rows}
        known = {
            row["id"]: self._known(row)
            for row in Customer.objects.filter(pk__in=batch.ids(ids)).values("id", "profile_at", *_PROFILE)
        }
        telling = Identity.objects.filter(customer_id__in=batch.ids(ids), kind__in=["external", "email"])
        for customer_id, kind, value in telling.values_list("customer_id", "kind", "value"):
            (known[customer_id].external_ids if kind == "external" else known[customer_id].emails).add(value)
        self.by_key = {(kind, value): known[customer_id] for kind, value, customer_id in rows}

    def _known(self, row: dict[str, Any]) -> _Known:
        person = _Known(row["id"], profile={name: row[name] for name in _PROFILE}, profile_at=row["profile_at"])
        self.people.append(person)
        return person

    def see(self, keys: list[Key], sighting: Sighting, profile: dict[str, str]) -> _Known:
        email = profile["email"]
        matches = [found for key in keys if (found := self._match(key, email))]
        person = matches[0] if matches else self._make()
        external_id = sighting.external_id
        if matches and external_id and person.external_ids and external_id not in person.external_ids:
            person = self._make()  # the address is somebody else's account: a person of their own
        if external_id:
            person.external_ids.add(external_id)
        if email:
            person.emails.add(email)
        for other in matches:
            person = self._join(person, other)
        for key in keys:
            if key not in self.by_key:
                self.by_key[key] = self.new_keys[key] = person
        self._learn(person, profile, sighting.at)
        return person

    def _match(self, key: Key, email: str) -> _Known | None:
        """Whom the key names. A phone alone never ties two e-mail addresses together: anybody can type a number into a
        checkout, and would be sent what its owner left in theirs."""
        found = self.by_key[key].root() if key in self.by_key else None
        if found and key[0] == "phone" and email and found.emails and email not in found.emails:
            return None
        return found

    def _make(self) -> _Known:
        person = _Known(profile=dict.fromkeys(_PROFILE, ""))
        self.people.append(person)
        return person

    def _join(self, one: _Known, other: _Known) -> _Known:
        if one is other or (one.external_ids and other.external_ids and one.external_ids != other.external_ids):
            return one
        # The known customer stays, else the older guest; one that is not in the table yet always goes.
        kept, gone = sorted((one, other), key=lambda person: (not person.external_ids, not person.id, person.id))
        if not kept.id and gone.id:
            kept, gone = gone, kept
        gone.into = kept
        kept.external_ids |= gone.external_ids
        kept.emails |= gone.emails
        kept.profile = {name: kept.profile[name] or gone.profile[name] for name in _PROFILE}
        kept.changed = True
        if gone.id:
            self.merges.append((kept, gone))
        return kept

    @staticmethod
    def _learn(person: _Known, profile: dict[str, str], at: datetime) -> None:
        """A newer event overwrites what it tells; an older one only fills gaps."""
        newer = person.profile_at is None or at >= person.profile_at
        learnt = {name: value for name, value in profile.items() if value and (newer or not person.profile[name])}
        if any(person.profile[name] != value for name, value in learnt.items()):
            person.profile |= learnt
            person.changed = True
        if newer and learnt and (person.changed or not person.id):
            person.profile_at = at

    def write(self) -> None:
        new = [person for person in self.people if not person.id and person.into is None]
        for person, fresh in zip(new, batch.new_ids(Customer, len(new)), strict=True):
            person.id = fresh
        moment = _now()
        batch.insert(
            Customer, [self._row(p) | {"store_id": self.store_id, "created_at": p.profile_at or moment} for p in new]
        )
        made = {id(person) for person in new}
        old = [p for p in self.people if p.changed and p.id and p.into is None and id(p) not in made]
        batch.update(Customer, [self._row(person) for person in sorted(old, key=lambda p: p.id)])
        batch.insert(
            Identity,
            [
                {"store_id": self.store_id, "kind": kind, "value": value, "customer_id": person.root().id}
                for (kind, value), person in sorted(self.new_keys.items(), key=lambda item: item[0])
            ],
            conflict="DO NOTHING",
        )
        for kept, gone in self.merges:
            merge(kept.root().id, gone.id)

    @staticmethod
    def _row(person: _Known) -> dict[str, Any]:
        return {"id": person.id, **person.profile, "profile_at": person.profile_at}


def _now() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT now()")
        moment: datetime = cursor.fetchone()[0]
    return moment
