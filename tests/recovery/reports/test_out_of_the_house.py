"""The week by e-mail and the gauges: the overview's own numbers, each mail once."""

from __future__ import annotations

from datetime import date, datetime
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command

from customers.models import Membership, Store
from recovery.models import DailyFigures, Notice
from recovery.outbox.notices import send_notices
from recovery.providers.console.provider import read_mailbox
from recovery.reports.digest import as_html, as_text, digest_of, send_digests
from recovery.reports.gauges import gauges
from recovery.reports.rollup import roll_day
from tests.factories import NOW, after, make_store
from tests.recovery.reports.story import bought, silent

pytestmark = pytest.mark.django_db

#: NOW is a Tuesday. Three weeks on its carts are settled; the Monday is 30 March, nine in the morning at the store.
MONDAY = datetime.fromisoformat("2026-03-30T06:00:00Z")


@pytest.fixture
def store() -> Store:
    """Three carts of which one was ordered, and two people of whom one asked for the digest."""
    made = make_store(slug="puro")
    for n in range(3):
        silent(made, n)
    bought(made, 0, after(hours=5))
    for name, wants in (("ann", True), ("bob", False)):
        user = User.objects.create_user(name, email=f"{name}@shop.example")
        Membership.objects.create(user=user, store=made, role="analyst", wants_digest=wants)
    return made


def test_the_week_goes_once_to_who_asked(store, settings, tmp_path):
    settings.MAILBOX_DIR = tmp_path
    assert [send_digests(MONDAY), send_digests(MONDAY), send_digests(MONDAY.replace(hour=12))] == [1, 0, 0]
    send_notices(MONDAY)
    (mail,) = read_mailbox(tmp_path)
    assert (mail.to, mail.subject) == ("ann@shop.example", "Puro: the week of 23 March 2026")
    assert Notice.objects.values_list("state", "purpose").get() == ("sent", "digest")


@pytest.mark.parametrize("when", ["2026-03-30T03:00:00Z", "2026-04-02T06:00:00Z", "2026-03-29T06:00:00Z"])
def test_it_waits_for_monday_morning_and_goes_stale_by_thursday(store, when):
    assert send_digests(datetime.fromisoformat(when)) == 0


def test_who_left_the_store_gets_nothing(store):
    User.objects.update(is_active=False)
    assert send_digests(MONDAY) == 0


def test_it_tells_the_numbers_of_the_overview(store):
    found = digest_of(store, now=MONDAY)
    assert (found.settled.period.first, found.settled.period.last) == (date(2026, 2, 16), date(2026, 3, 15))
    rate = found.settled.rates["net_abandonment"]
    assert rate and (rate.hits, rate.n) == (2, 3)
    assert "Cart abandonment" in as_text(found) and "66.7%   20.8% to 93.9%, 2 of 3, too few to say" in as_text(found)
    html = as_html(found)
    assert 'width="67%"' in html and "<img" not in html and "{{" not in html and "fonts.g" not in html


def test_the_command_prints_and_queues_nothing(store):
    out = StringIO()
    call_command("digest", "puro", "--print", "--now", "2026-03-30T06:00:00Z", stdout=out)
    assert out.getvalue().startswith("Puro: the week of 23 March 2026\n")
    assert not Notice.objects.exists()


def test_gauges_are_the_kept_figures_of_settled_days(store):
    roll_day(store, NOW.date(), now=MONDAY)
    told = {(gauge.name, *gauge.labels): gauge.value for gauge in gauges(MONDAY)}
    assert told["cartback_settled_carts",] == 3
    assert told["cartback_abandoned_carts",] == 2
    assert told["cartback_abandonment_ratio",] == 2 / 3
    assert told["cartback_recovered_revenue", "EUR"] == 91.0
    DailyFigures.objects.all().delete()
    assert list(gauges(MONDAY)) == []
