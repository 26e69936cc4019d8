"""Many opt-outs at the same moment."""

from __future__ import annotations

import pytest
from django.test import Client

from customers.models import Consent, ConsentEvent, Suppression
from tests.races.threads import at_once
from tests.recovery.links.written import written


@pytest.mark.django_db(transaction=True)
def test_fifty_posts_at_once_leave_one_no():
    link = written()

    def post() -> int:
        return Client().post(link.unsubscribe, {"List-Unsubscribe": "One-Click"}).status_code

    assert set(at_once(*[post] * 50)) == {200}
    assert ConsentEvent.objects.filter(state="revoked").count() == 1
    assert Consent.objects.get().state == "revoked"
    assert Suppression.objects.count() == 1
