from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time
from datetime import timedelta as td

import pytest

from recovery.policy.hours import Window
from recovery.policy.rules import (
    Cap,
    Step,
    StoreFacts,
    can_ever_send,
    law_caps,
    needs,
    next_free,
    us_sms_allows,
)

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)
ALL = frozenset(("email", "sms", "whatsapp"))


@pytest.mark.parametrize(
    ("channel", "country", "consent"),
    [
        ("email", "DE", "granted"),
        ("email", "fi", "granted"),
        ("email", "FR", "granted"),
        ("email", "NO", "granted"),
        ("email", "CH", "granted"),
        ("email", "CA", "granted"),
        ("email", "US", "soft"),
        ("email", "GB", "soft"),
        ("email", "JP", "soft"),
        ("email", "", "soft"),
        ("sms", "US", "granted"),
        ("sms", "", "granted"),
        ("whatsapp", "GB", "granted"),
    ],
)
def test_consent_is_asked_for_by_channel_and_country(channel: str, country: str, consent: str) -> None:
    assert needs(channel, country) == consent


def test_us_carriers_allow_one_sms_within_48_hours() -> None:
    assert us_sms_allows([], NOW - td(hours=48), NOW) == ""
    assert us_sms_allows([], NOW - td(hours=48, seconds=1), NOW) == "us_too_late"
    assert us_sms_allows([NOW - td(hours=1)], NOW - td(hours=2), NOW) == "us_second_sms"


def ago(*hours: float) -> list[datetime]:
    return [NOW - td(hours=each) for each in hours]


@pytest.mark.parametrize(
    ("sent", "caps", "free_in"),
    [
        ([], [Cap(1, td(days=1))], None),
        (ago(2), [Cap(1, td(days=1))], 22),
        (ago(24), [Cap(1, td(days=1))], None),
        (ago(1, 5), [Cap(3, td(days=1))], None),
        (ago(1, 5, 9), [Cap(3, td(days=1))], 15),
        (ago(9, 1, 5), [Cap(3, td(days=1))], 15),
        (ago(1, 2, 3, 4, 30), [Cap(3, td(days=1))], 21),  # two must leave
        (ago(1, 5, 9), [Cap(3, td(days=1)), Cap(3, td(days=7))], 159),
        (ago(1), [Cap(1, td(hours=2)), Cap(5, td(days=7))], 1),
        (ago(1, 2), [Cap(0, td(days=1))], None),
        (ago(1), [], None),
    ],
)
def test_the_next_free_moment_keeps_to_every_cap(sent: list[datetime], caps: list[Cap], free_in: float | None) -> None:
    expected = None if free_in is None else NOW + td(hours=free_in)
    assert next_free(sent, NOW, *caps) == expected


def test_at_the_next_free_moment_one_really_may_go() -> None:
    sent, cap = ago(1, 5, 9), Cap(3, td(days=1))
    free = next_free(sent, NOW, cap)
    assert free and next_free(sent, free, cap) is None
    assert next_free(sent, free - td(seconds=1), cap) == free


def test_some_states_cap_messages() -> None:
    assert law_caps("sms", "US", "FL") == (Cap(3, td(hours=24)),)
    assert law_caps("sms", "US", "") == (Cap(3, td(hours=24)),)
    assert law_caps("sms", "US", "NY") == law_caps("email", "US", "FL") == law_caps("sms", "FI", "") == ()


def step(number: int, channel: str, hours: float, *countries: str, late: float = 6) -> Step:
    return Step(number, channel, td(hours=hours), td(hours=late), countries)


def said(*steps: Step, to: tuple[str, ...] = ("FI",), **facts: object) -> list[tuple[bool, str]]:
    """Steps that name no country go `to` those; () is everywhere."""
    store = StoreFacts(**{"channels": ALL, "double_opt_in": True, **facts})  # type: ignore[arg-type]
    where = [replace(one, countries=one.countries or to) for one in steps]
    return [(problem.error, str(problem)) for problem in can_ever_send(where, store)]


def test_a_sound_flow_has_no_problems() -> None:
    flow = (step(1, "email", 1), step(2, "sms", 24), step(3, "whatsapp", 72))
    assert said(*flow) == []
    assert said(step(1, "email", 1), step(2, "sms", 47), to=("US",)) == []


def test_a_channel_without_a_sender_is_an_error() -> None:
    assert said(step(1, "sms", 1), channels=frozenset(["email"])) == [
        (True, "Step 1 goes by SMS, which is not set up.")
    ]


def test_a_late_sms_is_a_warning_unless_only_the_united_states_remain() -> None:
    text = "Step 3 goes by SMS 72 h after abandonment: US carriers allow one SMS per cart, within 48 h, so "
    late = step(3, "sms", 72)
    assert said(late, to=()) == [(False, text + "US shoppers would never get it.")]
    assert said(late, to=("US", "FI")) == [(False, text + "US shoppers would never get it.")]
    assert said(late, to=("US",)) == [(True, text + "nobody would ever get it.")]
    assert said(step(3, "sms", 72, "US"), to=()) == [(True, text + "nobody would ever get it.")]
    assert said(late) == said(step(3, "sms", 72, "FI"), to=()) == []


def test_a_second_sms_reaches_nobody_in_the_united_states() -> None:
    text = "Step 2 is a second SMS, after step 1: US carriers allow one SMS per cart, within 48 h, so "
    assert said(step(1, "sms", 1), step(2, "sms", 24), to=()) == [(False, text + "US shoppers would never get it.")]
    assert said(step(1, "sms", 1), step(2, "sms", 24), to=("US",)) == [(True, text + "nobody would ever get it.")]
    assert said(step(1, "sms", 1, "FI"), step(2, "sms", 24, "US"), to=()) == []


def test_an_unconfirmed_yes_is_warned_of_once() -> None:
    flow = (step(1, "sms", 1, "US"), step(2, "sms", 24, "FI"))
    assert said(*flow, to=(), double_opt_in=False) == [
        (False, "Step 1 goes by SMS: US carriers want the yes to cart reminders confirmed by SMS (double opt-in).")
    ]
    assert said(step(1, "sms", 1), double_opt_in=False) == []


def test_whatsapp_reaches_nobody_in_the_united_states() -> None:
    text = "Step 1 goes by WhatsApp: WhatsApp delivers no marketing to US numbers, so "
    assert said(step(1, "whatsapp", 1), to=()) == [(False, text + "US shoppers would never get it.")]
    assert said(step(1, "whatsapp", 1, "US", "PR"), to=()) == [(True, text + "nobody would ever get it.")]


def test_hours_that_leave_no_time_are_told() -> None:
    night = Window(time(21), time(23))
    text = "Step 1: the store's hours lie outside those that are allowed for SMS"
    assert said(step(1, "sms", 1), window=night) == [(True, text + ".")]
    assert said(step(1, "sms", 1), window=Window(time(19), time(23)), to=("FI", "US")) == [(False, text + " in US.")]
    assert said(step(1, "email", 1), window=night) == []


def test_a_step_that_the_gap_makes_too_late_is_told() -> None:
    close = (step(1, "email", 1), step(2, "email", 3, late=2))
    assert said(*close, minimum_gap=td(hours=6)) == [
        (
            False,
            "Step 2: step 1 and the gap of 6 h between messages leave no time for it; "
            "who gets that one never gets this one.",
        )
    ]
    assert said(*close, minimum_gap=td(hours=4)) == []
