from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from recovery.providers.base import Ambiguous, Misconfigured, Transient
from recovery.providers.twilio.provider import Found, TwilioProvider
from tests.recovery.providers.twilio.texts import ANNA, sms, whatsapp
from tests.standins.twilio import NUMBER, TwilioStandin

BEGAN = datetime.now(UTC)


def _is_ours(body: str) -> bool:
    return "/r/abc123" in body


def test_a_message_that_was_accepted_without_an_answer_is_found(
    twilio: TwilioStandin, provider: TwilioProvider
) -> None:
    twilio.faults.append("drop_after")
    with pytest.raises(Ambiguous):
        provider.send(sms())
    (message,) = twilio.messages
    assert provider.look_up(ANNA, "sms", datetime.now(UTC), _is_ours) == Found(message.sid, "queued", None)


@pytest.mark.parametrize("fault", ["drop_before", "500", "hang"])
def test_a_message_that_never_arrived_is_not_found(twilio: TwilioStandin, provider: TwilioProvider, fault: str) -> None:
    twilio.faults.append(fault)
    with pytest.raises(Ambiguous):
        provider.send(sms())
    assert provider.look_up(ANNA, "sms", BEGAN, _is_ours) is None
    assert twilio.messages == []


def test_it_tells_how_the_message_ended(twilio: TwilioStandin, provider: TwilioProvider) -> None:
    twilio.account.fates[ANNA] = "undelivered 30003"
    accepted = provider.send(sms())
    twilio.callbacks()
    assert provider.look_up(ANNA, "sms", BEGAN, _is_ours) == Found(accepted.provider_id, "undelivered", 30003)


def test_only_our_own_text_to_this_number_since_then_counts(twilio: TwilioStandin, provider: TwilioProvider) -> None:
    provider.send(sms(to="+358409999999"))
    provider.send(sms(text="something else"))
    provider.send(whatsapp())
    assert provider.look_up(ANNA, "sms", BEGAN, _is_ours) is None
    accepted = provider.send(sms())
    assert provider.look_up(ANNA, "sms", BEGAN + timedelta(hours=1), _is_ours) is None
    found = provider.look_up(ANNA, "sms", BEGAN, _is_ours)
    assert found and found.sid == accepted.provider_id


def test_a_text_that_the_person_sent_back_is_not_ours(twilio: TwilioStandin, provider: TwilioProvider) -> None:
    provider.send(sms())
    twilio.messages[0].direction = "inbound"
    assert provider.look_up(ANNA, "sms", BEGAN, _is_ours) is None


def test_a_whatsapp_message_is_found_by_its_address(twilio: TwilioStandin, provider: TwilioProvider) -> None:
    accepted = provider.send(whatsapp())
    found = provider.look_up(ANNA, "whatsapp", BEGAN, _is_ours)
    assert found and found.sid == accepted.provider_id


def test_asking_can_always_be_repeated(twilio: TwilioStandin, provider: TwilioProvider) -> None:
    provider.send(sms())
    twilio.account.token = "changed meanwhile"
    with pytest.raises(Misconfigured):
        provider.look_up(ANNA, "sms", BEGAN, _is_ours)
    twilio.latency = 2
    with pytest.raises(Transient) as caught:
        provider.look_up(ANNA, "sms", BEGAN, _is_ours)
    assert caught.value.code == "no_reply"


def test_lists_come_in_pages_the_newest_first(twilio: TwilioStandin, provider: TwilioProvider) -> None:
    for n in range(7):
        provider.send(sms(text=f"text {n}"))
    listed = provider.client.messages.list(to=ANNA, from_=NUMBER, page_size=3)
    assert [row.body for row in listed] == [f"text {n}" for n in range(6, -1, -1)]
    pages = [request.query.get("Page") for request in list(twilio.requests)[-3:]]
    assert pages == [None, ["1"], ["2"]]
