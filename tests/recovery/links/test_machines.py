"""Which visits count as a person's."""

from __future__ import annotations

from datetime import timedelta as td

import pytest

from carts.models import Order
from recovery.attribution import credit
from recovery.links.machines import Visit, machine_reason
from recovery.models import Click
from tests.factories import NOW, order, person, put
from tests.recovery.links.written import PERSON, SENT, written

PEOPLE = [
    PERSON,
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:132.0) Gecko/20100101 Firefox/132.0",
    "Mozilla/5.0 (Linux; Android 9; CUBOT_X18_Plus) AppleWebKit/537.36 Chrome/86.0 Mobile Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 [FBAN/FBIOS;FBAV/480.0]",
    "Mozilla/5.0 (Linux; Android 14; SM-S918B) Chrome/130.0 Mobile Safari/537.36 Instagram 350.0 Android",
    "Opera/9.80 (Series 60; Opera Mini/7.1.32444/34.1088; U; en) Presto/2.8.119 Version/11.10",
]
MACHINES = [
    ("", "no_user_agent"),
    ("   ", "no_user_agent"),
    ("BarracudaLinkProtection/1.0", "scanner"),
    ("Mozilla/5.0 (compatible; Proofpoint URL Defense)", "scanner"),
    ("CiscoSecureEmail/1.0", "scanner"),
    ("Mozilla/5.0 (Windows NT 10.0) TMES", "scanner"),
    ("Mozilla/4.0 (compatible; ms-office; MSOffice 16)", "scanner"),
    ("Microsoft Office Existence Discovery", "scanner"),
    ("Mimecast-URL-Scanner", "scanner"),
    ("facebookexternalhit/1.1", "preview"),
    ("Mozilla/5.0 (via ggpht.com GoogleImageProxy)", "preview"),
    ("Mozilla/5.0 (Windows NT 6.1) SkypeUriPreview Preview/0.5", "preview"),
    ("curl/8.9.1", "script"),
    ("python-requests/2.32.3", "script"),
    ("Go-http-client/2.0", "script"),
    ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 HeadlessChrome/131.0.0.0 Safari/537.36", "script"),
    ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "robot"),
    ("Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", "robot"),
    ("TelegramBot (like TwitterBot)", "robot"),
    ("WhatsApp/2.23.20.0 A", "robot"),
    ("Mozilla/5.0", "robot"),
    ("SomeCrawler/0.1", "robot"),
]


@pytest.mark.parametrize("user_agent", PEOPLE)
def test_a_person_is_none(user_agent):
    assert machine_reason(Visit("GET", user_agent, since_sent=td(minutes=3))) == ""


@pytest.mark.parametrize(("user_agent", "reason"), MACHINES)
def test_a_machine_is_known_by_its_name(user_agent, reason):
    assert machine_reason(Visit("GET", user_agent, since_sent=td(hours=3))) == reason


@pytest.mark.parametrize("purpose", ["prefetch", "prefetch;prerender", "Prefetch", "preview"])
def test_a_browser_that_fetches_ahead_is_a_machine(purpose):
    assert machine_reason(Visit("GET", PERSON, (purpose,), td(hours=1))) == "prefetch"


@pytest.mark.parametrize(
    ("seconds", "reason"), [(0, "too_soon"), (4.9, "too_soon"), (5, ""), (60, ""), (-2, "too_soon"), (-3600, "")]
)
def test_nobody_clicks_within_five_seconds_of_the_sending(seconds, reason):
    assert machine_reason(Visit("GET", PERSON, since_sent=td(seconds=seconds))) == reason


def test_what_is_not_known_to_be_sent_is_not_too_soon():
    assert machine_reason(Visit("GET", PERSON, since_sent=None)) == ""


def test_a_head_request_is_a_machine_whatever_it_calls_itself():
    assert machine_reason(Visit("HEAD", PERSON)) == "head"


def reasons() -> list[str]:
    return list(Click.objects.order_by("pk").values_list("machine_reason", flat=True))


@pytest.mark.django_db
@pytest.mark.parametrize("beside", ["unsubscribe", "preferences"])
def test_another_link_right_after_the_click_makes_it_a_machines(browser, clock, beside):
    link = written()
    browser.get(link.recover)
    assert reasons() == [""]
    clock.shift(td(seconds=1))
    browser.get(getattr(link, beside))
    assert reasons() == ["several_links"]


@pytest.mark.django_db
def test_another_link_right_before_the_click_makes_it_a_machines(browser, clock):
    link = written()
    browser.get(link.unsubscribe)
    clock.shift(td(seconds=2))
    browser.get(link.recover)
    assert reasons() == ["several_links"]


@pytest.mark.django_db
def test_a_person_takes_longer_from_one_link_to_the_other(browser, clock):
    link = written()
    browser.get(link.unsubscribe)
    clock.shift(td(seconds=3))
    browser.get(link.recover)
    clock.shift(td(seconds=3))
    browser.get(link.unsubscribe)
    assert reasons() == [""]


@pytest.mark.django_db
def test_the_links_of_another_message_are_no_evidence(browser):
    one = written()
    other = written(one.store, token="C2", person=person(2))
    browser.get(one.recover)
    browser.get(other.unsubscribe)
    assert reasons() == [""]


@pytest.mark.django_db
@pytest.mark.parametrize("header", ["Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"])
def test_every_header_that_tells_of_a_prefetch_is_read(browser, header):
    assert browser.get(written().recover, headers={header: "prefetch"}).status_code == 302
    assert reasons() == ["prefetch"]


@pytest.mark.django_db
def test_a_click_within_seconds_of_the_sending_is_a_machines(browser, clock):
    clock.move_to(SENT + td(seconds=3))
    browser.get(written().recover)
    assert reasons() == ["too_soon"]


@pytest.mark.django_db
@pytest.mark.parametrize(("user_agent", "credited"), [(PERSON, 1), ("curl/8.9.1", 0), ("", 0)])
def test_only_a_persons_click_earns_credit(browser, user_agent, credited):
    link = written()
    assert browser.get(link.recover, headers={"User-Agent": user_agent}).status_code == 302
    put(link.store, order(at=NOW + td(hours=2)), at=NOW + td(hours=2))
    assert credit(list(Order.objects.all()), now=NOW + td(hours=2)) == credited
