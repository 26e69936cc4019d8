"""One spelling for every address, so that the same person is found again."""

from __future__ import annotations

from functools import lru_cache

import phonenumbers
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from config.lib.sealing import keyed_hash

_PURPOSE = "cartback.address"


@lru_cache(maxsize=4096)
def normal_email(text: str) -> str:
    """The address in lower case, or "" when it is none that mail could go to."""
    address = text.strip().lower()
    if not address or len(address) > 254:
        return ""
    try:
        validate_email(address)
    except ValidationError:
        return ""
    return address


@lru_cache(maxsize=4096)
def normal_phone(text: str, country: str = "") -> str:
    """The number in E.164, or "" when it is none.

    A number without its country's prefix is read as one of `country` (ISO 3166-1 alpha-2); without that it is
    not guessed.
    """
    if not text.strip():
        return ""
    try:
        number = phonenumbers.parse(text, country.upper() or None)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_possible_number(number):
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


@lru_cache(maxsize=4096)
def phone_home(number: str) -> str:
    """The country (ISO 3166-1 alpha-2) that an E.164 number is of, or "" where that cannot be told."""
    try:
        return phonenumbers.region_code_for_number(phonenumbers.parse(number)) or ""
    except phonenumbers.NumberParseException:
        return ""


def normal_address(channel: str, text: str) -> str:
    """The address as the channel writes it: an e-mail, or an E.164 number."""
    return normal_email(text) if channel == "email" else normal_phone(text)


def address_hash(address: str) -> str:
    """The keyed hash under which a suppression of the (normalised) address is written."""
    return _hashed(address, settings.SEALING_SECRETS[0])


def address_hashes(address: str) -> list[str]:
    """The hashes under every secret in force, for asking: a rotated SECRET_KEY must not let anybody be mailed again."""
    return [_hashed(address, secret) for secret in settings.SEALING_SECRETS]


@lru_cache(maxsize=4096)
def _hashed(address: str, secret: str) -> str:
    return keyed_hash(address, secret, _PURPOSE)
