"""The bells of this floor. A task reads the clock, calls its room until nothing is left, and rings the next bell."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from celery import shared_task
from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone

from config.lib.wake import wake
from recovery import approvals, intake, privacy
from recovery.bot import asking, double_opt_in
from recovery.callbacks import process as callbacks
from recovery.callbacks import retention
from recovery.discounts import close, make
from recovery.flows import runner
from recovery.outbox import notices, reconcile, send
from recovery.reports import digest, draw_rollup, rollup

_MOST_BATCHES = 40


def _until_dry(room: Callable[[datetime], int], batch: int) -> int:
    """Call the room again while it finds full batches; returns how many rows it dealt with."""
    total = 0
    for _ in range(_MOST_BATCHES):
        count = room(timezone.now())
        total += count
        if count < batch:
            break
    return total


@shared_task
def take_transitions() -> None:
    """Enrol, stop and credit."""
    if _until_dry(intake.take, intake.BATCH):
        wake("recovery.tasks.run_flows")


@shared_task
def run_flows() -> None:
    """Plan the steps whose time has come."""
    if _until_dry(runner.run_flows, runner.BATCH):
        wake("recovery.tasks.send_due")


@shared_task
def send_due() -> None:
    """Send what is due."""
    send.send_due(timezone.now())


@shared_task
def make_codes() -> None:
    """Ask the shops for the codes that messages wait for."""
    make.make_codes(timezone.now())


@shared_task
def close_codes() -> None:
    """Let dead codes expire, and take them out of the shops."""
    close.close_codes(timezone.now())


@shared_task
def take_events() -> None:
    """Apply what providers told. What a shopper wrote may call for an answer."""
    if _until_dry(callbacks.take_events, callbacks.BATCH):
        wake("recovery.tasks.send_notices")


@shared_task
def send_notices() -> None:
    """Ask for confirmations, and send them and the bot's answers."""
    double_opt_in.pending_confirmations(timezone.now())
    notices.send_notices(timezone.now())


@shared_task
def rescue() -> None:
    """Settle what a dead worker left behind, and ask the provider about what nobody knows."""
    send.rescue(timezone.now())
    reconcile.reconcile(timezone.now())


@shared_task
def keep_house() -> None:
    """Drop what providers told long ago, and sign-ins that have run out."""
    retention.forget_old(timezone.now())
    SessionStore.clear_expired()


@shared_task
def ask_about_templates() -> None:
    """How the WhatsApp templates stand with Meta: those under review soon, the approved ones daily. Those that were not
    submitted are made at Twilio, for answers within the 24 hours."""
    approvals.make_for_sessions(timezone.now())
    approvals.refresh_waiting(timezone.now())


@shared_task
def roll_up() -> None:
    """Keep the figures of the days that changed, and the sums of the draws that are settled."""
    _until_dry(rollup.roll_up, rollup.BATCH)
    _until_dry(draw_rollup.roll_up, draw_rollup.BATCH)


@shared_task
def ask_shoppers() -> None:
    """Put the questions that are due to shoppers."""
    if asking.ask_due(timezone.now()):
        wake("recovery.tasks.send_notices")


@shared_task
def send_digests() -> None:
    """The numbers of the week, on Monday morning."""
    if digest.send_digests(timezone.now()):
        wake("recovery.tasks.send_notices")


@shared_task
def erase() -> None:
    """This floor's part of privacy requests."""
    privacy.carry_out(timezone.now())
