from __future__ import annotations

import pytest

from recovery.providers.base import Misconfigured, Permanent
from recovery.providers.twilio import content
from recovery.providers.twilio.content import Approval, Draft, QuickReply
from recovery.providers.twilio.provider import TwilioProvider
from tests.recovery.providers.twilio.texts import whatsapp
from tests.standins.twilio import TwilioStandin

BODY = "Hi {{1}}, your cart waits: {{2}} Reply STOP to end."
DRAFT = Draft("cart_1_en", "en", BODY, {"1": "Anna", "2": "https://shop.example"}, (QuickReply("Stop", "stop"),))


def test_a_template_is_made_as_twilio_publishes_it(twilio: TwilioStandin, provider: TwilioProvider) -> None:
    sid = content.create(provider.client, DRAFT)
    assert twilio.requests[0].json() == {
        "friendly_name": "cart_1_en",
        "language": "en",
        "variables": {"1": "Anna", "2": "https://shop.example"},
        "types": {
            "twilio/quick-reply": {
                "body": BODY,
                "actions": [{"type": "QUICK_REPLY", "title": "Stop", "id": "stop"}],
            }
        },
    }
    assert (list(twilio.account.templates), twilio.account.violations) == ([sid], [])


def test_a_template_without_buttons_is_a_text(twilio: TwilioStandin, provider: TwilioProvider) -> None:
    content.create(provider.client, Draft("plain", "fi", "Hei {{1}}!", {"1": "Anna"}))
    assert twilio.requests[0].json()["types"] == {"twilio/text": {"body": "Hei {{1}}!"}}


def test_it_is_submitted_as_marketing_and_followed_to_its_end(twilio: TwilioStandin, provider: TwilioProvider) -> None:
    sid = content.create(provider.client, DRAFT)
    assert content.approval(provider.client, sid) == Approval("unsubmitted")
    assert content.submit(provider.client, sid, "cart_1_en") == Approval("received", "", "MARKETING")
    assert twilio.requests[-1].json() == {"name": "cart_1_en", "category": "MARKETING"}
    twilio.account.decide(sid, "approved")
    assert content.approval(provider.client, sid).may_be_sent
    assert twilio.account.violations == []


def test_a_rejection_comes_with_its_reason(twilio: TwilioStandin, provider: TwilioProvider) -> None:
    sid = content.create(provider.client, DRAFT)
    content.submit(provider.client, sid, "cart_1_en")
    twilio.account.decide(sid, "rejected", "Variables may not start a text.")
    approval = content.approval(provider.client, sid)
    assert (approval.status, approval.reason) == ("rejected", "Variables may not start a text.")
    assert not approval.may_be_sent


def test_a_template_that_is_not_there_is_an_error(provider: TwilioProvider) -> None:
    with pytest.raises(Misconfigured) as caught:
        content.approval(provider.client, "HX" + "0" * 32)
    assert caught.value.code == "twilio_20404"


def test_a_template_without_a_language_is_refused(provider: TwilioProvider) -> None:
    with pytest.raises(Permanent):
        content.create(provider.client, Draft("x", None, "Hi", {}))  # type: ignore[arg-type]


DECISIONS = {"approved": "delivered", "pending": 63016, "rejected": 63040, "paused": 63041, "disabled": 63042}


@pytest.mark.parametrize("decision", DECISIONS)
def test_only_an_approved_template_arrives(twilio: TwilioStandin, provider: TwilioProvider, decision: str) -> None:
    sid = content.create(provider.client, DRAFT)
    twilio.account.decide(sid, decision)
    provider.send(whatsapp(content_sid=sid, content_variables='{"1": "Bo", "2": "https://shop.example/r/x"}'))
    twilio.callbacks()
    (message,) = twilio.messages
    assert (message.error_code or message.status) == DECISIONS[decision]
    assert message.body == "Hi Bo, your cart waits: https://shop.example/r/x Reply STOP to end."
