from __future__ import annotations

from zoneinfo import ZoneInfo, available_timezones

import pytest

from recovery.policy.zones import (
    Place,
    _regions,
    country_zones,
    phone_country,
    phone_zones,
    place_of,
    region_by_phone,
    region_by_postal_code,
    region_code,
)

STORE = ZoneInfo("Europe/Helsinki")


def place(**facts: str) -> tuple[str, str, str, str]:
    found = place_of(store_zone=STORE, **facts)
    return found.country, found.region, " ".join(zone.key for zone in found.zones), found.known_by


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"country": "FI"}, ("FI", "", "Europe/Helsinki", "address")),
        ({"country": "de"}, ("DE", "", "Europe/Berlin Europe/Busingen", "address")),
        ({"country": "ES"}, ("ES", "", "Africa/Ceuta Atlantic/Canary Europe/Madrid", "address")),
        ({"country": "NZ", "phone": "+64211234567"}, ("NZ", "", "Pacific/Auckland Pacific/Chatham", "address")),
        # the address is asked before the phone
        ({"country": "SE", "phone": "+358401234567"}, ("SE", "", "Europe/Stockholm", "address")),
        ({"country": "US", "region": "FL", "phone": "+12085550123"},
         ("US", "FL", "America/Chicago America/New_York", "address")),
        ({"country": "US", "postal_code": "90210"}, ("US", "CA", "America/Los_Angeles", "address")),
        ({"country": "CA", "postal_code": "V6B 1A1"},
         ("CA", "BC", "America/Edmonton America/Fort_Nelson America/Vancouver", "address")),
        ({"country": "AU", "region": "Queensland"}, ("AU", "QLD", "Australia/Brisbane", "address")),
        ({"country": "BR", "region": "Sao Paulo"}, ("BR", "SP", "America/Sao_Paulo", "address")),
        # an address without a state is helped by the phone of the same country
        ({"country": "US", "phone": "+12125550123"}, ("US", "NY", "America/New_York", "address")),
        ({"country": "CA", "phone": "+12125550123"}, ("CA", "", "America/New_York", "phone")),
        # the phone alone
        ({"phone": "+12085550123"}, ("US", "ID", "America/Boise America/Los_Angeles", "phone")),
        ({"phone": "+18505550123"}, ("US", "FL", "America/Chicago America/New_York", "phone")),
        ({"phone": "+17875550123"}, ("PR", "", "America/Puerto_Rico", "phone")),
        ({"phone": "+358401234567"}, ("FI", "", "Europe/Helsinki Europe/Mariehamn", "phone")),
        # too many zones, or nothing at all: the store's
        ({"phone": "+18005550123"}, ("US", "", "Europe/Helsinki", "store")),
        ({"phone": "+79161234567"}, ("RU", "", "Europe/Helsinki", "store")),
        ({"country": "RU", "phone": "+79161234567"}, ("RU", "", "Europe/Helsinki", "store")),
        ({"country": "XX"}, ("XX", "", "Europe/Helsinki", "store")),
        ({}, ("", "", "Europe/Helsinki", "store")),
    ],
)  # fmt: skip
def test_a_place_is_told_by_address_then_phone_then_store(
    facts: dict[str, str], expected: tuple[str, str, str, str]
) -> None:
    assert place(**facts) == expected


def test_a_place_is_plain_data() -> None:
    assert place_of(country="FI", store_zone=STORE) == Place("FI", "", (STORE,), "address")


def test_too_many_clocks_are_none() -> None:
    assert phone_zones("+18005550123") is None
    assert phone_zones("+79161234567") is None
    assert phone_zones("+6421") is None
    assert phone_zones("") is None
    assert len(phone_zones("+61412345678") or ()) == 8
    assert country_zones("RU") is None and country_zones("CA") is None
    assert len(country_zones("US") or ()) > 8  # many names, and eight clocks


@pytest.mark.parametrize(
    ("phone", "country"),
    [
        ("+358401234567", "FI"),
        ("+12125550123", "US"),
        ("+14165550123", "CA"),
        ("+18765551234", "JM"),
        ("+15555550123", ""),
        ("+442079460000", "GB"),
        ("", ""),
        ("junk", ""),
        ("+999123", ""),
    ],
)
def test_the_country_of_a_number_is_known(phone: str, country: str) -> None:
    assert phone_country(phone) == country


@pytest.mark.parametrize(
    ("country", "region", "code"),
    [
        ("US", "FL", "FL"),
        ("us", " us-fl ", "FL"),
        ("US", "new york", "NY"),
        ("BR", "são paulo", "SP"),
        ("CA", "Québec", "QC"),
        ("US", "Uusimaa", ""),
        ("US", "", ""),
        ("FI", "FL", ""),
    ],
)
def test_a_region_is_known_by_code_or_name(country: str, region: str, code: str) -> None:
    assert region_code(country, region) == code


@pytest.mark.parametrize(
    ("country", "postal_code", "code"),
    [
        ("US", "33101-1234", "FL"),
        ("US", "06510", "CT"),
        ("US", "05501", "MA"),
        ("US", "96950", "MP"),
        ("US", "96801", "HI"),
        ("US", "00901", "PR"),
        ("US", "9", ""),
        ("CA", "x0a 0h0", "NU"),
        ("CA", "X1A 1A1", "NT"),
        ("CA", "H2X 1Y4", "QC"),
        ("AU", "2600", "ACT"),
        ("AU", "2000", "NSW"),
        ("AU", "0800", "NT"),
        ("FI", "00100", ""),
    ],
)
def test_a_region_is_known_by_its_postal_codes(country: str, postal_code: str, code: str) -> None:
    assert region_by_postal_code(country, postal_code) == code


def test_a_region_is_known_by_area_code() -> None:
    assert [region_by_phone(f"+1{code}5550123") for code in (305, 512, 416, 800, 876)] == ["FL", "TX", "ON", "", ""]
    assert region_by_phone("+358401234567") == ""


def test_the_table_of_regions_is_sound() -> None:
    regions = [region for rows in _regions().values() for region in rows.values()]
    codes = [code for region in regions for code in region.phone]
    assert len(codes) == len(set(codes)) and all(code.isdigit() and len(code) == 3 for code in codes)
    assert {name for region in regions for name in region.zones} <= available_timezones()
    assert (len(_regions()["US"]), len(_regions()["CA"]), len(_regions()["BR"])) == (56, 13, 27)
    assert all(len(low) == len(high) and low <= high for region in regions for low, high in region.post)
