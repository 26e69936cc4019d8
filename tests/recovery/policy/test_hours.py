from __future__ import annotations

from datetime import UTC, date, datetime, time
from datetime import timedelta as td
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recovery.policy.holidays import easter, is_holiday
from recovery.policy.hours import NeverOpen, Window, allowed_at, ever_open, rules_for, table

HELSINKI = ZoneInfo("Europe/Helsinki")
NEW_YORK = ZoneInfo("America/New_York")
PARIS = ZoneInfo("Europe/Paris")


def window(start: str, end: str) -> Window:
    return Window(time.fromisoformat(start), time.fromisoformat(end))


def at(zone: ZoneInfo | str, local: str, fold: int = 0) -> datetime:
    """In UTC, for Python calls a wall-clock time that shows twice unequal to any other zone's."""
    return datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(str(zone)), fold=fold).astimezone(UTC)


#: zone, country, region, now (local), the answer (local; "" means now). Of several zones the times are the first's.
CASES = [
    # the house rule: 10-20, Sunday from 12
    ("Europe/Helsinki", "FI", "", "2026-03-03T10:00", ""),
    ("Europe/Helsinki", "FI", "", "2026-03-03T09:59", "2026-03-03T10:00"),
    ("Europe/Helsinki", "FI", "", "2026-03-03T19:59", ""),
    ("Europe/Helsinki", "FI", "", "2026-03-03T20:00", "2026-03-04T10:00"),
    ("Europe/Helsinki", "FI", "", "2026-03-07T20:00", "2026-03-08T12:00"),  # Saturday evening to Sunday noon
    ("Europe/Helsinki", "FI", "", "2026-03-08T11:00", "2026-03-08T12:00"),
    ("Europe/Helsinki", "", "", "2026-03-08T20:30", "2026-03-09T10:00"),
    ("Pacific/Auckland", "NZ", "", "2026-01-15T09:00", "2026-01-15T10:00"),
    ("Australia/Lord_Howe", "AU", "", "2026-01-15T21:00", "2026-01-16T10:00"),
    ("Asia/Kathmandu", "NP", "", "2026-01-15T09:59", "2026-01-15T10:00"),
    # the United States: federal hours, and states that are stricter
    ("America/New_York", "US", "NY", "2026-03-03T08:00", ""),
    ("America/New_York", "US", "NY", "2026-03-03T20:59", ""),
    ("America/New_York", "US", "NY", "2026-03-03T21:00", "2026-03-04T08:00"),
    ("America/New_York", "US", "new york", "2026-03-03T07:00", "2026-03-03T08:00"),
    ("America/New_York", "US", "FL", "2026-03-03T20:00", "2026-03-04T08:00"),
    ("America/New_York", "US", "CT", "2026-03-03T08:30", "2026-03-03T09:00"),
    ("America/New_York", "US", "CT", "2026-03-03T20:00", "2026-03-04T09:00"),
    ("America/Chicago", "US", "TX", "2026-03-07T20:59", ""),
    ("America/Chicago", "US", "TX", "2026-03-07T21:00", "2026-03-08T12:00"),
    ("America/Chicago", "US", "Texas", "2026-03-08T09:00", "2026-03-08T12:00"),
    ("America/Chicago", "US", "US-TX", "2026-03-09T09:00", ""),
    ("America/Chicago", "US", "LA", "2026-03-07T21:00", "2026-03-09T08:00"),  # closed on Sunday
    ("America/New_York", "US", "RI", "2026-03-06T18:00", "2026-03-07T10:00"),
    # a state nobody knows: all states' hours at once
    ("America/New_York", "US", "", "2026-03-03T09:00", "2026-03-03T10:00"),
    ("America/New_York", "US", "nowhere", "2026-03-06T18:00", "2026-03-07T10:00"),
    ("America/New_York", "US", "", "2026-03-07T17:00", "2026-03-09T10:00"),
    # France: no Sundays, no holidays
    ("Europe/Paris", "FR", "", "2026-03-07T18:00", "2026-03-09T10:00"),
    ("Europe/Paris", "FR", "", "2026-04-03T20:00", "2026-04-04T10:00"),  # Good Friday is an ordinary day
    ("Europe/Paris", "FR", "", "2026-04-04T18:00", "2026-04-07T10:00"),  # Easter Sunday and Monday
    ("Europe/Paris", "FR", "", "2026-05-14T12:00", "2026-05-15T10:00"),  # Ascension
    ("Europe/Paris", "FR", "", "2026-07-14T12:00", "2026-07-15T10:00"),
    ("Europe/Paris", "FR", "", "2027-12-24T20:00", "2027-12-27T10:00"),  # Christmas on a Saturday
    # leap days, and the ends of years
    ("Europe/Helsinki", "FI", "", "2028-02-28T20:00", "2028-02-29T10:00"),
    ("Europe/Helsinki", "FI", "", "2028-02-29T20:00", "2028-03-01T10:00"),
    ("Europe/Helsinki", "FI", "", "2027-02-28T21:00", "2027-03-01T10:00"),
    ("Europe/Helsinki", "FI", "", "2026-12-31T21:00", "2027-01-01T10:00"),
    # nights in which the clocks change: both ends are wall-clock times
    ("America/New_York", "US", "NY", "2026-03-07T23:00", "2026-03-08T08:00"),
    ("America/New_York", "US", "NY", "2026-10-31T23:00", "2026-11-01T08:00"),
    ("Australia/Lord_Howe", "AU", "", "2026-04-04T22:00", "2026-04-05T12:00"),
    ("Pacific/Auckland", "NZ", "", "2026-09-26T22:00", "2026-09-27T12:00"),
    # several candidate zones: every one must be inside, also on the nights when only some of them change
    ("America/Boise America/Los_Angeles", "US", "ID", "2026-03-03T08:30", "2026-03-03T09:00"),
    ("America/Boise America/Los_Angeles", "US", "ID", "2026-03-03T20:59", ""),
    ("America/Boise America/Los_Angeles", "US", "ID", "2026-03-03T21:00", "2026-03-04T09:00"),
    ("America/Chicago America/New_York", "US", "FL", "2026-03-03T19:00", "2026-03-04T08:00"),
    ("America/Phoenix America/Denver", "US", "AZ", "2026-03-07T07:30", "2026-03-07T08:00"),  # both on one clock
    ("America/Phoenix America/Denver", "US", "AZ", "2026-03-08T07:30", "2026-03-08T08:00"),  # Denver is ahead now
    ("America/Phoenix America/Denver", "US", "AZ", "2026-03-08T20:00", "2026-03-09T08:00"),
    ("Europe/Madrid Atlantic/Canary", "ES", "", "2028-02-29T10:30", "2028-02-29T11:00"),
    ("Europe/Madrid Atlantic/Canary", "ES", "", "2026-10-25T12:30", "2026-10-25T13:00"),  # a Sunday, clocks change
]


@pytest.mark.parametrize(("zone", "country", "region", "now", "answer"), CASES)
def test_a_message_waits_for_the_hours_of_the_place(
    zone: str, country: str, region: str, now: str, answer: str
) -> None:
    zones = zone.split()
    found = allowed_at(at(zones[0], now), [ZoneInfo(name) for name in zones], country, region, "sms")
    assert found == (at(zones[0], answer) if answer else None)


def test_every_candidate_zone_must_be_inside() -> None:
    zones = [ZoneInfo("America/Boise"), ZoneInfo("America/Los_Angeles")]

    def answer(now: str) -> datetime | None:
        return allowed_at(at("America/Boise", now), zones, "US", "ID", "sms")

    assert answer("2026-03-03T08:30") == at("America/Los_Angeles", "2026-03-03T08:00")
    assert answer("2026-03-03T09:00") is None
    assert answer("2026-03-03T20:59") is None
    assert answer("2026-03-03T21:00") == at("America/Los_Angeles", "2026-03-04T08:00")


def test_zones_far_apart_leave_the_hours_they_share() -> None:
    zones = [NEW_YORK, ZoneInfo("Pacific/Honolulu")]
    now = at(NEW_YORK, "2026-01-14T09:00")
    assert allowed_at(now, zones, "US", "NY", "sms") == at(NEW_YORK, "2026-01-14T13:00")
    too_far = [ZoneInfo("Pacific/Kiritimati"), ZoneInfo("Pacific/Pago_Pago")]  # 25 hours: only the date differs
    assert allowed_at(now, too_far, "", "", "sms") is not None


def test_weekdays_are_told_in_each_zone() -> None:
    zones = [ZoneInfo("Pacific/Auckland"), ZoneInfo("Pacific/Chatham")]
    saturday = at("Pacific/Auckland", "2026-01-17T19:30")  # 20:15 on Chatham
    assert allowed_at(saturday, zones, "NZ", "", "sms") == at("Pacific/Auckland", "2026-01-18T12:00")


def test_mail_has_no_hours_but_the_stores() -> None:
    night = at(HELSINKI, "2026-03-08T03:00")
    assert allowed_at(night, [HELSINKI], "FI", "", "email") is None
    assert allowed_at(night, [HELSINKI], "FI", "", "email", window("08:00", "21:00")) == at(
        HELSINKI, "2026-03-08T08:00"
    )


def test_a_store_can_tighten_and_never_widen() -> None:
    def answer(now: str, *hours: str) -> datetime | None:
        return allowed_at(at(HELSINKI, now), [HELSINKI], "FI", "", "sms", window(*hours))

    assert answer("2026-03-03T09:00", "06:00", "23:00") == at(HELSINKI, "2026-03-03T10:00")
    assert answer("2026-03-03T10:30", "11:00", "15:00") == at(HELSINKI, "2026-03-03T11:00")
    assert answer("2026-03-03T15:00", "11:00", "15:00") == at(HELSINKI, "2026-03-04T11:00")
    assert answer("2026-03-08T11:30", "11:00", "15:00") == at(HELSINKI, "2026-03-08T12:00")
    assert answer("2026-03-03T12:00", "00:00", "00:00") is None


def test_a_window_may_run_past_midnight() -> None:
    late = window("18:00", "02:00")

    def mail(now: str) -> datetime | None:
        return allowed_at(at(HELSINKI, now), [HELSINKI], "", "", "email", late)

    assert mail("2026-03-03T01:59") is None
    assert mail("2026-03-03T02:00") == at(HELSINKI, "2026-03-03T18:00")
    assert mail("2026-03-03T23:30") is None
    assert allowed_at(at(HELSINKI, "2026-03-03T01:00"), [HELSINKI], "FI", "", "sms", late) == at(
        HELSINKI, "2026-03-03T18:00"
    )


def test_hours_that_leave_no_time_are_said_to_be_such() -> None:
    with pytest.raises(NeverOpen):
        allowed_at(at(HELSINKI, "2026-03-03T12:00"), [HELSINKI], "FI", "", "sms", window("20:00", "10:00"))
    assert not ever_open("FI", "", "sms", window("21:00", "23:00"))
    assert ever_open("FI", "", "sms", window("19:00", "23:00"))
    assert ever_open("FI", "", "email", window("21:00", "23:00"))
    assert not ever_open("US", "", "sms", window("18:00", "20:00"))
    assert ever_open("US", "NY", "sms", window("18:00", "20:00"))


# New York 2026: 8 March 02:00 -> 03:00, 1 November 02:00 -> 01:00. Lord Howe: 5 April 02:00 -> 01:30.
@pytest.mark.parametrize(
    ("zone", "hours", "now", "answer"),
    [
        (NEW_YORK, ("02:30", "20:00"), at(NEW_YORK, "2026-03-08T01:00"), at(NEW_YORK, "2026-03-08T03:00")),
        (NEW_YORK, ("22:00", "02:30"), at(NEW_YORK, "2026-03-08T01:59"), None),
        (NEW_YORK, ("22:00", "02:30"), at(NEW_YORK, "2026-03-08T03:00"), at(NEW_YORK, "2026-03-08T22:00")),
        (NEW_YORK, ("02:10", "02:50"), at(NEW_YORK, "2026-03-08T01:00"), at(NEW_YORK, "2026-03-09T02:10")),
        (NEW_YORK, ("01:30", "20:00"), at(NEW_YORK, "2026-11-01T01:40"), at(NEW_YORK, "2026-11-01T01:30", 1)),
        (NEW_YORK, ("22:00", "01:30"), at(NEW_YORK, "2026-11-01T01:29"), None),
        (NEW_YORK, ("22:00", "01:30"), at(NEW_YORK, "2026-11-01T01:10", 1), at(NEW_YORK, "2026-11-01T22:00")),
        ("Australia/Lord_Howe", ("01:45", "20:00"), at("Australia/Lord_Howe", "2026-04-05T01:50"),
         at("Australia/Lord_Howe", "2026-04-05T01:45", 1)),
        ("Africa/Cairo", ("00:00", "06:00"), at("Africa/Cairo", "2026-04-23T23:00"),
         at("Africa/Cairo", "2026-04-24T01:00")),
        ("Pacific/Apia", ("09:00", "10:00"), at("Pacific/Apia", "2011-12-29T11:00"),
         at("Pacific/Apia", "2011-12-31T09:00")),
    ],
)  # fmt: skip
def test_clocks_that_jump_open_late_and_close_early(
    zone: ZoneInfo | str, hours: tuple[str, str], now: datetime, answer: datetime | None
) -> None:
    assert allowed_at(now, [ZoneInfo(str(zone))], "", "", "email", window(*hours)) == answer


def test_the_answer_is_in_utc() -> None:
    found = allowed_at(at(HELSINKI, "2026-03-03T09:00"), [HELSINKI], "FI", "", "sms")
    assert found == datetime(2026, 3, 3, 8, tzinfo=UTC) and found.tzinfo is UTC


def test_a_zone_is_needed() -> None:
    with pytest.raises(ValueError, match="at least one time zone"):
        allowed_at(at(HELSINKI, "2026-03-03T09:00"), [], "FI", "", "sms")


def inside(moment: datetime, zones: list[ZoneInfo], start: time, end: time, sunday: time) -> bool:
    """The same question, asked of the wall clocks one by one."""
    clocks = [moment.astimezone(zone) for zone in zones]
    return all((sunday if clock.weekday() == 6 else start) <= clock.time() < end for clock in clocks)


SOME_ZONES = st.lists(
    st.sampled_from([HELSINKI, PARIS, ZoneInfo("Atlantic/Azores"), ZoneInfo("Asia/Kathmandu"), ZoneInfo("Asia/Gaza")]),
    min_size=1,
    max_size=3,
)
MOMENTS = st.integers(0, 366 * 24 * 4).map(lambda quarter: datetime(2028, 1, 1, tzinfo=UTC) + td(minutes=15 * quarter))


@settings(max_examples=60, deadline=None)
@given(SOME_ZONES, MOMENTS)
def test_it_is_the_first_moment_that_all_clocks_allow(zones: list[ZoneInfo], now: datetime) -> None:
    found = allowed_at(now, zones, "FI", "", "sms") or now
    moment = now
    while not inside(moment, zones, time(10), time(20), time(12)):
        moment += td(minutes=15)
    assert found == moment


@pytest.mark.parametrize("channel", ["sms", "whatsapp"])
def test_every_message_to_a_phone_has_a_rule(channel: str) -> None:
    for country, region in (("", ""), ("FI", ""), ("US", ""), ("US", "TX"), ("FR", ""), ("ZZ", "x")):
        assert rules_for(country, region, channel)
    assert rules_for("FI", "", "email") == ()


def test_the_table_is_sound() -> None:
    for rule in table():
        assert rule.source and rule.as_of >= date(2025, 1, 1)
        for hours in (rule.weekday, rule.saturday, rule.sunday):
            assert hours is None or time(8) <= hours.start < hours.end <= time(22)
    assert len(table()) == len({(rule.country, rule.region, rule.channels) for rule in table()})
    assert [(r.country, r.region) for r in rules_for("us", "fl", "sms")] == [("US", "FL")]
    assert len(rules_for("US", "", "sms")) == len([rule for rule in table() if rule.country == "US"])


@pytest.mark.parametrize(
    ("year", "day"),
    [(1981, "04-19"), (2000, "04-23"), (2008, "03-23"), (2026, "04-05"), (2038, "04-25"), (2049, "04-18")],
)
def test_easter_is_computed(year: int, day: str) -> None:
    assert easter(year) == date.fromisoformat(f"{year}-{day}")


def test_french_holidays_are_known() -> None:
    found = [d for n in range(365) if is_holiday("FR", d := date(2026, 1, 1) + td(days=n))]
    assert [f"{d:%m-%d}" for d in found] == (
        "01-01 04-06 05-01 05-08 05-14 05-25 07-14 08-15 11-01 11-11 12-25".split()
    )
    assert not is_holiday("DE", date(2026, 12, 25))
