from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor

import pytest

from recovery.providers.anymail.esp import EspProvider
from recovery.providers.anymail.provider import MailConfig, mail_provider
from recovery.providers.base import Ambiguous, Misconfigured, Permanent, SendError, Transient
from tests.recovery.providers.envelopes import envelope
from tests.standins.esp import EspStandin


def test_postmark_gets_the_mail_and_the_name_of_the_send(esp: EspStandin, postmark: EspProvider) -> None:
    accepted = postmark.send(envelope())
    (mail,) = esp.mails
    assert len(accepted.provider_id) == 36
    assert mail["Metadata"] == {"send_id": "m-1"}
    assert mail["Tag"] == "cart-recovery"
    assert mail["To"] == "Anna <anna@shopper.example>"
    assert {"Name": "List-Unsubscribe", "Value": "<https://go.shop.example/u/x>"} in mail["Headers"]
    assert "Message-ID" not in str(mail["Headers"])


POSTMARK = [
    ("429 7", Transient, "http_429", 7.0),
    ("408", Transient, "http_408", None),
    ("500", Ambiguous, "http_500", None),
    ("503", Ambiguous, "http_503", None),
    ("401", Misconfigured, "http_401", None),
    ("403", Misconfigured, "http_403", None),
    ("400", Permanent, "http_400", None),
    ("413", Permanent, "http_413", None),
    ("drop_before", Ambiguous, "no_reply", None),
    ("drop_after", Ambiguous, "no_reply", None),
    ("hang", Ambiguous, "no_reply", None),
    ("garbage", Ambiguous, "http_200", None),
]


@pytest.mark.parametrize(("fault", "kind", "code", "wait"), POSTMARK)
def test_postmark_answers_are_told_apart(
    esp: EspStandin, postmark: EspProvider, fault: str, kind: type[SendError], code: str, wait: float | None
) -> None:
    esp.faults.append(fault)
    with pytest.raises(kind) as caught:
        postmark.send(envelope())
    assert (type(caught.value), caught.value.code, caught.value.retry_after) == (kind, code, wait)
    assert len(esp.requests) == 1
    assert postmark.send(envelope())


def test_a_suppressed_address_is_dead(esp: EspStandin, postmark: EspProvider) -> None:
    esp.suppressed.add("anna@shopper.example")
    with pytest.raises(Permanent) as caught:
        postmark.send(envelope())
    assert (caught.value.code, caught.value.suppress) == ("refused", "bounce")
    assert "inactive" in caught.value.detail and esp.taken == 0


@pytest.mark.parametrize("to", ["not an address", "a@", ""])
def test_no_request_is_made_for_what_is_no_address(esp: EspStandin, postmark: EspProvider, to: str) -> None:
    with pytest.raises(Permanent):
        postmark.send(envelope(to=to))
    assert len(esp.requests) == 0


def test_a_wrong_token_is_for_a_person(esp: EspStandin, postmark: EspProvider) -> None:
    esp.token = "another"
    with pytest.raises(Misconfigured) as caught:
        postmark.send(envelope())
    assert caught.value.code == "http_401"


def test_nobody_listening_is_worth_another_try() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/"
    with pytest.raises(Transient) as caught:
        EspProvider("postmark", {"server_token": "t", "api_url": url}).send(envelope())
    assert caught.value.code == "no_connection"


@pytest.mark.parametrize("fault", ["500", "drop_before", "drop_after", "hang"])
def test_resend_takes_a_repeat_only_once(esp: EspStandin, resend: EspProvider, fault: str) -> None:
    esp.faults.append(fault)
    with pytest.raises(Transient):
        resend.send(envelope())
    assert resend.send(envelope()).provider_id
    assert esp.taken == 1
    assert {request.headers["idempotency-key"] for request in esp.requests} == {"m-1"}


def test_a_repeat_with_another_text_may_be_a_second_mail(esp: EspStandin, resend: EspProvider) -> None:
    resend.send(envelope())
    with pytest.raises(Ambiguous) as caught:
        resend.send(envelope(text="another"))
    assert caught.value.code == "http_409" and esp.taken == 1


def test_it_keeps_its_session_and_serves_32_threads(esp: EspStandin, resend: EspProvider) -> None:
    esp.latency = 0.01
    with ThreadPoolExecutor(32) as pool:
        ids = list(pool.map(lambda number: resend.send(envelope(send_id=f"m-{number}")), range(200)))
    assert len({accepted.provider_id for accepted in ids}) == 200 == esp.taken


@pytest.mark.parametrize(
    "config",
    [
        MailConfig("esp", esp="nobody"),
        MailConfig("esp", esp="os.path"),
        MailConfig("esp", esp="postmark", settings={"server_tokn": "t"}),
        MailConfig("pigeon"),
    ],
)
def test_settings_that_cannot_work_are_for_a_person(config: MailConfig) -> None:
    with pytest.raises(Misconfigured):
        mail_provider(config).send(envelope())
