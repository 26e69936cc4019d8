"""Celery is the doorbell, the row is the visit: every task here may be lost, doubled or late, and nothing is."""

from __future__ import annotations

import os
from datetime import timedelta as td

from celery import Celery
from celery.signals import worker_process_init

from config.lib.garbage import set_aside

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("cartback")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["customers", "carts", "recovery"])

#: Which queue a task rings in. Sending waits on the network, so it has a queue of its own.
QUEUES = {
    "carts.tasks.drain": "inbox",
    "carts.tasks.sweep": "flows",
    "carts.tasks.keep_house": "upkeep",
    "recovery.tasks.take_transitions": "flows",
    "recovery.tasks.run_flows": "flows",
    "recovery.tasks.take_events": "flows",
    "recovery.tasks.send_due": "send",
    "recovery.tasks.send_notices": "send",
    "recovery.tasks.make_codes": "upkeep",
    "recovery.tasks.close_codes": "upkeep",
    "recovery.tasks.rescue": "upkeep",
    "recovery.tasks.ask_about_templates": "upkeep",
    "recovery.tasks.roll_up": "upkeep",
    "recovery.tasks.ask_shoppers": "upkeep",
    "recovery.tasks.send_digests": "upkeep",
    "recovery.tasks.erase": "upkeep",
    "recovery.tasks.keep_house": "upkeep",
}

#: How often the bell rings even when nobody rang: task, seconds.
BEAT = {
    "carts.tasks.drain": 1,
    "carts.tasks.sweep": 2,
    "recovery.tasks.take_transitions": 2,
    "recovery.tasks.run_flows": 2,
    "recovery.tasks.take_events": 2,
    "recovery.tasks.send_due": 2,
    "recovery.tasks.send_notices": 5,
    "recovery.tasks.make_codes": 5,
    "recovery.tasks.close_codes": 300,
    "recovery.tasks.rescue": 20,
    "recovery.tasks.roll_up": 60,
    "recovery.tasks.erase": 60,
    "recovery.tasks.ask_about_templates": 120,
    "recovery.tasks.ask_shoppers": 300,
    "recovery.tasks.send_digests": 600,
    "carts.tasks.keep_house": 3600,
    "recovery.tasks.keep_house": 3600,
}

app.conf.task_routes = {task: {"queue": queue} for task, queue in QUEUES.items()}
app.conf.beat_schedule = {
    # A bell that nobody answered before the next one is due need not ring any more.
    task: {"task": task, "schedule": td(seconds=seconds), "options": {"expires": max(seconds, 5)}}
    for task, seconds in BEAT.items()
}
app.conf.beat_max_loop_interval = 1


@worker_process_init.connect
def _begin(**_: object) -> None:
    """A worker's process has imported everything by now."""
    set_aside()
