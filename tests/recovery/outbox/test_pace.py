"""How fast a sender may be: its own pace where a store has a sender of its own, else the installation's."""

from __future__ import annotations

from typing import Any

import pytest

from recovery.outbox.carriers import carrier_for
from recovery.outbox.throttle import seconds_to_wait
from tests.factories import make_store
from tests.servers import empty_redis

pytestmark = pytest.mark.django_db

OWN = {"account_sid": "AC" + "1" * 32, "auth_token": "t", "from_number": "+358401234567"}


@pytest.mark.parametrize(("pace", "soonest", "latest"), [(10, 0, 1), (None, 26, 31)])
def test_a_store_with_its_own_sender_has_its_own_pace(settings: Any, pace: int | None, soonest: int, latest: int):
    settings.TWILIO_SMS_PER_SECOND = 1
    empty_redis()
    store = make_store(sms_per_second=pace)
    store.set_twilio(OWN)
    carrier = carrier_for(store, "sms")
    assert seconds_to_wait(carrier, "anna", 30) == 0
    assert soonest < seconds_to_wait(carrier, "bo", 3) <= latest


def test_a_store_that_shares_the_sender_shares_its_pace(settings: Any):
    settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN, settings.TWILIO_FROM = OWN.values()
    assert carrier_for(make_store(sms_per_second=10), "sms").sms_per_second is None
