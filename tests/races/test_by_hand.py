"""Two presses of the same button at the same moment, and a press beside the sender."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from carts.abandonment import sweep
from recovery import intake
from recovery.flows import desk
from recovery.flows.runner import run_flows
from recovery.models import Enrolment, Message
from recovery.outbox.send import send_due
from recovery.providers.console.provider import read_mailbox
from tests.factories import after, checkout, make_flow, make_store, put
from tests.races.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)

LEFT, LATER = after(minutes=31), after(hours=8)


@pytest.fixture
def one(settings, tmp_path) -> Enrolment:
    settings.MAILBOX_DIR = tmp_path
    store = make_store()
    make_flow(store)
    put(store, checkout())
    sweep(LEFT), intake.take(LEFT), run_flows(LEFT)
    return Enrolment.objects.get()


def pressed(deed: Callable[[], object]) -> Callable[[], bool]:
    """Whether it was done."""

    def press() -> bool:
        try:
            deed()
        except desk.Declined:
            return False
        return True

    return press


def test_sent_again_by_two_presses_it_goes_once_more(one, tmp_path):
    send_due(LEFT)
    first = Message.objects.get()
    press = pressed(lambda: desk.resend(first.pk, by="anna", now=LATER))
    assert sorted(at_once(*[press] * 6)) == [False] * 5 + [True]
    send_due(LATER)
    assert (Message.objects.count(), len(read_mailbox(tmp_path))) == (2, 2)


def test_a_step_skipped_by_two_presses_is_one_step(one):
    press = pressed(lambda: desk.skip_step(one.pk, 1, by="anna", now=LEFT))
    assert sorted(at_once(press, press)) == [False, True]
    assert Message.objects.get().reason == "by_hand"


def test_a_step_sent_now_by_two_presses_goes_once(one, tmp_path):
    send_due(LEFT)
    press = pressed(lambda: desk.send_now(one.pk, 2, by="anna", now=LATER))
    at_once(press, press)
    at_once(lambda: send_due(LATER), lambda: send_due(LATER))
    assert (Message.objects.count(), len(read_mailbox(tmp_path))) == (2, 2)


def test_what_is_skipped_while_it_is_being_sent_is_either_skipped_or_sent(one, tmp_path):
    skip = pressed(lambda: desk.skip_step(one.pk, 1, by="anna", now=LEFT))
    skipped, _ = at_once(skip, lambda: bool(send_due(LEFT)))
    assert Message.objects.get().state == ("skipped" if skipped else "sent")
    assert len(read_mailbox(tmp_path)) == (0 if skipped else 1)
