from __future__ import annotations

from collections.abc import Iterator

import pytest

from recovery.providers.anymail.esp import EspProvider
from recovery.providers.anymail.smtp import SmtpProvider, SmtpServer
from tests.standins.esp import EspStandin
from tests.standins.smtp import SmtpStandin


@pytest.fixture
def smtp() -> Iterator[SmtpStandin]:
    with SmtpStandin() as server:
        yield server


@pytest.fixture
def esp() -> Iterator[EspStandin]:
    with EspStandin() as server:
        yield server


@pytest.fixture
def carrier(smtp: SmtpStandin) -> Iterator[SmtpProvider]:
    provider = SmtpProvider(SmtpServer("smtp", "127.0.0.1", smtp.port, timeout=2))
    yield provider
    provider.close()


@pytest.fixture
def postmark(esp: EspStandin) -> EspProvider:
    return EspProvider("postmark", {"POSTMARK_SERVER_TOKEN": "t", "POSTMARK_API_URL": esp.url, "timeout": (5, 2)})


@pytest.fixture
def resend(esp: EspStandin) -> EspProvider:
    return EspProvider("resend", {"api_key": "k", "api_url": esp.url, "timeout": (5, 2)})
