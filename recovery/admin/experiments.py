"""Experiments as a marketer reads them: a verdict in words, what stands behind it, and a plan before the start."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from unfold.widgets import UnfoldAdminDecimalFieldWidget, UnfoldAdminIntegerFieldWidget

from customers.access import may, own_store, stores_for
from customers.models import Store
from recovery.experiments.foresight import own_numbers
from recovery.experiments.plans import set_store_holdout, store_holdout
from recovery.experiments.wording import reworded
from recovery.models import Experiment
from recovery.reports import trial_words
from recovery.reports.definitions import Definition
from recovery.reports.face import moment
from recovery.reports.sheet import as_lines
from recovery.reports.standing import Standing, standings
from recovery.reports.trial_json import findings_json, standing_json
from recovery.reports.trial_sums import COLUMNS, drawn
from recovery.reports.trial_tables import listed, tables_of
from recovery.reports.trials import Comparison, Findings, findings
from recovery.reports.words import in_months, money
from recovery.statistics.estimates import Estimate
from recovery.statistics.planner import months_needed, units_needed
from recovery.statistics.returning import Point

_VIEW, _CHANGE = "recovery.view_experiment", "recovery.change_flow"
_HOLDOUTS = (5, 10, 20, 50)
_LIFTS = (10, 20, 30)


class Planned(forms.Form):
    """What the shop is like, to say how long an experiment would take."""

    base = forms.DecimalField(
        min_value=0.1, max_value=90, label="Of 100 shoppers left alone, how many order", initial=10,
        widget=UnfoldAdminDecimalFieldWidget(attrs={"step": "any"}),
    )  # fmt: skip
    a_month = forms.IntegerField(
        min_value=1, max_value=10_000_000, label="Shoppers a month who could get a first message", initial=500,
        widget=UnfoldAdminIntegerFieldWidget(),
    )  # fmt: skip


def experiments_page(request: HttpRequest) -> HttpResponse:
    """GET ?store=shop&base=10&a_month=500: the store's experiments, and the planner.

    &format=csv gives the list, an arm a row, &format=json as the API does.
    """
    store = _store(request)
    context = {**admin.site.each_context(request), "title": "Experiments", "store": store}
    if store is None:
        return TemplateResponse(request, "reports/experiments.html", context)
    now = timezone.now()
    found = standings(store, list(Experiment.objects.filter(store=store).select_related("flow")), as_of=now)
    if request.GET.get("format") == "csv":
        return _file(as_lines(listed(found)), f"{store.slug}-experiments")
    if request.GET.get("format") == "json":
        return JsonResponse({"store": store.slug, "as_of": moment(now), "data": [standing_json(one) for one in found]})
    asked = {name: request.GET[name] for name in Planned.base_fields if name in request.GET}
    planner = Planned({**_own_numbers(store, now), **asked})
    context |= {
        "stores": list(stores_for(request.user, _VIEW).order_by("name")),
        "rows": [_row(one) for one in found],
        "held_out": store_holdout(store),
        "may_change": may(request.user, _CHANGE, store),
        "planner": planner,
        "plan": _plan(planner.cleaned_data) if planner.is_valid() else None,
        "holdouts": _HOLDOUTS,
    }
    return TemplateResponse(request, "reports/experiments.html", context)


def hold_out(request: HttpRequest, slug: str) -> HttpResponse:
    """POST percent=10: hold out that share of shoppers over all flows."""
    store = own_store(request.user, slug, _CHANGE)
    if request.method == "POST":
        try:
            set_store_holdout(store, int(request.POST.get("percent", "")), now=timezone.now())
            messages.success(request, "The holdout is set. Shoppers who were drawn before stay where they are.")
        except ValueError:
            messages.error(request, "Give a whole number of percent from 0 to 50.")
    return redirect(f"{reverse('admin_experiments')}?store={store.slug}")


def experiment_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One experiment. ?format=csv: the shoppers behind the numbers, one a row; &table=key one table of the page.
    ?format=json as the API does."""
    own = stores_for(request.user, _VIEW)
    experiment = Experiment.objects.select_related("store", "flow").filter(pk=pk, store__in=own).first()
    if experiment is None:
        raise Http404
    now, margin = timezone.now(), experiment.store.margin
    share = margin / 100 if margin is not None else None
    wanted, key = request.GET.get("format"), request.GET.get("table")
    if wanted == "csv" and not key:
        return _csv(experiment, drawn(experiment, as_of=now, margin=share), margin is not None)
    found = findings(experiment, as_of=now, margin=share)
    if wanted == "json":
        return JsonResponse(findings_json(found))
    if key:
        table = next((one for one in tables_of(found) if one.key == key), None)
        if table is None:
            raise Http404
        return _file(as_lines(table), f"experiment-{experiment.pk}-{key}")
    context = {**admin.site.each_context(request), "title": trial_words.title(experiment), **told(found)}
    return TemplateResponse(request, "reports/experiment.html", context)


def _store(request: HttpRequest) -> Store | None:
    if request.GET.get("store"):
        return own_store(request.user, request.GET["store"], _VIEW)
    return stores_for(request.user, _VIEW).order_by("is_demo", "name").first()


def _row(one: Standing) -> dict[str, Any]:
    """How many were drawn into each arm, and the verdicts."""
    return {
        "experiment": one.experiment,
        "title": trial_words.title(one.experiment),
        "verdicts": trial_words.in_short(one.experiment, one.lifts),
        "arms": [(name, arm.assigned) for name, arm in one.arms.items()],
        "open": one.open,
    }


def _own_numbers(store: Store, now: datetime) -> dict[str, Any]:
    """The planner's first guess: the store's own, else the fields'."""
    known = own_numbers(store.pk, now)
    if known is None:
        return {name: field.initial for name, field in Planned.base_fields.items()}
    return {"base": f"{max(0.1, 100 * known.base):.1f}", "a_month": known.a_month}


def _plan(asked: Mapping[str, Any]) -> list[dict[str, Any]]:
    """For each gain, how many shoppers and months each share of holdout takes."""
    base = float(asked["base"]) / 100
    rows = []
    for lift in _LIFTS:
        if base * (1 + lift / 100) >= 1:
            continue
        units = [units_needed(base, lift / 100, share / 100) for share in _HOLDOUTS]
        rows.append({"lift": lift, "cells": [(f"{count:,}", _long(count, asked["a_month"])) for count in units]})
    return rows


def _long(units: int, a_month: int) -> str:
    months = months_needed(units, a_month)
    return in_months(months) if months else "–"


# -- one experiment


@dataclass(frozen=True, slots=True)
class Line:
    """One difference, ready to be drawn: its value, its interval in words, and where they lie on a line."""

    definition: Definition
    value: str
    bounds: str  # 95 %: +1.64 to +9.33 points, p 0.0011
    low: float
    width: float
    at: float
    zero: float = 50.0


def told(found: Findings) -> dict[str, Any]:
    """What the page shows of the findings."""
    experiment = found.experiment
    return {
        "experiment": experiment,
        "found": found,
        "store": experiment.store,
        "arms": [_arm(arm) for arm in found.arms],
        "comparisons": [
            (one, trial_words.gained(one), _lines(one, found.currency, len(found.comparisons)))
            for one in found.comparisons
        ],
        "mismatch": trial_words.chance_alone(found.mismatch) if found.mismatch is not None else "",
        "with_offer": any(arm.get("offer") for arm in experiment.arms),
        "words": trial_words,
        "curves": _curves(found.curve),
        "cap": money(found.cap, found.currency) if found.cap is not None else "",
        "reworded": reworded(experiment),
    }


def _arm(arm: Any) -> dict[str, Any]:
    ordered = arm.outcomes.ordered if arm.outcomes else None
    return {
        "name": arm.name,
        "planned": f"{100 * arm.share:.0f} %",
        "assigned": arm.assigned,
        "open": arm.assigned - arm.settled,
        "settled": arm.settled,
        "ordered": arm.ordered,
        "rate": f"{100 * ordered.mean:.2f} %" if ordered else "–",
        "foreign": arm.foreign_orders,
    }


def _lines(one: Comparison, currency: str, among: int) -> list[Line]:
    together = f"for all {among} comparisons together" if among > 1 else ""
    asked: list[tuple[Definition, Estimate | None, bool, str]] = [
        (trial_words.ANY_TIME, one.held, True, together),
        (trial_words.ORDERED, one.orders, True, _with("orders", one)),
        (trial_words.STRATIFIED, one.stratified, True, ""),
        (trial_words.REVENUE, one.revenue, False, _with("revenue", one)),
        (trial_words.CAPPED, one.capped, False, ""),
        (trial_words.ADJUSTED, one.adjusted.estimate if one.adjusted else None, False, _saved(one)),
        (trial_words.MARGIN, one.margin, False, _with("margin", one)),
        (trial_words.PER_ORDER, one.per_order, False, ""),
    ]
    return [_line(meant, found, share, note, currency) for meant, found, share, note in asked if found is not None]


def _with(name: str, one: Comparison) -> str:
    """The p after Holm, for the questions that are asked together; "" where it was not asked."""
    if len(one.adjusted_ps) < 2 or name not in one.adjusted_ps:
        return ""
    return f"{trial_words.chance_alone(one.adjusted_ps[name])} as one of {len(one.adjusted_ps)} questions (Holm)"


def _saved(one: Comparison) -> str:
    return f"{100 * one.adjusted.saved:.0f} % of the variance is gone" if one.adjusted else ""


def _line(meant: Definition, found: Estimate, share: bool, note: str, currency: str) -> Line:
    # Zero stands in the middle, and the interval reaches at most to the edges.
    reach = max(abs(found.low), abs(found.high)) * 1.05 or 1.0
    at, low, high = (50 + 50 * value / reach for value in (found.value, found.low, found.high))
    unit, scale = ("points", 100) if share else (currency, 1)
    value, bottom, top = (f"{scale * end:+,.2f}" for end in (found.value, found.low, found.high))
    bounds = f"95 %: {bottom} to {top} {unit}, {trial_words.chance_alone(found.p)}"
    return Line(
        meant,
        f"{value} {unit}",
        f"{bounds}; {note}" if note else bounds,
        round(low, 2),
        round(max(high - low, 0.6), 2),
        round(at, 2),
    )


def _curves(curves: Mapping[str, Sequence[Point]]) -> dict[str, Any] | None:
    """The return curves as a drawing 600 by 220 and as rows of a table."""
    if not curves:
        return None
    top = max((point.high for points in curves.values() for point in points), default=0.0) or 0.01
    hours = [point.hours for point in next(iter(curves.values()))]
    return {
        "lines": [(name, _path(points, top), number) for number, (name, points) in enumerate(curves.items(), 1)],
        "top": f"{100 * top:.0f} %",
        "names": list(curves),
        "rows": [(_hours(hour), [_cell(points[row]) for points in curves.values()]) for row, hour in enumerate(hours)],
        "marks": [(f"{40 + 550 * _along(hour):.1f}", _hours(hour)) for hour in (4, 24, 72, 168, 336)],
    }


def _path(points: Sequence[Point], top: float) -> str:
    steps = [f"{40 + 550 * _along(point.hours):.1f},{190 - 170 * point.share / top:.1f}" for point in points]
    return " ".join(["40.0,190.0", *steps])


def _along(hours: float) -> float:
    """Hours on a scale that gives the first day as much room as the fortnight: square root of the share of it."""
    return float((hours / 336) ** 0.5)


def _hours(hours: float) -> str:
    return f"{hours:.0f} h" if hours < 48 else f"{hours / 24:.0f} d"


def _cell(point: Point) -> str:
    return f"{100 * point.share:.1f} % ({100 * point.low:.1f} to {100 * point.high:.1f})"


def _csv(experiment: Experiment, rows: Sequence[tuple[Any, ...]], with_margin: bool) -> HttpResponse:
    skipped = set() if with_margin else {COLUMNS.index("margin")}
    told = ([value.isoformat() if isinstance(value, datetime) else value for value in row] for row in [COLUMNS, *rows])
    lines = ([value for number, value in enumerate(row) if number not in skipped] for row in told)
    return _file(lines, f"experiment-{experiment.pk}")


def _file(lines: Iterable[Sequence[Any]], name: str) -> HttpResponse:
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    csv.writer(answer).writerows(lines)
    return answer
