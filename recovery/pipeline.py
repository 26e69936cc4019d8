"""Every hand-over once, in the order of the spine."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from carts import abandonment, retention
from carts import privacy as carts_privacy
from carts.inbox import process
from recovery import intake, privacy
from recovery.bot import double_opt_in
from recovery.callbacks import process as callbacks
from recovery.callbacks import retention as callbacks_retention
from recovery.discounts import close, make
from recovery.flows import runner
from recovery.outbox import notices, send

HAND_OVERS: list[tuple[str, Callable[[datetime], int]]] = [
    ("drain", process.drain),
    ("sweep", abandonment.sweep),
    ("callbacks", callbacks.take_events),
    ("intake", intake.take),
    ("flows", runner.run_flows),
    ("send", send.send_due),
    ("codes", make.make_codes),
    ("send with codes", send.send_due),
    ("confirmations", double_opt_in.pending_confirmations),
    ("notices", notices.send_notices),
    ("close codes", close.close_codes),
    ("rescue", send.rescue),
    ("erase messages", privacy.carry_out),
    ("erase people", carts_privacy.carry_out),
    ("forget", retention.forget_old),
    ("forget events", callbacks_retention.forget_old),
]


def run_once(now: datetime) -> dict[str, int]:
    """Call each hand-over until it finds nothing more; returns how many rows each dealt with."""
    return {name: _until_dry(room, now) for name, room in HAND_OVERS}


def _until_dry(room: Callable[[datetime], int], now: datetime) -> int:
    total = 0
    while count := room(now):
        total += count
    return total
