from __future__ import annotations

from dataclasses import replace
from typing import Any

from recovery.providers.base import Envelope

ANNA = "+358401234567"
CALLBACK = "https://go.shop.example/callbacks/twilio/status/t0ken/"
SMS = Envelope(
    send_id="m-1",
    channel="sms",
    to=ANNA,
    sender="",
    text="ACME: your cart is saved: https://go.shop.example/r/abc123 Reply STOP to end.",
    callback_url=CALLBACK,
)


def sms(**changes: Any) -> Envelope:
    return replace(SMS, **changes)


def whatsapp(**changes: Any) -> Envelope:
    return replace(SMS, channel="whatsapp", **changes)
