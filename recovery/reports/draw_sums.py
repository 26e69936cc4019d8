"""Sums over the draws of experiments, kept by local day where they are settled.

A question adds up, for each arm, what shoppers did within some time after their draw. Once that time is over for all
draws of a day, only a late or corrected event can change their sums, and triggers tell of it (TouchedDraw). So a page
reads what is kept, judges the youngest draws afresh by the same statement, and adds the two.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from datetime import timedelta as td
from decimal import Decimal
from itertools import chain
from typing import Any

from customers.models import Store
from recovery.experiments.plans import DEFAULTS
from recovery.models import Experiment
from recovery.reports.kept import fetch

#: Raised when what a question adds up changes, so that all of it is made anew.
_SHAPE = 1
BEGINNING, END = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)

#: By experiment, arm and kind: the numbers of a question, in its order.
Answer = dict[tuple[int, str, str], list[Decimal]]


# A part is a span of time, named by its beginning: a day that is to be kept, or all that is not kept.
SPANS = """
    WITH span AS NOT MATERIALIZED (
        SELECT * FROM unnest(%(experiments)s::bigint[], %(since)s::timestamptz[], %(until)s::timestamptz[],
            %(windows)s::interval[], %(caps)s::numeric[], %(arms)s::text[])
            AS span(experiment_id, since, until, "window", cap, arm)
    ), drawn AS NOT MATERIALIZED (
        SELECT a.experiment_id, span.since AS part, a.arm, a.customer_id, a.assigned_at, a.cart_id, span."window",
            span.cap, a.assigned_at <= %(as_of)s - span."window" AS settled
        FROM span JOIN recovery_assignment a ON a.experiment_id = span.experiment_id
            AND a.assigned_at >= span.since AND a.assigned_at < span.until AND a.assigned_at <= %(as_of)s
            AND (span.arm = '' OR a.arm = span.arm)
    )
"""
# Times after the draws were settled at which their sums may change by themselves: an order may be cancelled later, or
# be said to be in a minute, by another clock than ours.
TIMES = """
    SELECT d.part, times.at FROM drawn d CROSS JOIN LATERAL (
        SELECT t.at FROM carts_order o CROSS JOIN LATERAL (VALUES (o.paid_at), (o.cancelled_at), (o.deleted_at)) t(at)
        WHERE o.store_id = %(store)s AND o.customer_id = d.customer_id AND o.placed_at - d.assigned_at < %(reach)s
        UNION ALL
        SELECT r.at FROM carts_order o JOIN carts_refund r ON r.store_id = o.store_id
            AND r.order_external_id = o.external_id
        WHERE o.store_id = %(store)s AND o.customer_id = d.customer_id AND o.placed_at - d.assigned_at < %(reach)s
        UNION ALL
        SELECT c.merged_at FROM carts_cart c WHERE c.store_id = %(store)s AND c.customer_id = d.customer_id
        UNION ALL
        SELECT c.first_abandoned_at + %(reach)s FROM carts_cart c WHERE c.id = d.cart_id
    ) times
"""


@dataclass(frozen=True, slots=True)
class Ask:
    """The draws of one experiment, from `since` until before `until`, or those into one `arm` of it. Spending counts up
    to `cap`, if given."""

    experiment: Experiment
    window: td
    since: datetime = BEGINNING
    until: datetime = END
    cap: Decimal | None = None
    arm: str = ""

    @classmethod
    def planned(cls, experiment: Experiment, **more: Any) -> Ask:
        """Over the window of the experiment's own plan."""
        return cls(experiment, td(days={**DEFAULTS, **experiment.plan}["window_days"]), **more)


@dataclass(frozen=True, slots=True)
class Question:
    """`sql` goes on from `SPANS` and gives experiment, part, arm, kind and numbers. What happens later than `reach`
    after a draw is nothing to it. `times` gives for each part when else the answer may change by itself."""

    name: str
    sql: str
    reach: Callable[[Ask], td]
    times: str = TIMES


Span = tuple[datetime, datetime]


def answered(question: Question, store: Store, asks: Sequence[Ask], as_of: datetime) -> Answer:
    """Of experiments of the store, each asked once, as everything stood at `as_of`."""
    found: Answer = {}
    rest: list[tuple[Ask, Span]] = []
    known = _kept(question, store, asks, as_of)
    for ask in asks:
        spans = known.get(ask.experiment.pk, {})
        for arm, kind, numbers in chain(*spans.values()):
            if ask.arm in ("", arm):
                _add(found, (ask.experiment.pk, arm, kind), numbers)
        rest += ((ask, span) for span in _gaps(ask, spans))
    for experiment_id, _, arm, kind, *numbers in afresh(question, store, rest, as_of):
        _add(found, (experiment_id, arm, kind), numbers)
    return found


def afresh(
    question: Question, store: Store, parts: Sequence[tuple[Ask, Span]], as_of: datetime
) -> list[tuple[Any, ...]]:
    """A row for each experiment, part, arm and kind."""
    return fetch(SPANS + question.sql, told_of(store, parts, as_of)) if parts else []


def told_of(store: Store, parts: Sequence[tuple[Ask, Span]], as_of: datetime) -> dict[str, Any]:
    """The parameters of SPANS, with the store and its currency."""
    asks = [ask for ask, _ in parts]
    return {
        "store": store.pk,
        "currency": store.currency,
        "as_of": as_of,
        "experiments": [ask.experiment.pk for ask in asks],
        "windows": [ask.window for ask in asks],
        "caps": [ask.cap for ask in asks],
        "arms": [ask.arm for ask in asks],
        "since": [since for _, (since, _) in parts],
        "until": [until for _, (_, until) in parts],
    }


def settings_of(question: Question, store: Store, ask: Ask) -> str:
    """All that the kept sums hang on beside the events."""
    told = repr((_SHAPE, question.name, store.timezone, store.currency, ask.window, question.reach(ask), ask.cap))
    return hashlib.sha256(told.encode()).hexdigest()


_KEPT = """
    SELECT k.experiment_id, k.since, k.until, k.rows
    FROM unnest(%(experiments)s::bigint[], %(settings)s::text[], %(since)s::timestamptz[], %(until)s::timestamptz[])
        AS ask(experiment_id, settings, since, until)
    JOIN recovery_drawsums k ON k.experiment_id = ask.experiment_id AND k.question = %(question)s
        AND k.settings = ask.settings AND k.since >= ask.since AND k.until <= ask.until
    WHERE k.valid_from <= %(as_of)s AND coalesce(k.valid_until > %(as_of)s, true)
      AND NOT EXISTS (SELECT FROM recovery_toucheddraw t WHERE t.experiment_id = k.experiment_id
                      AND t.at >= k.since AND t.at < k.until AND t.after < k.reach)
    ORDER BY k.since
"""


def _kept(question: Question, store: Store, asks: Sequence[Ask], as_of: datetime) -> dict[int, dict[Span, list[Any]]]:
    """By experiment and span, those in the order of time."""
    told = {
        "question": question.name,
        "as_of": as_of,
        "experiments": [ask.experiment.pk for ask in asks],
        "settings": [settings_of(question, store, ask) for ask in asks],
        "since": [ask.since for ask in asks],
        "until": [ask.until for ask in asks],
    }
    found: dict[int, dict[Span, list[Any]]] = defaultdict(dict)
    for experiment_id, since, until, rows in fetch(_KEPT, told) if asks else []:
        found[experiment_id][since, until] = json.loads(rows)
    return found


def _gaps(ask: Ask, spans: Iterable[Span]) -> list[Span]:
    """What of the asked time none of the spans covers."""
    found, at = [], ask.since
    for since, until in spans:
        if at < since:
            found.append((at, since))
        at = until
    return [*found, (at, ask.until)] if at < ask.until else found


def _add(found: Answer, key: tuple[int, str, str], numbers: Iterable[Any]) -> None:
    told = [Decimal(number) for number in numbers]
    known = found.get(key)
    found[key] = [a + b for a, b in zip(known, told, strict=True)] if known else told


def by_arm(experiment: Experiment, found: Answer) -> Mapping[str, dict[str, list[Decimal]]]:
    """What was found of one experiment, by arm and then by kind."""
    arms: dict[str, dict[str, list[Decimal]]] = defaultdict(dict)
    for (pk, arm, kind), numbers in found.items():
        if pk == experiment.pk:
            arms[arm][kind] = numbers
    return arms
