"""A mail server for what the outbox sends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from recovery.outbox import carriers
from tests.standins.smtp import SmtpStandin


@pytest.fixture
def smtp(settings: Any) -> Iterator[SmtpStandin]:
    with SmtpStandin() as server:
        settings.EMAIL_URL = f"smtp://127.0.0.1:{server.port}"
        yield server
    carriers._smtp.cache_clear()
