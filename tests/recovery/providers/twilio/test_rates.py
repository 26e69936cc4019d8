from __future__ import annotations

import os
import time

import pytest
import redis

from config.lib.throttle import Limit, take_all
from recovery.providers.twilio.rates import limits


def test_an_sms_counts_by_its_segments() -> None:
    assert limits("+15005550006", "sms", "h", 3) == [Limit("twilio:sms:+15005550006", 3, 1.0, 3.0)]
    assert limits("MG1", "sms", "h", 2, per_second=100) == [Limit("twilio:sms:MG1", 2, 100, 300)]


def test_a_bell_every_two_seconds_sends_at_the_whole_rate() -> None:
    client = redis.Redis.from_url(os.environ["REDIS_URL"])
    (limit,) = limits("whole-rate", "sms", "h", per_second=10)
    while take_all(client, [limit]) == 0:
        pass  # the bucket's first fill
    time.sleep(2)
    sent = 0
    while take_all(client, [limit]) == 0:
        sent += 1
    client.delete(limit.key)
    assert sent >= 20


def test_whatsapp_counts_by_sender_and_by_pair() -> None:
    sender, pair = limits("+14155238886", "whatsapp", "h")
    assert sender == Limit("twilio:whatsapp:+14155238886", 1, 80.0, 240.0)
    assert (pair.key, pair.tokens, pair.burst) == ("twilio:pair:+14155238886:h", 1, 45)
    assert pair.rate == pytest.approx(1 / 6)
