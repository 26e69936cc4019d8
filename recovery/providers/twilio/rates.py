"""How fast Twilio and the networks take messages from one sender. Sources: Twilio docs, "Message queueing"; WhatsApp
Business Platform docs, "Messaging limits" (131056: pair rate limit)."""

from __future__ import annotations

from config.lib.throttle import Limit

#: Segments a second by default: a long code in the US and Canada has one; toll-free, short codes and services more.
SMS_A_SECOND = 1.0
WHATSAPP_A_SECOND = 80.0
#: A bucket holds what it gains between two bells for the outbox and a little more: who empties it every two seconds and
#: found no more in it than one second's worth would send at half the rate. Twilio queues such a burst by itself.
_BURST_SECONDS = 3.0
_PAIR_SECONDS = 6.0
_PAIR_BURST = 45


def limits(sender: str, channel: str, to: str, segments: int = 1, *, per_second: float | None = None) -> list[Limit]:
    """The buckets that one message needs room in, for `config.lib.throttle.take_all`.

    `sender` is a number or a messaging service SID; `to` something that stands for the recipient, best a hash.
    `per_second` is what the account may send over that sender, where it is known to be more or less.
    """
    if channel != "whatsapp":
        rate = per_second or SMS_A_SECOND
        return [Limit(f"twilio:sms:{sender}", segments, rate, max(rate * _BURST_SECONDS, 1.0))]
    rate = per_second or WHATSAPP_A_SECOND
    return [
        Limit(f"twilio:whatsapp:{sender}", 1, rate, max(rate * _BURST_SECONDS, 1.0)),
        Limit(f"twilio:pair:{sender}:{to}", 1, 1 / _PAIR_SECONDS, _PAIR_BURST),
    ]
