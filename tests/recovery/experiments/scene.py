"""A flow under test, and shoppers who walk through it."""

from __future__ import annotations

from datetime import datetime
from datetime import timedelta as td
from typing import Any

from carts.abandonment import sweep
from customers.models import Channel, Store
from recovery import intake
from recovery.experiments.assign import arm_of
from recovery.flows.publish import StepPlan, VariantPlan, draft_of, publish, write_steps
from recovery.flows.runner import run_flows
from recovery.flows.standard import install_template
from recovery.models import Experiment, Flow, FlowVersion, MessageTemplate
from recovery.outbox.prepare import prepare
from tests.factories import NOW, after, ago, checkout, make_flow, make_store, person, put

DUE = after(minutes=31)
MANY = 40
"""Shoppers enough that a fair draw leaves neither of two arms empty, but for once in 10^11 runs."""


def template(store: Store, key: str = "reminder", channel: Channel = Channel.EMAIL) -> MessageTemplate:
    return install_template(store, key, channel, now=ago(days=30))


def publish_steps(store: Store, *plans: StepPlan, holdout: int = 0, at: datetime | None = None) -> FlowVersion:
    """The store's flow with these steps, published."""
    flow, _ = Flow.objects.get_or_create(store=store, name="Tested", defaults={"minimum_gap": td(hours=1)})
    write_steps(flow, plans)
    flow.versions.filter(published_at=None).update(holdout_percent=holdout)
    return publish(flow, now=at or ago(days=1))


def holding_out(percent: int = 50, **fields: Any) -> Store:
    """The standard flow, with a holdout."""
    store = make_store(**fields)
    flow = make_flow(store)
    draft = draft_of(flow)
    type(draft).objects.filter(pk=draft.pk).update(holdout_percent=percent)
    publish(flow, now=ago(days=1))
    return store


def two_variants(store: Store, **changed: Any) -> FlowVersion:
    """One step, half an hour after the last activity: A as it stands, and B with the change."""
    variants = [VariantPlan("A"), VariantPlan("B", **changed)]
    return publish_steps(store, StepPlan(td(minutes=30), template(store), variants=variants))


def fall_silent(store: Store, count: int, at: datetime = NOW, first: int = 1) -> None:
    """So many shoppers leave a cart each."""
    numbers = range(first, first + count)
    put(store, *[checkout(f"C{n}", at, person=person(n), tokens=(f"checkout:C{n}",)) for n in numbers], at=at)


def run(at: datetime = DUE) -> None:
    """Every hand-over that leads to a message, up to the call of the provider."""
    for room in (sweep, intake.take, run_flows):
        while room(at):
            pass
    while prepare(at, 500)[1]:
        pass


def arm(customer_id: int | None, experiment: Experiment | None = None) -> str:
    """What the lots say of the customer."""
    trial = experiment or Experiment.objects.get()
    return arm_of(trial.arms, trial.salt, customer_id or 0)
