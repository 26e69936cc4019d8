from __future__ import annotations

import pytest

from recovery.providers.twilio.events import (
    InboundEvent,
    StatusEvent,
    Unreadable,
    form_of,
    inbound_event,
    status_event,
)
from recovery.providers.twilio.provider import TwilioProvider
from tests.recovery.providers.twilio.texts import ANNA, sms, whatsapp
from tests.standins.twilio import NUMBER, WHATSAPP_NUMBER, TwilioStandin

SID = "SM" + "0" * 32
# The names in a real post of a tapped quick reply, its values made up.
TAP = {
    "OriginalRepliedMessageSender": WHATSAPP_NUMBER,
    "ExternalUserId": "FI.1",
    "FrequentlyForwarded": "false",
    "MessageType": "interactive",
    "ButtonText": "I need help",
    "ButtonPayload": "help",
    "OriginalRepliedMessageSid": "SM" + "1" * 32,
}


def test_a_status_is_read(twilio: TwilioStandin, provider: TwilioProvider) -> None:
    twilio.account.fates[ANNA] = "undelivered 30005"
    sid = provider.send(sms()).provider_id
    events = [status_event(form_of(made.body)) for made in twilio.callbacks()]
    assert [event.status for event in events] == ["sending", "sent", "undelivered"]
    assert events[-1] == StatusEvent(sid, "undelivered", 30005, "sms", ANNA, NUMBER)


def test_a_status_of_whatsapp_is_read_without_prefixes(twilio: TwilioStandin, provider: TwilioProvider) -> None:
    provider.send(whatsapp())
    event = status_event(form_of(twilio.callbacks()[-1].body))
    assert (event.status, event.error_code, event.channel) == ("failed", 63016, "whatsapp")
    assert (event.to, event.from_) == (ANNA, "+14155238886")


def test_a_tapped_button_is_read(twilio: TwilioStandin) -> None:
    made = twilio.receive(f"whatsapp:{ANNA}", WHATSAPP_NUMBER, "I need help", "http://127.0.0.1/in/", **TAP)
    assert inbound_event(form_of(made.body)) == InboundEvent(
        sid=made.form["MessageSid"],
        from_=ANNA,
        to="+14155238886",
        channel="whatsapp",
        body="I need help",
        button_payload="help",
        opt_out_type="",
        replied_to_sid="SM" + "1" * 32,
        profile_name="Anna",
        media_count=0,
    )


def test_a_keyword_that_twilio_handled_is_told(twilio: TwilioStandin) -> None:
    made = twilio.receive(ANNA, NUMBER, " Stop ", "http://127.0.0.1/in/")
    event = inbound_event(form_of(made.body))
    assert (event.opt_out_type, event.body, event.channel) == ("STOP", "Stop", "sms")


def test_a_picked_item_counts_as_a_button() -> None:
    form = {"MessageSid": [SID], "From": [f"whatsapp:{ANNA}"], "ListId": ["where"], "NumMedia": ["2"]}
    event = inbound_event(form)
    assert (event.button_payload, event.body, event.media_count) == ("where", "", 2)


def test_names_that_nobody_knows_do_not_matter() -> None:
    form = {"MessageSid": [SID], "MessageStatus": ["delivered"], "BrandNew": ["1", "2"], "": [""]}
    assert status_event(form) == StatusEvent(SID, "delivered", None, "sms", "", "")


@pytest.mark.parametrize("code", ["", "x", "-1", "٣", "9" * 30, "1.5"])
def test_a_code_that_is_none_is_left_aside(code: str) -> None:
    form = {"MessageSid": [SID], "MessageStatus": ["failed"], "ErrorCode": [code]}
    assert status_event(form).error_code is None


def test_texts_are_bounded_and_fit_for_the_database() -> None:
    form = {"MessageSid": [SID], "From": [ANNA], "Body": ["a\0b\x07c\n" + "x" * 9000], "ProfileName": ["y" * 500]}
    event = inbound_event(form)
    assert event.body.startswith("ab c\nxxx") and len(event.body) == 4096
    assert len(event.profile_name) == 100


@pytest.mark.parametrize(
    "form",
    [{}, {"MessageSid": [SID]}, {"MessageSid": ["x"], "MessageStatus": ["sent"]}, {"MessageStatus": ["sent"]}],
)
def test_a_status_without_its_message_is_unreadable(form: dict[str, list[str]]) -> None:
    with pytest.raises(Unreadable):
        status_event(form)


@pytest.mark.parametrize("form", [{}, {"MessageSid": [SID]}, {"From": [ANNA]}, {"MessageSid": [], "From": [ANNA]}])
def test_a_message_without_its_sender_is_unreadable(form: dict[str, list[str]]) -> None:
    with pytest.raises(Unreadable):
        inbound_event(form)


@pytest.mark.parametrize("body", [b"\xff\xfe", b"&".join(b"a%d=1" % n for n in range(400))])
def test_a_body_that_is_no_form_is_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable):
        form_of(body)
