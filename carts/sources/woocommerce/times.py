"""WooCommerce writes no offset: `date_…_gmt` is UTC, `date_…` is the clock on the shop's wall."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from carts.sources.event import Event


def moment(event: Event, name: str) -> datetime | None:
    """The time `date_<name>`, from whichever of its two spellings can be read."""
    known = event.body.get(f"date_{name}_gmt").moment_or_none()
    return known or event.body.get(f"date_{name}").moment_or_none(_zone(event.shop.timezone))


def modified_at(event: Event) -> datetime:
    """When the object last changed; when the webhook came in where it does not say."""
    return moment(event, "modified") or event.told_at


@lru_cache(maxsize=512)
def _zone(name: str) -> tzinfo:
    """UTC for a name that this machine does not know: some hours off is better than no event."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # what zoneinfo raises for unknown, malformed and directory-like names
        return UTC
