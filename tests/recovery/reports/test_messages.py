from __future__ import annotations

import pytest

from tests.factories import after, make_store
from tests.recovery.reports.story import message, report, silent

pytestmark = pytest.mark.django_db


def test_messages_are_told_by_how_they_ended():
    store = make_store()
    states = ["sent", "delivered", "read", "unknown", "failed", "queued", "sending"]
    for n, state in enumerate(states):
        message(silent(store, n), state=state, ended_at=after(hours=2) if state == "failed" else None)
    found = report(store).messages["email"]
    assert (found.sent, found.delivered, found.unknown, found.failed, found.waiting) == (3, 2, 1, 1, 2)


def test_what_was_not_sent_is_told_by_its_reason():
    store = make_store()
    for n, (state, reason) in enumerate([("skipped", "no_consent"), ("skipped", "ordered"), ("cancelled", "ordered")]):
        message(silent(store, n), state=state, reason=reason, ended_at=after(hours=1), sent_at=None)
    assert report(store).messages["email"].skipped == {"ordered": 2, "no_consent": 1}
