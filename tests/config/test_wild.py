"""The box that every webhook comes out of."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from config.lib.wild import Wild, WildError


def box(json: str) -> Wild:
    return Wild.parse(json.encode())["v"]


def test_ids_keep_every_digit_beyond_what_a_float_can_hold() -> None:
    assert box('{"v": 820982911946154508}').text() == "820982911946154508"
    assert box('{"v": 9007199254740993}').text() == "9007199254740993"
    assert box('{"v": 18446744073709551615}').text() == "18446744073709551615"
    assert box('{"v": 9007199254740993}').integer() == 9007199254740993


@pytest.mark.parametrize("number", ["18446744073709551616", "1e20", "9007199254740992.0"])
def test_a_number_that_may_stand_for_another_is_refused_by_name(number: str) -> None:
    for take in (Wild.text, Wild.integer, Wild.money):
        with pytest.raises(WildError, match="^v is too large to be exact"):
            take(box(f'{{"v": {number}}}'))


def test_a_whole_float_is_its_number() -> None:
    assert box('{"v": 12.0}').text() == "12"
    assert box('{"v": 12.5}').text() == "12.5"


def test_a_mistake_names_its_whole_path() -> None:
    body = Wild.parse(b'{"line_items": [{"price": "1"}, {"price": "cheap"}]}')
    lines = list(body["line_items"].items())
    with pytest.raises(WildError, match=r"^line_items\[1\]\.price should be an amount$"):
        lines[1]["price"].money()
    with pytest.raises(WildError, match=r"^line_items\[0\]\.sku is missing$"):
        lines[0]["sku"]


def test_a_body_that_is_no_json_is_refused() -> None:
    for body in (b"", b"{", b"\xff", b"[" * 5_000, b"NaN", b"webhook_id=5"):
        with pytest.raises(WildError, match="^the body is not JSON"):
            Wild.parse(body)


def test_half_an_emoji_costs_one_character_and_not_the_event() -> None:
    assert box(r'{"v": "shirt \ud83d"}').text() == "shirt �"
    assert box(r'{"v": "shirt \ude00 x"}').text() == "shirt � x"
    assert box(r'{"v": "half \ud83d whole \ud83d\ude00"}').text() == "half � whole 😀"
    assert box(r'{"v": "half \ud83d, written \\ud83d"}').text() == "half �, written \\ud83d"


def test_text_is_one_line_without_controls() -> None:
    assert box(r'{"v": " a\u0000b\nc\u2028d\u0007 "}').text() == "ab c d"
    assert box('{"v": "👩\u200d🎓 é"}').text() == "👩\u200d🎓 é"


def test_long_text_is_cut_long_addresses_are_dropped_and_long_ids_refused() -> None:
    assert box('{"v": "abcdef"}').text(3) == "abc"
    assert box('{"v": "abcdef"}').short(3) == ""
    with pytest.raises(WildError, match="^v is too long for an id$"):
        box('{"v": "abcdef"}').identifier(3)


@pytest.mark.parametrize("value", ["true", "[]", "{}", "[1]"])
def test_what_is_no_text_is_refused_as_text(value: str) -> None:
    with pytest.raises(WildError, match="^v should be text$"):
        Wild.parse(f'{{"v": {value}}}'.encode())["v"].text()


def test_only_web_addresses_pass_as_such() -> None:
    assert box('{"v": "https://shop.example/a?b=c"}').url() == "https://shop.example/a?b=c"
    for other in ("javascript:alert(1)", "//shop.example", "https://a b", "https://a\\b", "https://", "x" * 3_000):
        assert Wild(other).url() == ""
    assert Wild(None).url() == Wild(5).url() == Wild([]).url() == ""


def test_whole_numbers_come_as_number_or_text() -> None:
    assert (box('{"v": "12"}').integer(), box('{"v": 12}').integer(), box('{"v": ""}').integer(7)) == (12, 12, 7)
    for bad in ('"1_0"', '"1.5"', "true", '"9223372036854775808"', '"1e999999"', '"NaN"', '"٣"', "[]"):
        with pytest.raises(WildError, match="^v should be a whole number"):
            box(f'{{"v": {bad}}}').integer()


def test_whole_numbers_stay_within_their_bounds() -> None:
    assert Wild(5).integer(low=0, high=5) == 5
    with pytest.raises(WildError, match="^the body should be a whole number from 0 to 5$"):
        Wild(6).integer(low=0, high=5)


def test_amounts_are_decimals_from_text_or_number() -> None:
    assert Wild("1259.9").money() == Decimal("1259.9")
    assert Wild(19.95).money() == Decimal("19.95")
    assert Wild(4590).money() == Decimal(4590)
    assert Wild(None).money() is None and Wild("").money() is None


@pytest.mark.parametrize("bad", ["1,50", "€5", "NaN", "Infinity", "1e12", True, [], {}, "9" * 70, "1_000"])
def test_what_is_no_amount_is_refused(bad: object) -> None:
    with pytest.raises(WildError):
        Wild(bad).money()


def test_times_become_utc_whatever_their_offset() -> None:
    at = datetime(2026, 3, 2, 10, 20, tzinfo=UTC)
    for text in ("2026-03-02T10:20:00Z", "2026-03-02T05:20:00-05:00", "2026-03-02T12:20:00.000+02:00"):
        assert Wild(text).moment() == at
    assert Wild("2026-03-02T12:20:00").moment(ZoneInfo("Europe/Helsinki")) == at


@pytest.mark.parametrize("bad", ["2024-09-16T03:50:1500:00", "yesterday", "0001-01-01", "9999-12-31", 5, [], True])
def test_a_bad_time_is_refused_or_costs_the_field(bad: object) -> None:
    with pytest.raises(WildError):
        Wild(bad).moment()
    assert Wild(bad).moment_or_none() is None


def test_flags_come_in_several_spellings() -> None:
    assert [Wild(value).flag() for value in (True, "true", 1, "1")] == [True] * 4
    assert [Wild(value).flag() for value in (False, "false", 0, "0")] == [False] * 4
    assert Wild(None).flag() is None
    with pytest.raises(WildError):
        Wild("maybe").flag()


def test_lists_are_cut_and_other_things_are_no_lists() -> None:
    assert [member.integer() for member in Wild(list(range(9))).items(3)] == [0, 1, 2]
    assert list(Wild(None).items()) == []
    with pytest.raises(WildError, match="should be a list"):
        list(Wild({}).items())


def test_a_box_cannot_leak_by_accident() -> None:
    inner = Wild({"v": 1}).get("v")
    with pytest.raises(TypeError, match="^v: untrusted value used as text"):
        f"{inner}"
    with pytest.raises(TypeError, match="^v: untrusted value compared"):
        assert inner == 1


def test_asking_a_list_for_a_key_gives_an_empty_box() -> None:
    address = Wild({"shipping_address": []}).get("shipping_address")
    assert address.get("city").missing and address.get("city").get("deeper").text() == ""
    assert address.is_empty and Wild({"a": {}}).get("a").is_empty and not Wild(0).is_empty
