from __future__ import annotations

import pytest

from recovery.callbacks import doors
from tests.recovery.callbacks.posting import TOKEN


@pytest.fixture(autouse=True)
def _the_installations_account(settings, tmp_path):
    settings.TWILIO_AUTH_TOKEN = TOKEN
    settings.TWILIO_AUTH_TOKEN_OLD = ""
    settings.MAILBOX_DIR = tmp_path / "mailbox"
    doors.forget()
