"""What a person does to a cart's walk through a flow: done once, asked of the gate, and written down."""

from __future__ import annotations

import pytest

from carts.abandonment import sweep
from carts.models import Cart
from customers import consent
from recovery import intake
from recovery.flows import desk
from recovery.flows.desk import Declined
from recovery.flows.runner import run_flows
from recovery.models import Decision, Enrolment, Flow, Link, Message, MessageState
from recovery.outbox.send import send_due
from recovery.outbox.verdicts import Defer
from recovery.providers.console.provider import read_mailbox
from tests.factories import NOW, after, checkout, make_flow, make_store, order, put

pytestmark = pytest.mark.django_db(transaction=True)

LEFT = after(minutes=31)
ANNA = {"by": "anna"}


@pytest.fixture
def one(settings, tmp_path) -> Enrolment:
    """A cart in the flow whose first message waits; the second is due in a day."""
    settings.MAILBOX_DIR = tmp_path
    store = make_store()
    make_flow(store)
    put(store, checkout())
    sweep(LEFT), intake.take(LEFT), run_flows(LEFT)
    return Enrolment.objects.get()


def refusal(deed, *args, now=LEFT) -> tuple[str, str]:
    with pytest.raises(Declined) as why:
        deed(*args, **ANNA, now=now)
    return why.value.sentence, why.value.reason


def told() -> tuple[str, str, str]:
    last = Decision.objects.latest("id")
    return last.verdict, last.reason, last.detail


def test_a_step_that_was_not_planned_yet_goes_at_once(one, settings):
    send_due(LEFT)
    desk.send_now(one.pk, 2, **ANNA, now=after(hours=7))
    assert told() == ("hastened", "by_hand", "by anna")
    send_due(after(hours=7))
    assert len(read_mailbox(settings.MAILBOX_DIR)) == 2
    assert Enrolment.objects.get().next_position == 3


def test_what_the_gate_would_hold_back_stays_as_it_was(one):
    send_due(LEFT)
    assert refusal(desk.send_now, one.pk, 2, now=after(hours=1)) == ("It cannot go now", "minimum_gap")
    assert (Message.objects.count(), Enrolment.objects.get().next_position) == (1, 2)


def test_what_the_gate_would_refuse_is_not_spent(one):
    consent.suppress(one.store_id, "email", one.customer.email, "bounce", now=LEFT)
    assert refusal(desk.send_now, one.pk, 1) == ("It would not be sent", "suppressed")
    assert Message.objects.get().state == "queued"


def test_a_skipped_step_is_not_sent_and_the_next_one_is(one, settings):
    desk.skip_step(one.pk, 1, **ANNA, now=LEFT)
    assert told() == ("skipped", "by_hand", "by anna")
    run_flows(after(hours=25)), send_due(after(hours=25))
    assert list(Message.objects.order_by("pk").values_list("state", flat=True)) == ["skipped", "sent"]


def test_a_second_press_skips_no_second_step(one):
    desk.skip_step(one.pk, 1, **ANNA, now=LEFT)
    assert refusal(desk.skip_step, one.pk, 1) == ("That step has been dealt with already", "")
    assert Message.objects.count() == 1


def test_a_step_that_was_sent_is_not_sent_by_the_same_button(one, settings):
    send_due(LEFT)
    assert refusal(desk.send_now, one.pk, 1)[0] == "That step has been dealt with already"
    assert len(read_mailbox(settings.MAILBOX_DIR)) == 1


def test_who_is_taken_out_gets_nothing_and_can_be_put_back(one, settings):
    desk.take_out(one.pk, **ANNA, now=LEFT)
    assert told() == ("stopped", "by_hand", "by anna")
    send_due(LEFT)
    assert read_mailbox(settings.MAILBOX_DIR) == []
    desk.put_back(one.pk, **ANNA, now=after(hours=1))
    send_due(after(hours=1))
    assert (Message.objects.get().state, Enrolment.objects.get().state) == ("sent", "running")
    assert refusal(desk.put_back, one.pk) == ("It is in the flow already", "")


def test_taken_out_twice_is_taken_out_once(one):
    desk.take_out(one.pk, **ANNA, now=LEFT)
    assert refusal(desk.take_out, one.pk) == ("It is not in the flow any more", "")
    assert Decision.objects.filter(verdict="stopped").count() == 1


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda: put(Cart.objects.get().store, order(at=LEFT), at=LEFT), "ordered"),
        (lambda: Enrolment.objects.update(stop_reason="unsubscribed"), "unsubscribed"),
        (lambda: Cart.objects.update(is_test=True), "test"),
        (lambda: Cart.objects.update(state="active"), "returned"),
    ],
)
def test_nobody_is_put_back_against_their_word_or_after_an_order(one, change, why):
    desk.take_out(one.pk, **ANNA, now=LEFT)
    change()
    assert refusal(desk.put_back, one.pk)[1] == why
    assert Message.objects.get().state == "cancelled"


def test_after_the_last_step_nothing_is_left_to_put_back_for(one):
    desk.take_out(one.pk, **ANNA, now=LEFT)
    assert refusal(desk.put_back, one.pk, now=after(days=9))[0].startswith("The time of every step has passed")
    assert Enrolment.objects.get().state == "stopped"


def test_a_message_goes_again_as_a_new_one_with_a_link_of_its_own(one, settings):
    send_due(LEFT)
    made, _ = desk.resend(Message.objects.get().pk, **ANNA, now=after(hours=8))
    send_due(after(hours=8))
    made.refresh_from_db()
    assert (made.state, len(read_mailbox(settings.MAILBOX_DIR))) == ("sent", 2)
    assert Link.objects.filter(message=made, kind="recover").count() == 1
    assert Decision.objects.get(verdict="resent").detail == f"by anna, in place of {made.resend_of}"


def test_a_message_is_sent_again_once(one):
    send_due(LEFT)
    first = Message.objects.get()
    desk.resend(first.pk, **ANNA, now=after(hours=8))
    assert refusal(desk.resend, first.pk, now=after(hours=9))[0].startswith("It was sent again already")
    assert Message.objects.count() == 2


def test_sent_again_too_soon_it_waits_for_the_gap(one):
    send_due(LEFT)
    _, verdict = desk.resend(Message.objects.get().pk, **ANNA, now=after(hours=1))
    assert isinstance(verdict, Defer)
    assert (verdict.reason, verdict.until.replace(microsecond=0)) == ("minimum_gap", after(hours=6, minutes=31))


def test_while_nobody_knows_whether_it_went_it_is_not_sent_again(one):
    Message.objects.update(state=MessageState.UNKNOWN, sent_at=LEFT)
    with pytest.raises(Declined) as why:
        desk.resend(Message.objects.get().pk, **ANNA, now=after(hours=1))
    assert (why.value.until, Message.objects.count()) == (after(minutes=61), 1)


def test_who_has_ordered_gets_nothing_again(one):
    send_due(LEFT)
    put(one.store, order(at=after(hours=2)), at=after(hours=2))
    assert refusal(desk.resend, Message.objects.get().pk, now=after(hours=8)) == ("It is not sent again", "ordered")
    assert Message.objects.count() == 1


def test_a_test_cart_leaves_its_flow(one):
    desk.mark_test(one.cart_id, True, **ANNA, now=LEFT)
    assert (Message.objects.get().state, Enrolment.objects.get().stop_reason) == ("cancelled", "test")
    assert refusal(desk.mark_test, one.cart_id, True) == ("It is a test cart already", "")
    desk.mark_test(one.cart_id, False, **ANNA, now=LEFT)
    assert told() == ("not_a_test", "by_hand", "by anna")


def test_a_cart_that_was_left_before_the_flow_was_there_is_put_in():
    store = make_store()
    put(store, checkout())
    sweep(LEFT), intake.take(LEFT)
    cart = Cart.objects.get()
    assert refusal(desk.put_in, cart.pk) == ("No flow of the store is live", "")
    make_flow(store)
    desk.put_in(cart.pk, **ANNA, now=LEFT)
    assert (Enrolment.objects.get().cart, Flow.objects.get().enrolments.count()) == (cart, 1)
    assert refusal(desk.put_in, cart.pk) == ("It has been in a flow already", "")


def test_a_cart_that_may_not_enter_is_told_why(one):
    Enrolment.objects.all().delete()
    Cart.objects.update(is_test=True, abandoned_at=NOW)
    assert refusal(desk.put_in, Cart.objects.get().pk) == ("It may not enter", "test")
