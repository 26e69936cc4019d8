"""A conversation on a phone: what came to one number by one channel, and what was answered."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from config.demo.letters import arrived
from recovery.channels.segments import measure
from recovery.providers.console.provider import Captured
from recovery.providers.console.replies import read_answers


@dataclass(frozen=True, slots=True)
class Bubble:
    """`mine`: the shopper wrote it. `cost`: what an SMS takes, in words."""

    text: str
    at: datetime
    mine: bool = False
    cost: str = ""


def conversation(shown: Captured, now: datetime) -> list[Bubble]:
    """Everything between the shop and the number of that message, oldest first."""
    theirs = {message.name: message for message in (*arrived(now), shown) if _with(message) == _with(shown)}
    bubbles = [Bubble(one.text, one.at, cost=_cost(one)) for one in theirs.values()]
    answers = read_answers(settings.MAILBOX_DIR, shown.channel, shown.to)
    return sorted([*bubbles, *(Bubble(one.text, one.at, mine=True) for one in answers)], key=lambda one: one.at)


def entries(messages: Iterable[Captured]) -> list[Captured]:
    """For the list: each e-mail, and of each conversation by phone the newest message. Newest first, as they come."""
    found: dict[tuple[str, ...], Captured] = {}
    for message in messages:
        found.setdefault(_with(message), message)
    return list(found.values())


def entry_of(shown: Captured | None, listed: Iterable[Captured]) -> str:
    """The name under which the list has what is shown, or ""."""
    return next((one.name for one in listed if shown and _with(one) == _with(shown)), "")


def _with(message: Captured) -> tuple[str, ...]:
    return (message.name,) if message.channel == "email" else (message.channel, message.to)


def _cost(message: Captured) -> str:
    if message.channel != "sms":
        return ""
    found = measure(message.text)
    many = "" if found.segments == 1 else "s"
    return f"{found.segments} segment{many}, {len(message.text)} characters, {found.encoding}"
