"""What people allowed: the proof, the standing, and what outlives them."""

from __future__ import annotations

import pytest
from django.db import Error, transaction

from carts import privacy as carts_privacy
from carts.models import Delivery, Order
from carts.snapshots import Consent as Said
from carts.snapshots import CustomerSnapshot, Person, PrivacyRequest
from customers import consent
from customers.consent import Allowed, Refused
from customers.models import ConsentEvent, Customer, Suppression
from customers.models import PrivacyRequest as PrivacyRow
from recovery import privacy as recovery_privacy
from recovery.models import Message
from recovery.pipeline import run_once
from tests.factories import NOW, after, ago, checkout, make_flow, make_store, order, person, put

pytestmark = pytest.mark.django_db(transaction=True)


def verdict(store, channel: str = "email") -> Allowed | Refused:
    customer = Customer.objects.get(store=store)
    store.refresh_from_db()
    return consent.may_contact(store, [customer], channel)[customer.pk]


def test_who_never_said_yes_is_not_written_to():
    store = make_store()
    put(store, checkout(person=person(consents=())))
    assert verdict(store) == Refused("no_consent", "never said yes")


def test_a_ticked_box_at_checkout_is_consent_with_its_proof():
    store = make_store()
    put(store, checkout(person=person(consents=(), email="a@b.example")))
    ticked = Said("email", True, words="Yes, remind me")
    put(store, checkout(person=Person(email="a@b.example", consents=(ticked,))))
    proof = ConsentEvent.objects.get()
    assert verdict(store) == Allowed()
    assert (proof.state, proof.source, proof.words, proof.address) == (
        "granted", "checkout", "Yes, remind me", "a@b.example",
    )  # fmt: skip


def test_the_same_word_again_leaves_no_further_proof():
    store = make_store()
    for minute in range(3):
        put(store, checkout(at=after(minutes=minute)))
    assert ConsentEvent.objects.count() == 1


def test_an_unticked_box_takes_no_earlier_yes_back():
    store = make_store()
    put(store, checkout())
    unticked = Person(email="anna1@mail.example", consents=(Said("email", False),))
    put(store, checkout(at=after(minutes=1), person=unticked))
    assert verdict(store) == Allowed()


def test_a_no_said_to_the_store_is_a_no_and_an_older_yes_does_not_undo_it():
    store = make_store()
    put(store, checkout())
    who = Person(email="anna1@mail.example", consents=(Said("email", False, at=after(hours=1)),))
    put(store, CustomerSnapshot(who, after(hours=1)), at=after(hours=1))
    put(store, checkout("C2", after(minutes=30)), at=after(hours=2))
    assert verdict(store) == Refused("no_consent", "said no")


def test_soft_opt_in_counts_only_while_the_store_uses_it():
    store = make_store(consent_policy="soft_opt_in")
    put(store, checkout(person=person(consents=())))
    assert verdict(store) == Allowed(soft=True)
    type(store).objects.update(consent_policy="explicit")
    assert verdict(store) == Refused("no_consent", "never said yes")


def test_soft_opt_in_is_not_for_who_unticked_the_box():
    store = make_store(consent_policy="soft_opt_in")
    who = Person(email="anna1@mail.example", consents=(Said("email", False),))
    put(store, checkout(person=who))
    assert verdict(store) == Refused("no_consent", "never said yes")


def test_a_suppressed_address_stays_suppressed_when_the_store_repeats_its_yes():
    store = make_store()
    put(store, checkout())
    consent.suppress(store.pk, "email", "anna1@mail.example", "complaint", now=NOW)
    put(store, checkout("C2", after(days=1)), at=after(days=1))
    assert verdict(store) == Refused("suppressed", "complaint")


def test_a_suppression_is_of_one_store_and_one_channel():
    one, other = make_store(), make_store()
    for store in (one, other):
        put(store, checkout(person=person(phone="+358401234567", consents=("email", "sms"))))
    consent.suppress(one.pk, "email", "anna1@mail.example", "bounce", now=NOW)
    assert verdict(one) == Refused("suppressed", "bounce")
    assert (verdict(one, "sms"), verdict(other)) == (Allowed(), Allowed())


def test_their_own_new_yes_lifts_an_unsubscribe_but_no_complaint():
    store = make_store()
    put(store, checkout())
    customer = Customer.objects.get()
    consent.revoke(store, customer, "email", now=after(hours=1), source="unsubscribe link")
    assert verdict(store) == Refused("suppressed", "unsubscribe")
    consent.grant(store, customer, "email", now=after(hours=2), source="preferences page")
    assert verdict(store) == Allowed()
    consent.suppress(store.pk, "email", customer.email, "complaint", now=after(hours=3))
    consent.grant(store, customer, "email", now=after(hours=4), source="preferences page")
    assert verdict(store) == Refused("suppressed", "complaint")


def test_a_suppression_outlives_a_new_secret_key(settings):
    store = make_store()
    put(store, checkout())
    consent.suppress(store.pk, "email", "anna1@mail.example", "bounce", now=NOW)
    settings.SEALING_SECRETS = ["a-new-secret-key-of-enough-length", *settings.SEALING_SECRETS]
    assert verdict(store) == Refused("suppressed", "bounce")


def test_proof_can_be_neither_changed_nor_backdated():
    put(make_store(), checkout())
    for change in ({"words": "other"}, {"at": ago(days=9)}, {"state": "revoked"}, {"address": "x@y.example"}):
        with pytest.raises(Error, match="append-only"), transaction.atomic():
            ConsentEvent.objects.update(**change)


def test_erasing_leaves_counts_and_hashes_and_nothing_that_names_the_person(settings, tmp_path):
    settings.MAILBOX_DIR = tmp_path
    store = make_store()
    make_flow(store)
    who = person(phone="+358401234567", external_id="customer-77")
    put(store, checkout(person=who))
    run_once(after(hours=1))
    put(store, order(at=after(hours=2), person=who), at=after(hours=2))
    for number, body in enumerate([b'{"email":"ANNA1@mail.example"}', b'{"phone":"+358 40 123-4567"}', b'{"id":1}']):
        Delivery.objects.create(store=store, topic="t", dedupe_key=str(number), body=body, state="done")
    put(store, PrivacyRequest("erase", after(days=1), who, reference="R-1"), at=after(days=1))
    recovery_privacy.carry_out(after(days=1)), carts_privacy.carry_out(after(days=1))

    customer, message, bought = Customer.objects.get(), Message.objects.get(), Order.objects.get()
    assert (customer.email, customer.phone, customer.first_name) == ("", "", "")
    assert customer.identities.count() == 0
    assert (message.to, message.body_html, message.subject, message.state) == ("", "", "", "sent")
    assert (bought.email, bought.phone, str(bought.total)) == ("", "", "96.000")
    assert [bytes(row.body) for row in Delivery.objects.all()] == [b'{"id":1}']
    assert set(Suppression.objects.values_list("channel", "reason")) == {
        ("email", "erased"), ("sms", "erased"), ("whatsapp", "erased"),
    }  # fmt: skip
    assert ConsentEvent.objects.get().address == ""
    assert PrivacyRow.objects.get().done_at == after(days=1)
