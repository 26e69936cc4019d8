"""An experiment and its findings as plain values. Shares are parts of one, money is text."""

from __future__ import annotations

from math import isfinite
from typing import Any

from recovery.experiments.plans import control_of
from recovery.experiments.wording import reworded
from recovery.models import Experiment
from recovery.reports import trial_words
from recovery.reports.draws import Counted
from recovery.reports.face import moment
from recovery.reports.standing import Standing
from recovery.reports.trial_sums import Arm
from recovery.reports.trials import Comparison, Findings
from recovery.statistics.estimates import Estimate
from recovery.statistics.returning import Point
from recovery.statistics.verdict import Verdict

_ESTIMATES = ("orders", "held", "relative", "revenue", "capped", "stratified", "margin", "per_order", "gained_orders",
              "gained_revenue")  # fmt: skip


def experiment_json(one: Experiment) -> dict[str, Any]:
    """What was drawn, and since when."""
    return {
        "id": one.pk,
        "title": trial_words.title(one),
        "kind": one.kind,
        "flow": one.flow_id,
        "started_at": moment(one.started_at),
        "ended_at": moment(one.ended_at) if one.ended_at else None,
        "arms": [{"name": arm["name"], "weight": float(arm["weight"])} for arm in one.arms],
    }


def standing_json(one: Standing) -> dict[str, Any]:
    """With how many were drawn, and the verdict on each arm against the control."""
    return experiment_json(one.experiment) | {
        "control": control_of(one.experiment.arms),
        "results": [_arm(name, arm) for name, arm in one.arms.items()],
        "comparisons": [{"arm": lift.arm, "verdict": _verdict(lift.verdict)} for lift in one.lifts],
    }


def findings_json(found: Findings) -> dict[str, Any]:
    """Each arm, and each arm against the control; an estimate that cannot be told yet is None."""
    return experiment_json(found.experiment) | {
        "as_of": moment(found.as_of),
        "currency": found.currency,
        "control": found.control.name,
        "planned": found.planned,
        "sample_ratio_p": found.mismatch,
        "reworded": [
            {"template": str(one.template), "version": one.number, "at": moment(one.published_at)}
            for one in reworded(found.experiment)
            if one.published_at
        ],
        "results": [_arm(arm.name, arm) for arm in found.arms],
        "comparisons": [_comparison(one) for one in found.comparisons],
        "curve": {
            arm: [{"hours": point.hours, **_shares(point), "at_risk": point.at_risk} for point in points]
            for arm, points in found.curve.items()
        },
    }


def _arm(name: str, arm: Arm | Counted) -> dict[str, Any]:
    return {"arm": name, "assigned": arm.assigned, "settled": arm.settled, "ordered": arm.ordered}


def _comparison(one: Comparison) -> dict[str, Any]:
    return {
        "arm": one.arm.name,
        "verdict": _verdict(one.verdict),
        "chance": round(one.chance, 6) if one.chance is not None else None,
        "estimates": {name: _estimate(getattr(one, name)) for name in _ESTIMATES},
    }


def _shares(point: Point) -> dict[str, float]:
    return {name: round(getattr(point, name), 6) for name in ("share", "low", "high")}


def _verdict(found: Verdict) -> dict[str, Any]:
    return {"word": found.word, "more": found.more, "why": found.why}


def _estimate(found: Estimate | None) -> dict[str, float | None] | None:
    if found is None:
        return None
    told = {name: float(getattr(found, name)) for name in ("value", "low", "high", "se", "p")}
    return {name: round(value, 6) if isfinite(value) else None for name, value in told.items()}
