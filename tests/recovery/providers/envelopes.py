from __future__ import annotations

from dataclasses import replace
from typing import Any

from recovery.providers.base import Envelope

PLAIN = Envelope(
    send_id="m-1",
    channel="email",
    to="anna@shopper.example",
    to_name="Anna",
    sender="hello@shop.example",
    sender_name="Nördic",
    reply_to="help@shop.example",
    subject="Ostoskorisi on tallessa – tervetuloa",
    text="Hei!\n.\n..piste\n",
    html="<p>Hei ä</p>\n.\n",
    message_id="<m-1@shop.example>",
    headers={"List-Unsubscribe": "<https://go.shop.example/u/x>"},
)


def envelope(**changes: Any) -> Envelope:
    return replace(PLAIN, **changes)
