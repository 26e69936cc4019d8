"""After the workers were away: nothing is lost, nothing looks fresh that is not, and nothing goes out in a bunch."""

from __future__ import annotations

import json

import pytest

from carts.models import Cart, Delivery
from recovery.models import Message
from recovery.pipeline import run_once
from recovery.providers.console.provider import read_mailbox
from tests.carts.sources.signing import load
from tests.factories import NOW, after, checkout, make_flow, make_store, person, put

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def store(settings, tmp_path):
    settings.MAILBOX_DIR = tmp_path
    store = make_store()
    make_flow(store)
    return store


def test_after_four_days_away_one_shopper_gets_one_mail_at_most(store, tmp_path):
    put(store, checkout())
    for minutes in range(0, 120, 5):
        run_once(after(days=3, hours=1, minutes=minutes))
    states = list(Message.objects.order_by("planned_at").values_list("state", "reason"))
    assert states == [("skipped", "too_late"), ("skipped", "too_late"), ("sent", "")]
    assert len(read_mailbox(tmp_path)) == 1
    assert Cart.objects.get().abandoned_at == NOW


def test_after_an_hour_away_the_first_mail_still_goes_and_the_rest_keep_their_times(store):
    put(store, checkout())
    run_once(after(hours=2))
    run_once(after(hours=24, minutes=1))
    times = list(Message.objects.order_by("planned_at").values_list("planned_at", flat=True))
    assert [str(moment - NOW) for moment in times] == ["0:30:00", "1 day, 0:00:00"]
    assert Message.objects.filter(state="sent").count() == 2


def test_a_cart_is_not_called_silent_while_its_next_event_waits_unread(store):
    put(store, checkout())
    body = json.loads(load("generic", "order_created"))
    Delivery.objects.create(
        store=store,
        topic="order.created",
        dedupe_key="1",
        body=json.dumps(body).encode(),
        received_at=after(minutes=20),
    )
    from carts.abandonment import sweep

    assert sweep(after(hours=3)) == 0
    assert Cart.objects.get().state == "active"


def test_an_unread_event_holds_up_only_its_own_store(store):
    other = make_store()
    put(store, checkout())
    put(other, checkout())
    Delivery.objects.create(store=other, topic="x", dedupe_key="1", body=b"{}", received_at=after(minutes=1))
    from carts.abandonment import sweep

    assert sweep(after(hours=1)) == 1
    assert Cart.objects.get(state="abandoned").store == store


def test_a_cart_without_an_address_is_counted_and_not_messaged(store):
    from recovery.models import Decision

    put(store, checkout(person=person(email="", consents=())))
    run_once(after(hours=1))
    assert Cart.objects.get().state == "abandoned"
    assert (Decision.objects.get().verdict, Decision.objects.get().reason) == ("refused", "no_address")
    assert not Message.objects.exists()


def test_who_comes_back_leaves_the_flow_and_does_not_enter_it_again_with_the_same_cart(store):
    from recovery.models import Enrolment

    put(store, checkout())
    run_once(after(hours=1))
    put(store, checkout(at=after(hours=2)), at=after(hours=2))
    run_once(after(hours=2, minutes=1))
    assert Enrolment.objects.get().stop_reason == "returned"
    run_once(after(hours=30))
    assert Enrolment.objects.count() == 1
    assert Message.objects.filter(state="sent").count() == 1


def test_a_customer_enters_at_most_once_in_the_flows_days(store):
    from recovery.models import Decision, Enrolment, Flow

    Flow.objects.update(days_between=7)
    for day in (0, 3, 8):
        put(store, checkout(f"C{day}", after(days=day)), at=after(days=day))
        run_once(after(days=day, hours=1))
    assert Enrolment.objects.count() == 2
    assert Decision.objects.get(verdict="refused").reason == "entered_recently"
