"""Every code by what it must lead to: written out again here, so that a slip in the table shows."""

from __future__ import annotations

from datetime import timedelta as td
from itertools import permutations

import pytest

from recovery.providers.base import Ambiguous, Misconfigured, Permanent, SendError, Transient
from recovery.providers.twilio.codes import CODES, Outcome, after_callback, moves_on, rank
from recovery.providers.twilio.provider import TwilioProvider
from tests.recovery.providers.twilio.texts import sms
from tests.standins.twilio import TwilioStandin

INVALID = {21211, 21217, 21614, 30005, 30006, 63003, 63024}
STOP = {21610, 30004, 30640, 63033}
SETTINGS = {20003, 20005, 20404, 21212, 21603, 21606, 21659, 21660, 21701, 21702, 21703, 21704, 21705}
SETTINGS |= {30002, 30032, 30033, 30034, 30035, 63002, 63007, 63008, 63051}
MESSAGE = {21408, 21602, 21604, 21605, 21609, 21612, 21617, 21654, 21655, 21656, 21910}
MESSAGE |= {30007, 35111, 35114, 35115, 35116, 35117, 35118, 63005, 63013, 63016, 63021, 63028, 63040, 63041, 63042}
ELSEWHERE = {63032, 63049}
LATER = {
    20429: 4,
    21611: 1800,
    30001: 1800,
    30003: 2700,
    30008: 900,
    30017: 300,
    30022: 300,
    30023: 21600,
    30027: 21600,
    30450: 1800,
    30610: 14400,
    63018: 4,
    63038: 21600,
}


def test_the_table_has_no_other_codes() -> None:
    assert set(CODES) == INVALID | STOP | SETTINGS | MESSAGE | ELSEWHERE | set(LATER) | {30036, 30410}


def _at_once(code: int) -> tuple[type[SendError], str, float | None]:
    """What a refusal with the code must be."""
    if code in LATER:
        return Transient, "", LATER[code]
    if code in SETTINGS or code == 30410:
        return (Misconfigured if code in SETTINGS else Ambiguous), "", None
    return Permanent, "invalid" if code in INVALID else "stop" if code in STOP else "", None


@pytest.mark.parametrize("code", sorted(CODES))
def test_a_refusal_with_any_code_is_read(twilio: TwilioStandin, provider: TwilioProvider, code: int) -> None:
    twilio.faults.append(f"400 code={code}")
    kind, suppress, wait = _at_once(code)
    with pytest.raises(kind) as caught:
        provider.send(sms())
    assert type(caught.value) is kind
    assert (caught.value.code, caught.value.retry_after) == (f"twilio_{code}", wait)
    assert getattr(caught.value, "suppress", "") == suppress


def _afterwards(code: int) -> Outcome:
    """What a failure with the code must lead to, its words apart."""
    common = (f"twilio_{code}", CODES[code].meaning)
    if code in LATER:
        return Outcome("failed", *common, retry_in=td(seconds=LATER[code]))
    if code in STOP:
        return Outcome("failed", *common, suppress="stop")
    if code in (30036, 30410):
        return Outcome("failed" if code == 30036 else "unknown", *common)
    loud = code in SETTINGS | MESSAGE
    suppress = "invalid" if code in INVALID else ""
    return Outcome("failed", *common, suppress=suppress, falls_back=True, alarms=loud, pauses=code in SETTINGS)


@pytest.mark.parametrize("code", sorted(CODES))
def test_a_failure_with_any_code_leads_to_its_outcome(code: int) -> None:
    assert after_callback("undelivered", code) == after_callback("failed", code) == _afterwards(code)


def test_a_code_that_nobody_knows_fails_this_send_and_calls_a_person() -> None:
    outcome = after_callback("undelivered", 39999)
    assert (outcome.state, outcome.code, outcome.retry_in) == ("failed", "twilio_39999", None)
    assert (outcome.falls_back, outcome.alarms, outcome.pauses, outcome.suppress) == (True, True, False, "")
    assert after_callback("failed").code == "twilio_failed"


def test_a_silent_handset_is_tried_twice_more() -> None:
    tries = [after_callback("undelivered", 30003, tries=n) for n in (1, 2, 3, 4)]
    assert [one.retry_in for one in tries] == [td(minutes=45), td(hours=2), None, None]
    assert [one.falls_back for one in tries] == [False, False, True, True]
    assert {(one.state, one.suppress) for one in tries} == {("failed", "")}


ENDS = {"accepted": "sent", "scheduled": "sent", "queued": "sent", "sending": "sent", "sent": "sent"}
ENDS |= {"delivered": "delivered", "read": "delivered", "partially_delivered": "delivered"}
ENDS |= {"canceled": "failed", "failed": "failed", "undelivered": "failed", "received": "", "brand new": ""}


@pytest.mark.parametrize("status", ENDS)
def test_every_status_has_its_state(status: str) -> None:
    assert after_callback(status).state == ENDS[status]


def test_statuses_rank_as_they_follow_each_other() -> None:
    way = ["scheduled", "accepted", "queued", "sending", "sent", "delivered", "read"]
    assert [rank(status) for status in way] == [0, 1, 2, 3, 4, 5, 6]
    assert [rank(s) for s in ("failed", "undelivered", "canceled", "partially_delivered")] == [5, 5, 5, 5]
    assert [rank(s) for s in ("received", "receiving", "", "brand new")] == [-1, -1, -1, -1]


def test_no_order_of_callbacks_lowers_a_status() -> None:
    for order in permutations(["queued", "sent", "delivered", "read", "sent"]):
        status = ""
        for new in order:
            status = new if moves_on(status, new) else status
        assert status == "read"


def test_of_two_ends_the_first_one_stands() -> None:
    assert not moves_on("delivered", "undelivered")
    assert not moves_on("failed", "delivered")
    assert not moves_on("sent", "brand new")
    assert moves_on("", "queued") and not moves_on("queued", "queued")
