"""Where a person may be: region and time zones, from the shipping address first, then the phone, then the store.

An address is where they live; a number is only where they once got it, and many keep theirs when they move.
"""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

import phonenumbers
from babel.core import get_global
from phonenumbers.timezone import time_zones_for_number

_TABLE = Path(__file__).with_name("zones.toml")
#: With more than so many different clocks nothing is known: a +1 800 number has 38 zones, a Russian mobile 11 clocks.
MOST_CLOCKS = 8
# Zones of a country that differ at neither time show one clock, as far as counting goes.
_WINTER, _SUMMER = datetime(2026, 1, 15, tzinfo=UTC), datetime(2026, 7, 15, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody may be. `known_by` tells what said so: address | phone | store."""

    country: str
    region: str
    zones: tuple[ZoneInfo, ...]
    known_by: str


@dataclass(frozen=True, slots=True)
class _Region:
    code: str
    name: str
    zones: tuple[str, ...]
    post: tuple[tuple[str, str], ...]  # ranges of what postal codes begin with
    phone: frozenset[str]


def place_of(
    *, country: str = "", region: str = "", postal_code: str = "", phone: str = "", store_zone: ZoneInfo
) -> Place:
    """Country, region and every candidate zone of one person.

    `country` (ISO 3166-1 alpha-2), `region` (code or name) and `postal_code` are of the shipping address, `phone` is in
    E.164; any may be "". An address without a region is helped by the phone where both are of one country.
    """
    number_country = phone_country(phone)
    where = country.upper() or number_country
    code = region_code(where, region) or region_by_postal_code(where, postal_code)
    if not code and where == number_country:
        code = region_code(where, region_by_phone(phone))
    if country:
        zones = _near(where, code, phone if where == number_country else "")
        if zones:
            return Place(where, code, zones, "address")
    zones = _regional(where, code) or phone_zones(phone)
    if zones:
        return Place(where, code, zones, "phone")
    return Place(where, code, (store_zone,), "store")


def phone_zones(phone: str) -> tuple[ZoneInfo, ...] | None:
    """Every zone that an E.164 number may be in; None when nobody knows, or there are too many to mean anything."""
    number = _parsed(phone)
    return _few(time_zones_for_number(number)) if number else None


def country_zones(country: str) -> tuple[ZoneInfo, ...] | None:
    """Every zone of a country; None when it is unknown, or there are too many to mean anything."""
    return _few(_territories().get(country.upper(), ()))


def phone_country(phone: str) -> str:
    """ISO 3166-1 alpha-2, or ""."""
    number = _parsed(phone)
    if not number:
        return ""
    code = number.country_code or 0
    plain = phonenumbers.region_code_for_country_code(code) if code != 1 else ""
    found = phonenumbers.region_code_for_number(number) or _by_area_code(phone) or plain
    return found if found.isalpha() and found != "ZZ" else ""


def region_code(country: str, region: str) -> str:
    """The code of a region given as code ("FL", "US-FL") or by its name ("Florida"), or "" when it is unknown."""
    regions = _regions().get(country.upper(), {})
    code = region.strip().upper().removeprefix(f"{country.upper()}-")
    if code in regions:
        return code
    plain = _plain(region)
    return next((each.code for each in regions.values() if _plain(each.name) == plain), "")


def region_by_postal_code(country: str, postal_code: str) -> str:
    """The region whose codes begin so, or ""."""
    code = "".join(postal_code.upper().split())
    for region in _regions().get(country.upper(), {}).values():
        if any(low <= code[: len(low)] <= high for low, high in region.post if len(code) >= len(low)):
            return region.code
    return ""


def region_by_phone(phone: str) -> str:
    """The state or province of a North American number, by its area code, or "". Where they got it, not where it is."""
    country = _by_area_code(phone)
    return next((r.code for r in _regions().get(country, {}).values() if phone[2:5] in r.phone), "")


def _near(country: str, code: str, phone: str) -> tuple[ZoneInfo, ...] | None:
    """Zones of an address: those of its region, else those of the phone of the same country, else the country's."""
    return _regional(country, code) or (phone_zones(phone) if phone else None) or country_zones(country)


def _regional(country: str, code: str) -> tuple[ZoneInfo, ...] | None:
    region = _regions().get(country.upper(), {}).get(code)
    return _few(region.zones) if region else None


def _by_area_code(phone: str) -> str:
    """The country whose region has the number's area code, or ""."""
    if not phone.startswith("+1"):
        return ""
    for country in ("US", "CA"):
        if any(phone[2:5] in region.phone for region in _regions()[country].values()):
            return country
    return ""


def _few(names: Iterable[str]) -> tuple[ZoneInfo, ...] | None:
    zones = tuple(_zone(name) for name in sorted(set(names)) if name in _known())
    clocks = {(_WINTER.astimezone(zone).utcoffset(), _SUMMER.astimezone(zone).utcoffset()) for zone in zones}
    return zones if 0 < len(clocks) <= MOST_CLOCKS else None


@lru_cache(maxsize=4096)
def _parsed(phone: str) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(phone)
    except phonenumbers.NumberParseException:
        return None


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


@cache
def _known() -> frozenset[str]:
    return frozenset(available_timezones())


@cache
def _territories() -> Mapping[str, tuple[str, ...]]:
    """The zones of each country, as the Unicode CLDR has them."""
    found: dict[str, list[str]] = {}
    for name, country in get_global("zone_territories").items():
        found.setdefault(country, []).append(name)
    return {country: tuple(names) for country, names in found.items() if len(country) == 2 and country != "ZZ"}


@cache
def _regions() -> Mapping[str, Mapping[str, _Region]]:
    table = tomllib.loads(_TABLE.read_text("utf-8"))
    return {country: {code: _region(code, row) for code, row in rows.items()} for country, rows in table.items()}


def _region(code: str, row: Sequence[str]) -> _Region:
    name, zones, post, phone = [*row, "", ""][:4]
    ranges = [part.partition("-") for part in post.split()]
    return _Region(
        code=code,
        name=name,
        zones=tuple(zones.split()),
        post=tuple((low, high or low) for low, _, high in ranges),
        phone=frozenset(phone.split()),
    )


def _plain(name: str) -> str:
    decomposed = unicodedata.normalize("NFD", name.casefold())
    return " ".join("".join(c for c in decomposed if not unicodedata.combining(c)).split())
