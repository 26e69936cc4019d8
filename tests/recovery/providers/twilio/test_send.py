from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from recovery.providers.base import Ambiguous, Misconfigured, Permanent, SendError, Transient
from recovery.providers.twilio.config import TwilioConfig
from recovery.providers.twilio.provider import TwilioProvider
from tests.recovery.providers.twilio.texts import ANNA, CALLBACK, sms, whatsapp
from tests.standins.twilio import ACCOUNT_SID, AUTH_TOKEN, NUMBER, SERVICE_SID, WHATSAPP_NUMBER, TwilioStandin
from tests.standins.twilio.resources import Template


def _config(twilio: TwilioStandin, **changes: str) -> TwilioConfig:
    return replace(TwilioConfig(ACCOUNT_SID, AUTH_TOKEN, api_url=twilio.url), **changes)


def test_an_sms_goes_out_as_twilio_publishes_it(twilio: TwilioStandin, provider: TwilioProvider) -> None:
    accepted = provider.send(sms())
    (request,) = twilio.requests
    assert request.form() == {
        "To": [ANNA],
        "From": [NUMBER],
        "Body": ["ACME: your cart is saved: https://go.shop.example/r/abc123 Reply STOP to end."],
        "StatusCallback": [CALLBACK],
        "ValidityPeriod": ["3600"],
    }
    assert accepted.provider_id == twilio.messages[0].sid
    assert twilio.account.violations == []


def test_a_messaging_service_chooses_the_sender(twilio: TwilioStandin) -> None:
    provider = TwilioProvider(_config(twilio, messaging_service_sid=SERVICE_SID, from_number=NUMBER))
    provider.send(sms())
    form = twilio.requests[0].form()
    assert (form["MessagingServiceSid"], "From" in form) == ([SERVICE_SID], False)
    assert twilio.messages[0].status == "accepted"


def test_the_sender_of_the_envelope_goes_first(twilio: TwilioStandin) -> None:
    twilio.account.senders.add("ACME")
    TwilioProvider(_config(twilio, messaging_service_sid=SERVICE_SID)).send(sms(sender="ACME"))
    assert twilio.requests[0].form()["From"] == ["ACME"]


def test_whatsapp_goes_between_whatsapp_addresses(twilio: TwilioStandin) -> None:
    config = _config(twilio, whatsapp_from=WHATSAPP_NUMBER.removeprefix("whatsapp:"), messaging_service_sid=SERVICE_SID)
    TwilioProvider(config).send(whatsapp(text="Hi"))
    form = twilio.requests[0].form()
    assert (form["To"], form["From"]) == ([f"whatsapp:{ANNA}"], [WHATSAPP_NUMBER])
    assert set(form) == {"To", "From", "Body", "StatusCallback"}


def test_a_template_goes_in_place_of_the_text(twilio: TwilioStandin, provider: TwilioProvider) -> None:
    sid = "HX" + "1" * 32
    twilio.account.templates[sid] = _template()
    provider.send(whatsapp(content_sid=sid, content_variables='{"1": "Anna"}'))
    form = twilio.requests[0].form()
    assert (form["ContentSid"], form["ContentVariables"], "Body" in form) == ([sid], ['{"1": "Anna"}'], False)
    assert twilio.messages[0].body == "Hi Anna!"


def _template() -> Template:
    return Template(ACCOUNT_SID, "cart", "en", {"twilio/text": {"body": "Hi {{1}}!"}}, {}, datetime.now(UTC))


def test_without_a_sender_nothing_is_asked_of_twilio(twilio: TwilioStandin) -> None:
    with pytest.raises(Misconfigured) as caught:
        TwilioProvider(_config(twilio)).send(sms())
    assert (caught.value.code, len(twilio.requests)) == ("no_sender", 0)


def test_wrong_credentials_are_the_settings_fault(twilio: TwilioStandin) -> None:
    with pytest.raises(Misconfigured) as caught:
        TwilioProvider(_config(twilio, auth_token="old", from_number=NUMBER)).send(sms())
    assert (caught.value.code, twilio.account.taken) == ("twilio_20003", 0)


def test_no_credentials_are_refused_at_once() -> None:
    with pytest.raises(Misconfigured):
        TwilioProvider(TwilioConfig("", ""))


def test_the_token_is_not_shown() -> None:
    assert AUTH_TOKEN not in repr(TwilioConfig(ACCOUNT_SID, AUTH_TOKEN))


FAULTS = [
    ("429 retry=7", Transient, "twilio_20429", 7.0),
    ("429", Transient, "twilio_20429", 4.0),
    ("429 code=21611", Transient, "twilio_21611", 1800.0),
    ("500", Ambiguous, "twilio_20500", None),
    ("503", Ambiguous, "twilio_20503", None),
    ("502 code=0", Ambiguous, "twilio_502", None),
    ("504 code=0", Ambiguous, "twilio_504", None),
    ("408 code=0", Ambiguous, "twilio_408", None),
    ("400 code=29999", Permanent, "twilio_29999", None),
    ("403 code=29999", Misconfigured, "twilio_29999", None),
    ("302 code=0", Misconfigured, "twilio_302", None),
    ("drop_before", Ambiguous, "no_reply", None),
    ("drop_after", Ambiguous, "no_reply", None),
    ("hang", Ambiguous, "no_reply", None),
    ("garbage", Ambiguous, "garbled_reply", None),
]


@pytest.mark.parametrize(("fault", "kind", "code", "wait"), FAULTS)
def test_failures_are_told_apart_and_never_repeated(
    twilio: TwilioStandin, provider: TwilioProvider, fault: str, kind: type[SendError], code: str, wait: float | None
) -> None:
    twilio.faults.append(fault)
    with pytest.raises(kind) as caught:
        provider.send(sms())
    assert (type(caught.value), caught.value.code, caught.value.retry_after) == (kind, code, wait)
    assert len(twilio.requests) == 1
    assert provider.send(sms())


def test_nobody_listening_means_not_sent() -> None:
    config = TwilioConfig(ACCOUNT_SID, AUTH_TOKEN, from_number=NUMBER, api_url="http://127.0.0.1:9")
    with pytest.raises(Transient) as caught:
        TwilioProvider(config).send(sms())
    assert caught.value.code == "no_connection"


def test_numbers_do_not_leak_into_the_reason(provider: TwilioProvider) -> None:
    with pytest.raises(Permanent) as caught:
        provider.send(sms(to="+15005550001"))
    assert caught.value.detail == "The 'To' number … is not a valid phone number."
    assert (caught.value.code, caught.value.suppress) == ("twilio_21211", "invalid")


MAGIC = {"2": ("21612", ""), "3": ("21408", ""), "4": ("21610", "stop"), "9": ("21614", "invalid")}


@pytest.mark.parametrize("last", MAGIC)
def test_twilios_magic_numbers_are_refused(provider: TwilioProvider, last: str) -> None:
    with pytest.raises(Permanent) as caught:
        provider.send(sms(to=f"+1500555000{last}"))
    assert (caught.value.code, caught.value.suppress) == (f"twilio_{MAGIC[last][0]}", MAGIC[last][1])


def test_half_a_character_never_leaves(twilio: TwilioStandin, provider: TwilioProvider) -> None:
    with pytest.raises(Permanent) as caught:
        provider.send(sms(text="half \ud83d"))
    assert (caught.value.code, len(twilio.requests)) == ("invalid_message", 0)


def test_both_shapes_of_an_error_are_read(twilio: TwilioStandin, provider: TwilioProvider) -> None:
    twilio.faults.append("400 code=21610 problem")
    with pytest.raises(Permanent) as caught:
        provider.send(sms())
    assert (caught.value.code, caught.value.detail, caught.value.suppress) == ("twilio_21610", "as asked", "stop")


def test_it_sends_from_many_threads_at_once(twilio: TwilioStandin, provider: TwilioProvider) -> None:
    with ThreadPoolExecutor(16) as pool:
        ids = list(pool.map(lambda n: provider.send(sms(to=f"+35840{n:07}")).provider_id, range(200)))
    assert len(set(ids)) == len(twilio.messages) == 200


def test_a_forked_child_opens_its_own_connections(twilio: TwilioStandin, provider: TwilioProvider) -> None:
    ours = provider.client
    child = os.fork()
    if not child:
        verdict = 1
        try:
            verdict = 0 if provider.client is not ours and provider.send(sms()) else 2
        finally:
            os._exit(verdict)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert provider.client is ours and provider.send(sms())
    assert twilio.account.taken == 2


def test_no_other_host_is_called(provider: TwilioProvider) -> None:
    for url in ("https://lookups.twilio.com/v2", "https://api.twilio.com.evil.example/x", "http://169.254.169.254/"):
        with pytest.raises(Misconfigured) as caught:
            provider.client.http_client.request("GET", url)
        assert caught.value.code == "unknown_host"


def test_importing_the_provider_does_not_load_the_library() -> None:
    code = "import sys; import recovery.providers.twilio.provider; sys.exit('twilio' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
