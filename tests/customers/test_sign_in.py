"""The door of the admin: tries are counted, the second factor is asked for, sessions end when they should."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from datetime import timedelta as td
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client, RequestFactory
from django.urls import reverse

from config.lib import sealing
from customers.models import SecondFactor
from customers.sign_in import place
from customers.two_factor import _totp, begin, confirm, end, is_on, key_of, passes, picture

pytestmark = pytest.mark.django_db

LOGIN = "/admin/login/"
NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
WORDS = "green tea at noon"


@pytest.fixture
def mia(settings: Any) -> User:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    return User.objects.create_user("mia", password=WORDS, is_staff=True)


@pytest.fixture(autouse=True)
def _fresh() -> None:
    """No try of an earlier test counts."""
    from customers.sign_in import _redis

    for key in _redis().scan_iter("cartback:sign-in:*"):
        _redis().delete(key)


def enter(password: str = WORDS, name: str = "mia", client: Client | None = None, **headers: str) -> Any:
    return (client or Client()).post(f"{LOGIN}?next=/admin/", {"username": name, "password": password}, headers=headers)


def code(user: User, at: datetime) -> str:
    return _totp(SecondFactor.objects.get(user=user)).generate(int(at.timestamp())).decode()


def test_after_five_wrong_passwords_the_right_one_has_to_wait_too(mia):
    assert ["Too many tries" in enter("wrong").content.decode() for _ in range(6)] == [False] * 5 + [True]
    told = enter()
    assert told.status_code == 200 and "Too many tries. Wait 1 minute, then try again." in told.content.decode()


def test_another_name_and_another_place_are_not_held_up(mia, settings):
    User.objects.create_user("kim", password=WORDS, is_staff=True)
    settings.BEHIND_PROXY = True
    for _ in range(6):
        enter("wrong", x_forwarded_for="9.9.9.9, 7.7.7.7")
    assert enter(name="kim", x_forwarded_for="7.7.7.7").status_code == 302
    assert enter(x_forwarded_for="8.8.8.8").status_code == 302


def test_who_comes_in_starts_anew(mia):
    for _ in range(3):
        assert [enter("wrong").status_code for _ in range(3)] == [200] * 3
        assert enter().status_code == 302


@pytest.mark.parametrize(
    ("behind", "told", "expected"),
    [(False, "6.6.6.6", "1.2.3.4"), (True, "6.6.6.6, 5.5.5.5", "5.5.5.5"), (True, "", "1.2.3.4")],
)
def test_only_what_our_own_proxy_says_is_believed(settings, behind, told, expected):
    settings.BEHIND_PROXY = behind
    assert place(RequestFactory().get("/", REMOTE_ADDR="1.2.3.4", headers={"x-forwarded-for": told})) == expected


def test_who_has_no_second_factor_is_not_asked(mia):
    client = Client()
    enter(client=client)
    assert client.get("/admin/").status_code == 200


def test_the_codes_are_those_of_rfc_6238(mia):
    """Appendix B, its last six digits: the key is twenty ASCII digits."""
    key = base64.b32encode(b"12345678901234567890").decode()
    factor = SecondFactor(user=mia, sealed=sealing.seal(key, settings.SEALING_SECRETS))
    assert [_totp(factor).generate(at) for at in (59, 1111111109, 2000000000)] == [b"287082", b"081804", b"279037"]


@time_machine.travel(NOON, tick=False)
def test_a_second_factor_is_asked_for_before_any_page(mia):
    begin(mia)
    assert confirm(begin(mia), code(mia, NOON - td(seconds=30)), now=NOON)
    client = Client()
    enter(client=client)
    asked = client.get("/admin/recovery/flow/?q=x")
    assert asked["Location"] == "/admin/second-step/?next=%2Fadmin%2Frecovery%2Fflow%2F%3Fq%3Dx"
    assert "not the code of this moment" in client.post(asked["Location"], {"code": "000000"}).content.decode()
    before = client.session.session_key
    assert client.post(asked["Location"], {"code": code(mia, NOON)})["Location"] == "/admin/recovery/flow/?q=x"
    assert client.get("/admin/").status_code == 200 and client.session.session_key != before


@time_machine.travel(NOON, tick=False)
def test_setting_it_up_asks_for_a_first_code_and_shows_the_paper_codes_once(mia):
    client = Client()
    client.force_login(mia)
    page = client.get(reverse("admin_two_factor")).content.decode()
    assert "<svg" in page and "Switch it on" in page and not is_on(mia)
    done = client.post(reverse("admin_two_factor"), {"code": code(mia, NOON)}).content.decode()
    assert is_on(mia) and done.count("<li>") >= 10 and "shown this once" in done
    assert "10 codes on paper are left" in client.get(reverse("admin_two_factor")).content.decode()


def test_a_session_of_before_is_asked_too(mia):
    old, new = Client(), Client()
    old.force_login(mia)
    factor = begin(mia)
    SecondFactor.objects.filter(pk=factor.pk).update(confirmed_at=NOON)
    assert old.get("/admin/")["Location"].startswith("/admin/second-step/")
    new.force_login(mia)
    assert new.get("/admin/two-factor/")["Location"].startswith("/admin/second-step/")


def test_no_code_works_twice_and_a_late_one_not_at_all(mia):
    factor = begin(mia)
    assert confirm(factor, code(mia, NOON), now=NOON)
    assert not passes(mia, code(mia, NOON), now=NOON)
    assert not passes(mia, code(mia, NOON - td(seconds=90)), now=NOON)
    assert passes(mia, code(mia, NOON + td(seconds=30)), now=NOON)


def test_a_code_on_paper_works_once(mia):
    codes = confirm(begin(mia), code(mia, NOON), now=NOON) or []
    assert len(set(codes)) == 10
    assert [passes(mia, codes[0].upper(), now=NOON) for _ in range(2)] == [True, False]
    assert passes(mia, codes[1].replace("-", " "), now=NOON)


def test_nothing_that_signs_in_is_kept_readable(mia):
    factor = begin(mia)
    codes = confirm(factor, code(mia, NOON), now=NOON) or [""]
    kept = str(SecondFactor.objects.filter(pk=factor.pk).values_list()[0])
    assert key_of(factor) not in kept and codes[0] not in kept and codes[0].replace("-", "") not in kept


def test_codes_are_counted_like_passwords(mia):
    SecondFactor.objects.filter(pk=begin(mia).pk).update(confirmed_at=NOON)
    client = Client()
    client.force_login(mia)
    told = [client.post("/admin/second-step/", {"code": "000000"}).content.decode() for _ in range(6)]
    assert ["Too many tries" in page for page in told] == [False] * 5 + [True]


def test_a_superuser_resets_it(mia):
    SecondFactor.objects.filter(pk=begin(mia).pk).update(confirmed_at=NOON)
    boss = Client()
    boss.force_login(User.objects.create_superuser("boss"))
    boss.post("/admin/auth/user/", {"action": "end_second_factor", "_selected_action": [mia.pk]})
    assert not is_on(mia) and not end(mia)


def test_the_way_on_stays_in_the_house(mia):
    codes = confirm(begin(mia), code(mia, NOON), now=NOON) or []
    client = Client()
    client.force_login(mia)
    answer = client.post("/admin/second-step/?next=https://evil.example/", {"code": codes[0]})
    assert answer["Location"] == "/admin/"


def test_the_picture_asks_no_other_host(mia):
    drawn = picture(begin(mia))
    assert drawn.startswith("<svg") and "href" not in drawn and "<script" not in drawn


def test_signing_in_changes_the_session_key(mia):
    client = Client()
    client.get(LOGIN)
    session = client.session
    session["seen"] = True
    session.save()
    client.cookies["sessionid"] = str(session.session_key)
    enter(client=client)
    assert client.session.session_key != session.session_key


def test_a_changed_password_ends_every_other_session(mia):
    here, elsewhere = Client(), Client()
    for client in (here, elsewhere):
        client.force_login(mia)
    new = {"old_password": WORDS, "new_password1": "black tea at dusk", "new_password2": "black tea at dusk"}
    assert here.post("/admin/password_change/", new).status_code == 302
    assert here.get("/admin/").status_code == 200
    assert elsewhere.get("/admin/")["Location"].startswith(LOGIN)


def test_a_session_lasts_a_days_work(mia):
    client = Client()
    enter(client=client)
    cookie = client.cookies["sessionid"]
    assert (cookie["max-age"], cookie["httponly"], cookie["samesite"]) == (12 * 3600, True, "Lax")
