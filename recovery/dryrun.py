"""A dry run: what a flow would have done with last month's carts, and what it would have cost. Nothing is sent.

It is a rehearsal (recovery.flows.rehearse) with the carts chosen, the lines counted and the prices put to them. What it
cannot know, its notes say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import datetime
from datetime import timedelta as td
from decimal import Decimal
from typing import Any

from carts.models import Cart
from config.lib import batch
from customers.models import Channel, Store
from recovery.experiments.assign import share
from recovery.experiments.door import Trials
from recovery.experiments.plans import Trial, holdout_arms, store_holdout, trials_of
from recovery.flows.rehearse import Line, Rehearsal, stage
from recovery.models import Experiment, ExperimentKind, Flow, FlowVersion, MessagePrice
from recovery.policy.prices import Price, price_of

#: Of more carts than this a sample of shoppers is taken.
MOST_CARTS = 5_000
_BATCH = 500
_DAYS = 30
_SALT = "dry run"


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that would have happened to one cart, and what it would have cost (None: nothing is sent)."""

    line: Line
    cost: Decimal | None = None
    currency: str = ""


@dataclass(slots=True)
class StepSum:
    """What would have become of one step. Every number is the count of `DryRun.behind` with the same words."""

    position: int
    sent: int = 0
    held_out: int = 0
    segments: int = 0
    by_channel: Counter[str] = field(default_factory=Counter)
    by_variant: Counter[str] = field(default_factory=Counter)  # of those sent
    skipped: Counter[str] = field(default_factory=Counter)  # by reason
    shifted: Counter[str] = field(default_factory=Counter)  # messages put off at least once for that reason
    cost: dict[str, Decimal] = field(default_factory=dict)  # by currency


@dataclass(slots=True)
class DryRun:
    """The result. `carts` were walked through out of `carts_there`; with fewer, multiply by their ratio."""

    flow_id: int
    version: int
    is_draft: bool
    since: datetime
    until: datetime
    carts: int
    carts_there: int
    entered: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    steps: list[StepSum] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def sent(self) -> int:
        return sum(step.sent for step in self.steps)

    @property
    def cost(self) -> dict[str, Decimal]:
        """By currency, never summed over them."""
        total: dict[str, Decimal] = {}
        for step in self.steps:
            for currency, amount in step.cost.items():
                total[currency] = total.get(currency, Decimal(0)) + amount
        return total

    def behind(
        self, step: int, outcome: str, *, reason: str = "", channel: str = "", variant: str = "", shift: str = ""
    ) -> list[Row]:
        """The rows behind a number; what is left empty asks nothing, also the outcome."""
        return [
            row
            for row in self.rows
            if row.line.step == step
            and outcome in ("", row.line.outcome)
            and reason in ("", row.line.reason)
            and channel in ("", row.line.channel)
            and variant in ("", row.line.variant)
            and (not shift or shift in row.line.shifts)
        ]

    def as_json(self) -> dict[str, Any]:
        """Plain values: money as text, times with their zone, the rows last."""
        found: dict[str, Any] = _plain(self)
        rows = found.pop("rows")
        return {**found, "sent": self.sent, "cost": _plain(self.cost), "rows": [_flat(row) for row in rows]}


def _plain(value: Any) -> Any:
    """Without dataclasses, moments, amounts and counters, which JSON does not know."""
    if is_dataclass(value):
        return {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in sorted(value.items())}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    return {**row.pop("line"), **row}


class NothingToRun(ValueError):
    """The flow has no step to rehearse. The text says so."""


def dry_run(flow: Flow, *, now: datetime, days: int = _DAYS, most: int = MOST_CARTS) -> DryRun:
    """The flow's draft, else what is published, over the carts that fell silent in the `days` before `until`.

    `until` lies so far before `now` that the time of every step is past. Raises NothingToRun.
    """
    version = _version(flow)
    steps = list(version.steps.all())
    if not steps:
        raise NothingToRun("The flow has no step yet: add one first.")
    until = now - max(step.delays[-1] + step.late_after for step in steps)
    since = until - td(days=days)
    batches, there = _chosen(flow.store, since, until, most)
    rehearsal = stage(flow, version, _trials(flow, version, since), since=since, now=now)
    carts = sum(map(len, batches))
    result = DryRun(flow.pk, version.number, version.published_at is None, since, until, carts, there)
    result.steps = [StepSum(step.position) for step in steps]
    prices = _Prices(flow.store)
    for line in _lines(rehearsal, batches):
        _count(result, prices.row(line))
    result.notes = _notes(result, flow, version, prices)
    return result


def _version(flow: Flow) -> FlowVersion:
    versions = flow.versions.select_related("flow__store").prefetch_related(
        "steps__fallbacks", "steps__variants", "steps__template"
    )
    found = versions.filter(published_at=None).first() or versions.order_by("-number").first()
    if found is None:
        raise NothingToRun("The flow has no step yet: add one first.")
    return found


def _chosen(store: Store, since: datetime, until: datetime, most: int) -> tuple[list[list[int]], int]:
    """The carts that fell silent in the period, in batches of whole shoppers, and how many there are.

    Of too many, whole shoppers are drawn by lot, the same whenever it is asked.
    """
    rows = Cart.objects.filter(store=store, last_activity_at__gte=since, merged_into=None)
    silent = rows.filter(first_abandoned_at__gte=since, first_abandoned_at__lt=until).order_by("pk")
    by_person: dict[int, list[int]] = {}
    for customer_id, pk in silent.values_list("customer_id", "pk"):
        by_person.setdefault(customer_id or -pk, []).append(pk)
    there = sum(map(len, by_person.values()))
    people = list(by_person)
    if there > most:
        people.sort(key=lambda person: share(_SALT, person))
    batches: list[list[int]] = []
    taken = 0
    for person in people:
        carts = by_person[person]
        if taken and taken + len(carts) > most:
            break
        taken += len(carts)
        if not batches or len(batches[-1]) + len(carts) > _BATCH:
            batches.append([])
        batches[-1] += carts
    return batches, there


def _lines(rehearsal: Rehearsal, batches: Sequence[Sequence[int]]) -> Iterator[Line]:
    for ids in batches:
        carts = Cart.objects.filter(pk__in=batch.ids(ids)).select_related("customer").order_by("pk")
        yield from rehearsal.play(list(carts))


def _trials(flow: Flow, version: FlowVersion, since: datetime) -> Trials:
    """The tests of the version and the store's holdout, with lots of this run's own: nobody is drawn for real."""
    wanted: list[tuple[int | None, Trial]] = [(flow.pk, trial) for trial in trials_of(version)]
    percent = store_holdout(flow.store)
    if percent:
        wanted.append((None, Trial(ExperimentKind.HOLDOUT, None, holdout_arms(percent))))
    return Trials(
        [
            Experiment(
                pk=-number, store_id=flow.store_id, flow_id=flow_id, kind=trial.kind, position=trial.position,
                salt=f"{_SALT} {number}", arms=trial.arms, started_at=since,
            )
            for number, (flow_id, trial) in enumerate(wanted, 1)
        ]
    )  # fmt: skip


class _Prices:
    """What the store pays, and which prices were asked for."""

    def __init__(self, store: Store) -> None:
        rows = MessagePrice.objects.filter(store=store)
        self._own = [Price(row.channel, row.country, row.amount, row.currency, "the store's own price") for row in rows]
        self.used: dict[Price, int] = {}

    def row(self, line: Line) -> Row:
        if line.outcome != "sent":
            return Row(line)
        price = price_of(line.channel, line.country, self._own)
        self.used[price] = self.used.get(price, 0) + 1
        return Row(line, price.amount * max(line.segments, 1), price.currency)


def _count(result: DryRun, row: Row) -> None:
    line = row.line
    result.rows.append(row)
    if line.outcome == "entered":
        result.entered += 1
    elif line.outcome == "refused":
        result.refused[line.reason] += 1
    else:
        _count_step(next(step for step in result.steps if step.position == line.step), row)


def _count_step(step: StepSum, row: Row) -> None:
    line = row.line
    step.shifted.update(set(line.shifts) - {"variant_delay"})
    if line.outcome == "held_out":
        step.held_out += 1
    elif line.outcome == "skipped":
        step.skipped[line.reason] += 1
    else:
        step.sent += 1
        step.segments += line.segments
        step.by_channel[line.channel] += 1
        step.by_variant.update([line.variant] if line.variant else [])
        step.cost[row.currency] = step.cost.get(row.currency, Decimal(0)) + (row.cost or Decimal(0))


def _notes(result: DryRun, flow: Flow, version: FlowVersion, prices: _Prices) -> list[str]:
    """What a reader must know to read the numbers."""
    found = []
    if result.carts < result.carts_there:
        found.append(f"A sample: {result.carts:,} of {result.carts_there:,} carts, whole shoppers drawn by lot.")
    if not flow.store.sends:
        found.append("The store is switched off. The run takes it as switched on.")
    found.append("Consent, stop lists, addresses and what is in the carts are taken as they stand now.")
    if any(step.offer_id or any(one.offer_id for one in step.variants.all()) for step in version.steps.all()):
        found.append("What discounts would cost is not in here; nobody is left out for want of one.")
    if version.holdout_percent or result.steps and any(step.by_variant for step in result.steps):
        found.append("Who is held out and who gets which variant is drawn for this run alone: the shares are right.")
    return found + list(_told_prices(prices))


def _told_prices(prices: _Prices) -> Iterable[str]:
    for price in prices.used:
        name = Channel(price.channel).label + (f" to {price.country}" if price.country else "")
        unit = "a segment" if price.channel == Channel.SMS else "each"
        as_of = f", {price.as_of:%Y-%m-%d}" if price.as_of else ""
        yield f"{name}: {price.amount.normalize():f} {price.currency} {unit} ({price.source}{as_of})."
