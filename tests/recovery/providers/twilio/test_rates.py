from __future__ import annotations

import pytest

from config.lib.throttle import Limit
from recovery.providers.twilio.rates import limits


def test_an_sms_counts_by_its_segments() -> None:
    assert limits("+15005550006", "sms", "h", 3) == [Limit("twilio:sms:+15005550006", 3, 1.0, 1.0)]
    assert limits("MG1", "sms", "h", 2, per_second=100) == [Limit("twilio:sms:MG1", 2, 100, 100)]


def test_whatsapp_counts_by_sender_and_by_pair() -> None:
    sender, pair = limits("+14155238886", "whatsapp", "h")
    assert sender == Limit("twilio:whatsapp:+14155238886", 1, 80.0, 80.0)
    assert (pair.key, pair.tokens, pair.burst) == ("twilio:pair:+14155238886:h", 1, 45)
    assert pair.rate == pytest.approx(1 / 6)
