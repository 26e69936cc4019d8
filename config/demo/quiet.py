"""Which hours hold a phone message back, in words: the demo keeps to the same hours as any other store."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from datetime import timedelta as td
from typing import Any
from zoneinfo import ZoneInfo

import phonenumbers

from recovery.channels.whatsapp import offered
from recovery.policy.hours import allowed_at
from recovery.policy.zones import Place, place_of

ZONE = ZoneInfo("Europe/Helsinki")  # where the shop is
_LATE = td(hours=6)  # after which the standard flow's first message is not sent any more
_CHANNELS = {"yes_whatsapp": "whatsapp", "yes_sms": "sms"}
_NAMES = {"whatsapp": "WhatsApp", "sms": "SMS"}


def e164(contact: Mapping[str, Any]) -> str:
    """The phone number as networks write it, or ""."""
    try:
        number = phonenumbers.parse(str(contact.get("phone", "")), str(contact.get("country", "")) or None)
    except phonenumbers.NumberParseException:
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def by_phone(contact: Mapping[str, Any]) -> list[str]:
    """The channels to a phone that the shopper said yes to and that reach it, as the demo's flow tries them."""
    wanted = [channel for box, channel in _CHANNELS.items() if contact.get(box)]
    reached = offered(e164(contact), str(contact.get("country", "")))
    return [channel for channel in wanted if channel != "whatsapp" or reached]


def detour(contact: Mapping[str, Any], now: datetime) -> str:
    """Why no phone message comes at this hour, and what comes instead; "" where one may come."""
    place = place_of(country=str(contact.get("country", "")), phone=e164(contact), store_zone=ZONE)
    channels = by_phone(contact)
    opens = [allowed_at(now, place.zones, place.country, place.region, channel) for channel in channels]
    waits = [moment for moment in opens if moment]
    if not waits or len(waits) < len(opens):
        return ""
    names, until = " and ".join(_NAMES[channel] for channel in channels), min(waits)
    wait = "waits" if len(channels) == 1 else "wait"
    held = f"{names} {wait} for the shopper's daytime, until {_told(until, now, place)}"
    if contact.get("reminders") == "yes":
        return f"{held}, so the reminder comes by e-mail."
    if until - now > _LATE:
        return f"{held}. By then the reminder is too late, so none is sent."
    return f"{held}, and so does the reminder."


def _told(until: datetime, now: datetime, place: Place) -> str:
    there, today = until.astimezone(place.zones[0]), now.astimezone(place.zones[0])
    day = "" if there.date() == today.date() else f"{there:%A} "
    return f"{day}{there:%H:%M} there ({str(place.zones[0]).rpartition('/')[2].replace('_', ' ')})"
