from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def mailbox(settings, tmp_path):
    """Where messages are captured."""
    settings.MAILBOX_DIR = tmp_path
    return tmp_path
