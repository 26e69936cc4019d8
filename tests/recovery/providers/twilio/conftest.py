from __future__ import annotations

from collections.abc import Iterator

import pytest

from recovery.providers.twilio.config import TwilioConfig
from recovery.providers.twilio.provider import TwilioProvider
from tests.standins.twilio import ACCOUNT_SID, AUTH_TOKEN, NUMBER, WHATSAPP_NUMBER, TwilioStandin


@pytest.fixture
def twilio() -> Iterator[TwilioStandin]:
    with TwilioStandin() as standin:
        yield standin


@pytest.fixture
def provider(twilio: TwilioStandin) -> Iterator[TwilioProvider]:
    config = TwilioConfig(
        ACCOUNT_SID, AUTH_TOKEN, from_number=NUMBER, whatsapp_from=WHATSAPP_NUMBER, api_url=twilio.url
    )
    provider = TwilioProvider(config, seconds=0.5)
    yield provider
    provider.close()
