"""Keeps the sums of settled draws (`recovery.reports.draw_sums`), and drops those that an event has touched."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from datetime import timedelta as td
from itertools import islice
from time import perf_counter

from django.db import transaction

from config.lib.logline import handed
from customers.models import Store
from recovery.models import DrawSums, Experiment, ExperimentKind, TouchedDraw
from recovery.reports.draw_sums import SPANS, Ask, Question, Span, afresh, settings_of, told_of
from recovery.reports.draws import FIRST_DRAWN, ORDERED
from recovery.reports.guardrails import WATCHED_SUMS
from recovery.reports.kept import fetch, run
from recovery.reports.period import Period
from recovery.reports.trial_sums import BEFORE, CAP, OUTCOMES, RETURNS, caps_of

log = logging.getLogger("cartback.rollup")

#: Days that one statement sums.
BATCH = 31


def roll_up(now: datetime, *, limit: int = BATCH) -> int:
    """Drop what was touched, and sum the settled days that are not kept; returns how many."""
    began = perf_counter()
    for pk in TouchedDraw.objects.values_list("experiment_id", flat=True).distinct():
        _drop_touched(pk)
    done = 0
    stores = Store.objects.filter(experiments__isnull=False).distinct()
    for store, question, ask in ((one, *wanted) for one in stores for wanted in _wanted(one, now)):
        if done >= limit:
            break
        if spans := list(islice(_due(store, question, ask, now), limit - done)):
            _keep(store, question, ask, spans, now)
            done += len(spans)
    if done:
        handed(log, "rollup of draws", count=done, ms=(perf_counter() - began) * 1000)
    return done


# Marks and sums go in one statement: a mark that it does not see stays, and what it sees has happened.
_DROP = """
    WITH gone AS (DELETE FROM recovery_toucheddraw WHERE experiment_id = %(experiment)s RETURNING at, after)
    DELETE FROM recovery_drawsums k USING gone
    WHERE k.experiment_id = %(experiment)s AND gone.at >= k.since AND gone.at < k.until AND gone.after < k.reach
"""


def _drop_touched(experiment_id: int) -> None:
    with transaction.atomic():
        _hold(experiment_id)
        run(_DROP, {"experiment": experiment_id})


def _hold(experiment_id: int) -> None:
    """Nobody takes an experiment's marks away while its sums are made: they could not be seen yet."""
    run("SELECT pg_advisory_xact_lock(%s, %s)", [-1, experiment_id])


def _wanted(store: Store, now: datetime) -> Iterator[tuple[Question, Ask]]:
    """What is to be kept of the store's experiments and is not all there."""
    kept = _counts(store, now)
    for question, ask in questions(store, now):
        many = 1 if question is CAP else len(_days(store, question, ask, now))
        if kept.get((ask.experiment.pk, question.name, settings_of(question, store, ask)), 0) < many:
            yield question, ask


def questions(store: Store, now: datetime) -> Iterator[tuple[Question, Ask]]:
    """All that is asked of the store's draws. The caps come first: outcomes are cut by them."""
    experiments = list(Experiment.objects.filter(store=store, started_at__lte=now))
    for one in experiments:
        yield CAP, Ask.planned(one, since=one.started_at - BEFORE, until=one.started_at)
    caps = caps_of(store, experiments, now)
    for one in experiments:
        yield ORDERED, Ask.planned(one)
        if one.kind == ExperimentKind.HOLDOUT:
            yield FIRST_DRAWN, Ask.planned(one)
        yield OUTCOMES, Ask.planned(one, cap=caps.get(one.pk))
        yield RETURNS, Ask.planned(one)
        if any(arm.get("offer") for arm in one.arms):
            yield WATCHED_SUMS, Ask.planned(one)


_COUNTS = """
    SELECT k.experiment_id, k.question, k.settings, count(*)
    FROM recovery_experiment e JOIN recovery_drawsums k ON k.experiment_id = e.id
    WHERE e.store_id = %(store)s AND coalesce(k.valid_until > %(now)s, true) GROUP BY 1, 2, 3
"""


def _counts(store: Store, now: datetime) -> dict[tuple[int, str, str], int]:
    """How many spans of each are kept and hold."""
    return {(pk, name, settings): n for pk, name, settings, n in fetch(_COUNTS, {"store": store.pk, "now": now})}


def _due(store: Store, question: Question, ask: Ask, now: datetime) -> Iterator[Span]:
    """The spans that are settled and not kept, the newest first."""
    rows = DrawSums.objects.filter(
        experiment=ask.experiment, question=question.name, settings=settings_of(question, store, ask)
    )
    kept = set(rows.exclude(valid_until__lte=now).values_list("since", flat=True))
    return (span for span in _spans(store, question, ask, now) if span[0] not in kept)


def _spans(store: Store, question: Question, ask: Ask, now: datetime) -> Iterator[Span]:
    """Local days; or all that was asked, where that is not about draws."""
    if question is CAP:
        return iter([(ask.since, ask.until)])
    days = (Period(day, day, store.zone) for day in _days(store, question, ask, now))
    return ((day.since, day.until) for day in days)


def _days(store: Store, question: Question, ask: Ask, now: datetime) -> list[date]:
    """The days on which all draws are settled, the newest first. An experiment that has ended draws nobody any more."""
    first, end = ask.experiment.started_at, now - question.reach(ask)
    over = min(end, ask.experiment.ended_at + td(days=1)) if ask.experiment.ended_at else end
    last, first_day = (moment.astimezone(store.zone).date() for moment in (over, first))
    return [last - td(days=n) for n in range(1, (last - first_day).days + 1)]


def _keep(store: Store, question: Question, ask: Ask, spans: Sequence[Span], now: datetime) -> None:
    parts = [(ask, span) for span in spans]
    settings = settings_of(question, store, ask)
    with transaction.atomic():
        _hold(ask.experiment.pk)
        old = DrawSums.objects.filter(experiment=ask.experiment, question=question.name)
        old.filter(since__in=[since for since, _ in spans]).delete()
        old.exclude(settings=settings).delete()
        holds = _holds(store, question, parts, now)
        found: dict[datetime, list[tuple[str, str, list[str]]]] = {since: [] for since, _ in spans}
        for _, part, arm, kind, *numbers in afresh(question, store, parts, now):
            found[part].append((arm, kind, [str(number) for number in numbers]))
        DrawSums.objects.bulk_create(
            DrawSums(
                experiment=ask.experiment,
                question=question.name,
                since=since,
                until=until,
                reach=question.reach(ask),
                settings=settings,
                rows=found[since],
                **holds[since],
            )
            for since, until in spans
        )


_HOLDS = """
    SELECT part, max(at) FILTER (WHERE at <= %(as_of)s), min(at) FILTER (WHERE at > %(as_of)s)
    FROM ({spans} {times}) times(part, at) GROUP BY part
"""


def _holds(
    store: Store, question: Question, parts: Sequence[tuple[Ask, Span]], now: datetime
) -> dict[datetime, dict[str, datetime | None]]:
    """By the beginning of each part: between which times asking again would give what it gives now."""
    reach = question.reach(parts[0][0])
    told = told_of(store, parts, now) | {"reach": reach}
    rows = fetch(_HOLDS.format(spans=SPANS, times=question.times), told)
    found = {part: (since, until) for part, since, until in rows}
    holds = {}
    for _, (since, until) in parts:
        last, following = found.get(since, (None, None))
        settled = until + reach
        holds[since] = {"valid_from": max(settled, last or settled), "valid_until": following}
    return holds
