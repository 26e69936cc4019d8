"""Every page keeps to itself: no outside script, no frame of somebody else's, no form from elsewhere."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from tests.rights.addresses import addresses
from tests.rights.world import make_world

pytestmark = pytest.mark.django_db

PUBLIC = ["/", "/r/x/", "/u/x/", "/preferences/x/", "/welcome/x/y/", "/healthz", "/webhooks/x/", "/nothing/"]


def wrong(answer: Any, *, strict: bool) -> list[str]:
    """What the answer's headers lack."""
    policy = answer.headers.get("Content-Security-Policy", "")
    lax = [word for word in ("'unsafe-inline'", "'unsafe-eval'") if strict and word in policy]
    lacks = [] if "default-src 'none'" in policy and "frame-ancestors" in policy else ["policy"]
    lacks += [] if "https://" not in policy.replace("https:;", "") else ["an outside host"]
    framed = answer.headers.get("X-Frame-Options") in ("DENY", "SAMEORIGIN") or "frame-ancestors 'none'" in policy
    return [*lax, *lacks, *([] if framed else ["frames"])]


def test_every_public_page_has_a_strict_policy(settings):
    settings.DEBUG = False
    assert {path: found for path in PUBLIC if (found := wrong(Client().get(path), strict=True))} == {}


def test_every_page_of_the_admin_has_a_policy_and_is_framed_by_nobody_else(settings, tmp_path):
    settings.MAILBOX_DIR = tmp_path
    world, client = make_world(), Client(raise_request_exception=False)
    client.force_login(User.objects.get(username="boss"))
    asked = [*addresses(world.own, world.own)[::2], reverse("admin:login")]
    assert {path: found for path in asked if (found := wrong(client.get(path), strict=False))} == {}


def test_a_form_from_elsewhere_is_refused():
    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.create_superuser("boss"))
    for path in (reverse("admin:login"), reverse("admin_two_factor"), "/admin/customers/membership/add/"):
        assert client.post(path, {"x": "y"}).status_code == 403, path
