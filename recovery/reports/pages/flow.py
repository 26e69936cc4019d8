"""The recovery flow: what became of each step's messages, and what they brought."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from config.lib.names import by_number
from recovery.experiments.plans import HELD_OUT, HOLDOUT
from recovery.models import Experiment, Flow
from recovery.reports import definitions
from recovery.reports.asked import Asked
from recovery.reports.draws import Counted
from recovery.reports.lifts import Lift, Trials, counted, lifts_of, lifts_over_holdout, ran
from recovery.reports.pages.overview import CHANNELS
from recovery.reports.rates import Rate
from recovery.reports.sending import steps_of
from recovery.reports.sheet import Amount, Bar, Cell, Gap, Section, Table
from recovery.reports.words import reason_in_words

_SENT = ("sent", "delivered", "read")
_BECAME = ("Step", "Waiting", "Sent", "Held out", "Not sent", "Failed", "Unknown", "Delivered")
_BROUGHT = ("Step", "Clicked by people", "Opened by machines alone", "Ordered after a click")
_Step = tuple[int, int, str, str]


def flow(asked: Asked) -> list[Section]:
    """For each flow what became of each step, variant and channel, and what was added over those who got nothing."""
    steps: dict[_Step, list[dict[str, Any]]] = defaultdict(list)
    for row in steps_of(asked):
        steps[row["flow_id"], row["position"], row["variant"], row["channel"]].append(row)
    if not steps:
        return [Section("Recovery flow", empty="No message was due for the carts of these days.")]
    names = dict(Flow.objects.filter(store=asked.store).values_list("pk", "name"))
    whole, trials = ran(asked)
    experiments = [*([whole] if whole else []), *(one for each in trials.values() for one in each.all)]
    drawn = counted(asked.store, experiments, asked.as_of)
    sections = []
    for flow_id in sorted({key[0] for key in steps}):
        name = names.get(flow_id, "A flow that is gone")
        own = {key: steps[key] for key in sorted(steps, key=_order) if key[0] == flow_id}
        positions = sorted({position for _, position, _, _ in own})
        sections += [
            _flow(name, own),
            _lift(f"{name}: what its messages add", f"lift-{flow_id}", positions, trials.get(flow_id, Trials()), drawn),
        ]
    return [*sections, *([_store_lift(whole, drawn)] if whole else [])]


def _order(step: _Step) -> tuple[Any, ...]:
    flow_id, position, variant, channel = step
    return flow_id, position, by_number(variant), channel


def _flow(name: str, steps: dict[_Step, list[dict[str, Any]]]) -> Section:
    key = f"steps-{next(iter(steps))[0]}"
    currencies = sorted({row["currency"] for rows in steps.values() for row in rows if row["revenue"]})
    brought = (*_BROUGHT, *(f"Revenue in {one}" for one in currencies))
    lines = [_line(step, found, currencies) for step, found in steps.items()]
    became = Table(key, _BECAME, [line[: len(_BECAME)] for line in lines])
    gained = Table(f"{key}-brought", brought, [[line[0], *line[len(_BECAME) :]] for line in lines])
    unclear = sum(row["unclear"] for found in steps.values() for row in found)
    return Section(
        name,
        definitions.STEPS,
        tables=[became, gained, *_reasons(key, steps)],
        note=f"{unclear} orders in another currency than their cart's are in no sum." if unclear else "",
    )


def _line(step: _Step, rows: list[dict[str, Any]], currencies: list[str]) -> list[Any]:
    states: Counter[str] = Counter()
    for row in rows:
        states["held" if row["reason"] == HELD_OUT else row["state"]] += row["messages"]
    sent = sum(states[name] for name in _SENT) + states["unknown"]
    total = Counter({name: sum(row[name] for row in rows) for name in ("clicked", "scanned", "ordered")})
    _, position, variant, channel = step
    title = " · ".join(filter(None, [f"{position}", variant, CHANNELS.get(channel, channel)]))
    delivered = states["delivered"] + states["read"]
    return [
        title, states["waiting"], sent, states["held"], states["skipped"] + states["cancelled"], states["failed"],
        states["unknown"], Rate.of(delivered, sent), Rate.of(min(total["clicked"], sent), sent), total["scanned"],
        Rate.of(min(total["ordered"], sent), sent),
        *(Amount(sum(row["revenue"] for row in rows if row["currency"] == one), one) for one in currencies),
    ]  # fmt: skip


def _reasons(key: str, steps: dict[_Step, list[dict[str, Any]]]) -> list[Table]:
    counts: Counter[tuple[int, str]] = Counter()
    for step, found in steps.items():
        for row in found:
            if row["state"] in ("skipped", "cancelled") and row["reason"] != HELD_OUT:
                counts[step[1], row["reason"] or "unknown"] += row["messages"]
    most = max(counts.values(), default=0)
    rows = [(position, reason_in_words(why), Bar(n, most)) for (position, why), n in sorted(counts.items())]
    return [Table(f"{key}-not-sent", ("Step", "Not sent, because", "Messages"), rows)] if rows else []


# -- what is added

_Drawn = Mapping[int, Mapping[str, Counted]]
_LIFT = ("Step", "Against", "Lift", "Verdict")


def _lift(title: str, key: str, positions: Sequence[int], trials: Trials, drawn: _Drawn) -> Section:
    rows: list[Sequence[Cell]] = []
    if trials.holdout:
        rows += [_told("All steps", one) for one in lifts_of(trials.holdout, drawn.get(trials.holdout.pk, {}))]
    for position in positions:
        test = trials.steps.get(position)
        rows += _of_step(position, test, trials.holdout, drawn) if test else [_not_drawn(position, trials.holdout)]
    open_ = sum(arm.assigned - arm.settled for one in trials.all for arm in drawn.get(one.pk, {}).values())
    empty = (
        "Nobody was held out of this flow and no step has variants, so nobody can tell what its messages add and what "
        "would have come anyway. Give the flow a holdout, or hold out a share over all flows (Experiments)."
    )
    return Section(
        title,
        definitions.LIFT,
        tables=[Table(key, _LIFT, rows)],
        note=f"Draws still open: {open_:,}." if open_ else "",
        empty="" if trials.all else empty,
    )


def _of_step(position: int, test: Experiment, holdout: Experiment | None, drawn: _Drawn) -> list[Sequence[Cell]]:
    found = lifts_over_holdout(test, holdout, drawn) if holdout and position == 1 else []
    found += lifts_of(test, drawn.get(test.pk, {}))
    return [_told(f"{position} · {one.arm}", one) for one in found]


def _told(step: str, one: Lift) -> Sequence[Cell]:
    against = "held out" if one.against == HOLDOUT else one.against
    found = one.estimate
    return step, against, Gap(found.value, found.low, found.high, one.n) if found else None, str(one.verdict)


def _not_drawn(position: int, holdout: Experiment | None) -> Sequence[Cell]:
    return f"{position}", "–", None, "a part of all steps: not drawn by itself" if holdout else "nobody was held out"


def _store_lift(whole: Experiment, drawn: _Drawn) -> Section:
    rows = [_told("Every flow", one) for one in lifts_of(whole, drawn.get(whole.pk, {}))]
    open_ = sum(arm.assigned - arm.settled for arm in drawn.get(whole.pk, {}).values())
    note = f"Draws still open: {open_:,}." if open_ else ""
    return Section("All flows together: what their messages add", definitions.LIFT,
                   tables=[Table("lift-store", _LIFT, rows)], note=note)  # fmt: skip
