"""Short answers: each goes once, also when the connection breaks, and not to whom it must not."""

from __future__ import annotations

from datetime import timedelta as td

import pytest

from customers.consent import suppress
from customers.models import Store
from recovery.models import Notice, ProviderPause
from recovery.outbox.notices import Wish, ask, send_notices
from recovery.providers.console.provider import read_mailbox
from tests.factories import make_store
from tests.recovery.callbacks.posting import DUE, phone

pytestmark = pytest.mark.django_db(transaction=True)


def wish(store: Store, purpose: str = "help", key: str = "k", channel: str = "whatsapp") -> bool:
    return ask(Wish(store, None, channel, phone(1), purpose, f"Puro: {purpose}", key), now=DUE)


def state() -> tuple[str, str]:
    notice = Notice.objects.get()
    return notice.state, notice.reason


def test_the_same_wish_twice_is_one_notice(settings):
    store = make_store()
    assert (wish(store), wish(store), wish(store, key="other")) == (True, False, True)
    assert (send_notices(DUE), send_notices(DUE)) == (2, 0)
    assert [mail.text for mail in read_mailbox(settings.MAILBOX_DIR)] == ["Puro: help"] * 2


@pytest.mark.parametrize(("purpose", "why", "goes"), [
    ("stopped", "stop", True), ("help", "stop", True), ("started", "stop", False), ("confirmed", "unsubscribe", False),
    ("stopped", "invalid", False), ("help", "complaint", False),
])  # fmt: skip
def test_only_the_answers_to_stop_and_help_go_to_who_said_stop(purpose, why, goes, settings):
    store = make_store()
    suppress(store.pk, "whatsapp", phone(1), why, now=DUE)
    wish(store, purpose)
    send_notices(DUE)
    assert state() == (("sent", "") if goes else ("skipped", "suppressed"))
    assert len(read_mailbox(settings.MAILBOX_DIR)) == goes


def test_a_store_that_is_off_and_an_answer_from_yesterday_stay(settings):
    wish(make_store(is_active=False)), wish(make_store())
    send_notices(DUE + td(hours=25))
    assert set(Notice.objects.values_list("state", "reason")) == {("skipped", "store_is_off"), ("skipped", "too_late")}
    assert read_mailbox(settings.MAILBOX_DIR) == []


def test_what_would_pass_the_senders_rate_waits_on_our_side(twilio, settings):
    settings.TWILIO_SMS_PER_SECOND = 1
    store = make_store()
    for n in range(12):
        wish(store, key=f"k{n}", channel="sms")
    assert send_notices(DUE) == 12
    sent = Notice.objects.filter(state="sent").count()
    assert 0 < sent == len(twilio.messages) < 12
    assert Notice.objects.filter(state="queued", reason="rate_limit", due_at__gt=DUE).count() == 12 - sent


FAULTS = [
    ("429 retry=7 code=20429", "queued", "twilio_20429"),
    ("400 code=21211", "failed", "twilio_21211"),
    ("500 code=20500", "unknown", "twilio_20500"),
    ("drop_after", "unknown", "no_reply"),
]


@pytest.mark.parametrize(("fault", "end", "why"), FAULTS, ids=[fault for fault, *_ in FAULTS])
def test_each_fault_has_its_end_and_nothing_is_doubled(fault, end, why, twilio):
    wish(make_store(), channel="sms")
    twilio.faults.append(fault)
    send_notices(DUE)
    assert state() == (end, why)
    send_notices(DUE + td(minutes=5))
    assert (twilio.account.taken, state()[0]) == ((1, "sent") if end == "queued" else (fault == "drop_after", end))


def test_wrong_credentials_pause_the_channel_and_it_goes_when_they_are_mended(twilio):
    wish(make_store(), channel="sms")
    twilio.faults.append("401")
    send_notices(DUE)
    assert (state()[0], ProviderPause.objects.get().channel) == ("queued", "sms")
    send_notices(DUE + td(minutes=2))
    assert (state(), twilio.account.taken) == (("queued", "provider_paused"), 0)
    send_notices(DUE + td(minutes=16))
    assert (state(), twilio.account.taken) == (("sent", ""), 1)


def test_what_a_dead_worker_left_is_unknown_and_not_repeated(settings):
    wish(make_store())
    Notice.objects.update(state="sending", sent_at=DUE, attempts=1)
    assert (send_notices(DUE + td(seconds=299)), send_notices(DUE + td(seconds=301))) == (0, 1)
    assert (state(), read_mailbox(settings.MAILBOX_DIR)) == (("unknown", "worker_died"), [])
