"""What the tests of several rooms of recovery stand on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from recovery.outbox import carriers
from tests.standins.twilio import NUMBER, WHATSAPP_NUMBER, TwilioStandin


@pytest.fixture
def twilio(settings: Any) -> Iterator[TwilioStandin]:
    """The stand-in for Twilio, and an installation that sends SMS and WhatsApp through it."""
    with TwilioStandin() as server:
        settings.TWILIO_API_URL = server.url
        settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN = server.account.sid, server.account.token
        settings.TWILIO_FROM, settings.TWILIO_WHATSAPP_FROM = NUMBER, WHATSAPP_NUMBER.removeprefix("whatsapp:")
        settings.TWILIO_SMS_PER_SECOND = 1000
        yield server
    carriers._twilio.cache_clear()
