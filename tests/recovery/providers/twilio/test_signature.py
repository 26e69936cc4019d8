from __future__ import annotations

import random

import pytest
from twilio.request_validator import RequestValidator

from recovery.providers.twilio.events import form_of
from recovery.providers.twilio.signature import is_genuine
from tests.standins.twilio import AUTH_TOKEN, Callback, TwilioStandin
from tests.standins.twilio.callbacks import json_callback

URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
FORM = {
    "CallSid": ["CA1234567890ABCDE"],
    "Caller": ["+14158675309"],
    "Digits": ["1234"],
    "From": ["+14158675309"],
    "To": ["+18005551212"],
}
SIGNATURE = "RSOYDt4T1cUTdK1PDd93/VVr8B8="
SETTINGS = "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256"


def test_the_example_that_twilio_publishes() -> None:
    assert is_genuine(URL, FORM, SIGNATURE, ["12345"])


def test_the_port_may_be_there_or_not() -> None:
    assert is_genuine("https://mycompany.com:443/myapp.php?foo=1&bar=2", FORM, SIGNATURE, ["12345"])
    with_port = RequestValidator("12345").compute_signature("http://127.0.0.1:8000/cb/", {"a": "b"})
    assert is_genuine("http://127.0.0.1:8000/cb/", {"a": ["b"]}, with_port, ["12345"])


@pytest.mark.parametrize(
    ("url", "form", "signature", "secrets"),
    [
        (URL, FORM, "", ["12345"]),
        (URL, FORM, "not base64 at all ÿ \ud83d", ["12345"]),
        (URL, FORM, SIGNATURE[:-1], ["12345"]),
        (URL, FORM, SIGNATURE, ["54321"]),
        (URL, FORM, SIGNATURE, []),
        (URL, FORM, SIGNATURE, [""]),
        (URL + "3", FORM, SIGNATURE, ["12345"]),
        (URL, {**FORM, "Digits": ["4321"]}, SIGNATURE, ["12345"]),
        (URL, {**FORM, "More": ["1"]}, SIGNATURE, ["12345"]),
        ("https://mycompany.com:port/", FORM, SIGNATURE, ["12345"]),
        ("nowhere", FORM, SIGNATURE, ["12345"]),
        ("https://[::1", FORM, SIGNATURE, ["12345"]),
    ],
)
def test_what_does_not_fit_is_refused(url: str, form: dict[str, list[str]], signature: str, secrets: list[str]) -> None:
    assert not is_genuine(url, form, signature, secrets)


def test_two_tokens_count_while_they_are_being_changed() -> None:
    assert is_genuine(URL, FORM, SIGNATURE, ["new", "12345"])
    assert is_genuine(URL, FORM, SIGNATURE, ["12345", "new"])


def test_a_shared_key_signs_with_sha256() -> None:
    signature = RequestValidator("the-key").compute_signature(URL, {"a": "b"}, "HMAC_SHA256")
    assert is_genuine(URL, {"a": ["b"]}, signature, ["token", "the-key"], settings=SETTINGS)
    assert not is_genuine(URL, {"a": ["b"]}, signature, ["the-key"])
    assert not is_genuine(URL, {"a": ["b"]}, signature, ["the-key"], settings="algorithm=HMAC_SHA512")
    assert not is_genuine(URL, FORM, SIGNATURE, ["12345"], settings=SETTINGS)


@pytest.mark.parametrize("settings", ["", "key=x", "algorithm=", ",,=,", "algorithm = HMAC_SHA1"])
def test_odd_settings_mean_the_usual_algorithm(settings: str) -> None:
    assert is_genuine(URL, FORM, SIGNATURE, ["12345"], settings=settings)


def test_json_is_bound_by_the_hash_in_the_address() -> None:
    made = json_callback(TwilioStandin().account, "https://go.shop.example/cb?x=1", b'{"a": 1}')
    signature = made.headers["X-Twilio-Signature"]
    assert is_genuine(made.url, made.body, signature, [AUTH_TOKEN])
    assert not is_genuine(made.url, b'{"a": 2}', signature, [AUTH_TOKEN])
    assert not is_genuine(made.url + "&bodySHA256=0", made.body, signature, [AUTH_TOKEN])


def test_a_raw_body_without_its_hash_is_refused() -> None:
    bare = RequestValidator("12345").compute_signature(URL, {})
    assert is_genuine(URL, {}, bare, ["12345"])
    assert not is_genuine(URL, b"{}", bare, ["12345"])


def test_it_agrees_with_twilios_own_validator() -> None:
    dice, letters = random.Random(7), "aZ0 +&=%ä\u20ac\U0001f6d2"
    for _ in range(300):
        names = {"".join(dice.choices(letters, k=3)) for _ in range(4)}
        form = {name: dice.choices(["", "a", "ä b", "\U0001f6d2", "a"], k=dice.randint(1, 3)) for name in names}
        url = dice.choice(["https://x.example/a?b=c", "http://x.example:8000/", "https://x.example:443/%20"])
        algorithm = dice.choice(["HMAC_SHA1", "HMAC_SHA256"])
        signature = RequestValidator("k").compute_signature(url, _Multi(form), algorithm)
        assert is_genuine(url, form, signature, ["k"], settings=f"key=1,algorithm={algorithm}")


class _Multi(dict[str, list[str]]):
    getlist = dict.__getitem__


def _genuine(made: Callback, secret: str) -> bool:
    settings = made.headers.get("X-Twilio-Webhooks-Signature-Settings", "")
    signature = made.headers["X-Twilio-Signature"]
    return is_genuine(made.url, form_of(made.body), signature, [secret], settings=settings)


def test_what_the_standin_posts_is_genuine_under_both_schemes() -> None:
    twilio = TwilioStandin()
    made = twilio.receive("+358401234567", "+15005550006", "Päivää & =%+ 🛒\n", "http://127.0.0.1:8000/in/s/?a=b")
    assert _genuine(made, AUTH_TOKEN) and not _genuine(made, "another")
    twilio.account.shared_key = "the-key"
    made = twilio.receive("+358401234567", "+15005550006", "", "http://127.0.0.1:8000/in/s/")
    assert _genuine(made, "the-key") and not _genuine(made, AUTH_TOKEN)
