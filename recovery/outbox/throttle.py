"""Not faster than the sender may: SMS segments a second, WhatsApp messages a second and to one person.

What would pass the provider's limits waits on our side, where it can still be stopped by an order or a STOP.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from datetime import timedelta as td
from functools import lru_cache

import redis
from django.conf import settings

from config.lib.throttle import Limit, take_all, take_each
from customers.models import Channel
from recovery.outbox.carriers import Carrier
from recovery.outbox.compose import Composed, Departure
from recovery.providers.twilio.rates import limits


def hold_back(pairs: Sequence[tuple[Departure, Composed]], *, now: datetime) -> dict[int, datetime]:
    """Take room for each message; for those that found none, when to ask again, by message id.

    The first that finds no room is told when there will be some; those behind it are lined up after it, so that they do
    not all come back at once.
    """
    metered = [(one, composed) for one, composed in pairs if one.carrier.name == "twilio"]
    if not metered:
        return {}
    waits: dict[int, datetime] = {}
    queue: dict[str, float] = {}
    answers = take_each(_redis(settings.REDIS_URL), [_wanted(one, composed) for one, composed in metered])
    for (departure, composed), answer in zip(metered, answers, strict=True):
        channel = departure.route.channel
        line = f"{channel}:{departure.carrier.sender.address}"
        if wait := queue.get(line, answer):
            waits[departure.message.pk] = now + td(seconds=wait)
            queue[line] = wait + max(composed.segments, 1) / _rate(departure.carrier, channel)
    return waits


def seconds_to_wait(carrier: Carrier, whom: str, segments: int) -> float:
    """Take room for one text outside the flows; 0 when it may go. `whom` stands for its recipient."""
    if carrier.name != "twilio":
        return 0.0
    return take_all(_redis(settings.REDIS_URL), _room(carrier, carrier.channel, whom, segments))


def _wanted(departure: Departure, composed: Composed) -> list[Limit]:
    whom = str(departure.message.customer_id)
    return _room(departure.carrier, departure.route.channel, whom, composed.segments)


def _room(carrier: Carrier, channel: str, whom: str, segments: int) -> list[Limit]:
    return limits(carrier.sender.address, channel, whom, max(segments, 1), per_second=_rate(carrier, channel))


def _rate(carrier: Carrier, channel: str) -> float:
    return 80.0 if channel == Channel.WHATSAPP else float(carrier.sms_per_second or settings.TWILIO_SMS_PER_SECOND)


@lru_cache(maxsize=1)
def _redis(url: str) -> redis.Redis:
    return redis.Redis.from_url(url)
