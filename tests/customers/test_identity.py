"""Who somebody is: guests, accounts, shared phones and merges."""

from __future__ import annotations

from datetime import timedelta as td

import pytest
from django.db import transaction

from carts.models import Cart
from carts.snapshots import CustomerMerged
from customers import identity
from customers.identity import Sighting
from customers.models import ConsentEvent, Customer, Identity
from tests.factories import NOW, after, checkout, make_store, person, put

pytestmark = pytest.mark.django_db(transaction=True)


def resolve(store, *sightings: Sighting) -> list[int | None]:
    with transaction.atomic():
        return identity.resolve(store.pk, sightings)


def seen(at=NOW, **keys: str) -> Sighting:
    return Sighting(at=at, **keys)


def test_the_same_address_in_other_spelling_is_the_same_person():
    store = make_store()
    one, other = resolve(store, seen(email="Anna@Mail.example"), seen(email=" anna@mail.EXAMPLE "))
    assert one == other
    assert Customer.objects.get().email == "anna@mail.example"


def test_who_names_nobody_is_nobody():
    assert resolve(make_store(), seen(first_name="Anna"), seen(email="not an address"), seen(phone="12")) == [None] * 3


def test_a_phone_without_its_country_is_read_in_the_shoppers_own():
    store = make_store()
    one, other = resolve(store, seen(phone="040 123 4567", country="FI"), seen(phone="+358401234567"))
    assert one == other


def test_a_guest_becomes_the_known_customer_who_has_the_same_address():
    store = make_store()
    (guest,) = resolve(store, seen(email="anna@mail.example"))
    (known,) = resolve(store, seen(email="anna@mail.example", external_id="u1"))
    assert known == guest


def test_two_guests_who_turn_out_to_be_one_customer_merge_and_lose_nothing():
    store = make_store()
    put(store, checkout("A", person=person(1, email="anna@mail.example")))
    put(store, checkout("B", person=person(1, email="", phone="+358401234567", consents=("sms",))))
    assert Customer.objects.count() == 2
    put(store, checkout("C", after(minutes=1), person=person(1, email="anna@mail.example", phone="+358401234567")))
    kept = Customer.objects.get()
    assert Cart.objects.filter(customer=kept).count() == 3
    assert set(kept.consents.values_list("channel", flat=True)) == {"email", "sms"}
    assert ConsentEvent.objects.filter(customer=kept).count() == 2
    assert set(kept.identities.values_list("value", flat=True)) == {"anna@mail.example", "+358401234567"}


def test_an_unconfirmed_yes_outlives_a_merge():
    store = make_store(sms_double_opt_in=True)
    put(store, checkout("A", person=person(1, email="anna@mail.example", phone="", consents=("sms",))))
    put(store, checkout("B", person=person(1, email="", phone="+358401234567", consents=("sms",))))
    put(store, checkout("C", after(minutes=1), person=person(1, email="anna@mail.example", phone="+358401234567")))
    assert Customer.objects.get().consents.get(channel="sms").state == "pending"


def test_two_accounts_that_share_a_phone_stay_two_people():
    store = make_store()
    one, other = resolve(
        store, seen(external_id="u1", phone="+358401234567"), seen(external_id="u2", phone="+358401234567")
    )
    assert one != other
    assert Identity.objects.get(kind="phone").customer_id == one


def test_two_guests_that_share_a_phone_but_no_e_mail_stay_two_people():
    store = make_store()
    one, other = resolve(
        store,
        seen(email="owner@mail.example", phone="+358401234567"),
        seen(email="stranger@mail.example", phone="+358401234567"),
    )
    assert one != other
    assert resolve(store, seen(email="stranger@mail.example", phone="+358401234567")) == [other]
    assert Customer.objects.filter(pk__in=[one or 0]).get().email == "owner@mail.example"


def test_the_store_may_say_that_two_accounts_are_one():
    store = make_store()
    accounts = seen(external_id="u1", email="a@b.example"), seen(external_id="u2", email="c@d.example")
    one, _ = resolve(store, *accounts)
    put(store, CustomerMerged(kept_external_id="u1", gone_external_id="u2", at=NOW))
    assert Customer.objects.get().pk == one
    assert identity.find(store.pk, email="c@d.example") == {one}
    assert resolve(store, seen(external_id="u2")) == [one]


def test_a_newer_event_overwrites_the_profile_and_an_older_one_only_fills_gaps():
    store = make_store()
    resolve(store, seen(email="a@b.example", first_name="Anna", locale="fi"))
    resolve(store, seen(NOW - td(days=1), email="a@b.example", first_name="Ann", last_name="Aho"))
    resolve(store, seen(NOW + td(days=1), email="a@b.example", locale="sv"))
    customer = Customer.objects.get()
    assert (customer.first_name, customer.last_name, customer.locale) == ("Anna", "Aho", "sv")


def test_a_batch_of_one_person_under_every_key_makes_one_customer():
    store = make_store()
    ids = resolve(
        store,
        seen(email="a@b.example"),
        seen(phone="+358401234567"),
        seen(external_id="u1", email="a@b.example", phone="+358401234567"),
        seen(external_id="u1"),
    )
    assert len(set(ids)) == 1
    assert Customer.objects.count() == 1


def test_the_number_of_queries_does_not_grow_with_the_batch(django_assert_num_queries):
    store = make_store()
    with django_assert_num_queries(7), transaction.atomic():
        identity.resolve(store.pk, [seen(email=f"p{n}@mail.example", external_id=f"u{n}") for n in range(300)])
