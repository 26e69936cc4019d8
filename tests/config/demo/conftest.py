"""The demo shop, connected to this very site. Its courier stands still: tests say when it carries."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from config.demo import courier
from config.demo.memory import store
from tests.factories import SECRET


@pytest.fixture(autouse=True)
def demo(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    settings.DATA_DIR, settings.MAILBOX_DIR = tmp_path, tmp_path / "mailbox"
    monkeypatch.setattr(courier, "start", lambda: None)
    connect(tmp_path, "http://127.0.0.1:9/webhooks/demo/")  # where nobody listens
    yield
    for key in store().scan_iter("demo:*"):
        store().delete(key)


def connect(data_dir: Path, url: str, secret: str = SECRET) -> None:
    """Tell the shop where Cartback is."""
    (data_dir / "demo-store.json").write_text(json.dumps({"webhook_url": url, "secret": secret}))
