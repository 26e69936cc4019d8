"""Whole stories, from what a store posts to what the shopper gets, through every hand-over."""

from __future__ import annotations

import pytest

from carts.models import Cart, CartState
from recovery.models import Credit, Enrolment, Message
from recovery.pipeline import run_once
from recovery.providers.console.provider import read_mailbox
from tests.factories import NOW, after, checkout, make_flow, make_store, order, put

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_silent_checkout_gets_three_mails_and_an_order_ends_it(settings, tmp_path):
    settings.MAILBOX_DIR = tmp_path
    store = make_store()
    make_flow(store)
    put(store, checkout(at=NOW))

    ran = run_once(after(minutes=29))
    assert ran["sweep"] == 0

    ran = run_once(after(minutes=31))
    assert (ran["sweep"], ran["intake"], ran["flows"], ran["send"]) == (1, 1, 1, 1)
    assert Cart.objects.get().state == CartState.ABANDONED
    assert Cart.objects.get().abandoned_at == NOW

    assert run_once(after(hours=24, minutes=1))["send"] == 1
    put(store, order(at=after(hours=30)), at=after(hours=30))
    ran = run_once(after(hours=72, minutes=1))
    assert ran["send"] == 0
    assert Enrolment.objects.get().stop_reason == "ordered"
    assert [m.state for m in Message.objects.order_by("planned_at")] == ["sent", "sent"]
    assert Credit.objects.count() == 0
    assert len(read_mailbox(tmp_path)) == 2
