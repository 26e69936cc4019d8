"""Why shoppers left and how content those who bought were, in their own answers: shares with their response rate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, Count, F, Q, QuerySet, When

from recovery.models import SurveyAsk, SurveyKind
from recovery.reports.asked import Asked
from recovery.reports.rates import Rate
from recovery.statistics.scores import Score, mean_score, net_promoters
from recovery.surveys import REASONS

_AFTER_ORDER = (SurveyKind.CSAT, SurveyKind.CES, SurveyKind.NPS)


@dataclass(frozen=True, slots=True)
class Reasons:
    """The answers of a period. `by_stage` and `by_device`: for each value, how often each reason was given there."""

    asked: int
    answered: int
    shares: dict[str, Rate]  # every reason that was given, the most frequent first
    by_stage: dict[str, Counter[str]]
    by_device: dict[str, Counter[str]]

    @property
    def response(self) -> Rate | None:
        return Rate.of(self.answered, self.asked)


@dataclass(frozen=True, slots=True)
class Scores:
    """One question after orders. CSAT has a `share`, CES and NPS have a `score`."""

    kind: str
    asked: int
    answered: int
    share: Rate | None = None
    score: Score | None = None

    @property
    def response(self) -> Rate | None:
        return Rate.of(self.answered, self.asked)


def reasons_of(asked: Asked) -> Reasons:
    """What was asked in the period, and what of it was answered by `as_of`. The filters device, currency and flow are
    those of the cart."""
    rows = _asks(asked, SurveyKind.WHY)
    counts: Counter[str] = Counter()
    stages: dict[str, Counter[str]] = {}
    devices: dict[str, Counter[str]] = {}
    answers = rows.filter(answered_at__lte=asked.as_of).values_list("code", "cart__stage", "cart__device")
    for code, stage, device, n in answers.annotate(n=Count("pk", distinct=True)).order_by():
        counts[code] += n
        stages.setdefault(stage or "", Counter())[code] += n
        devices.setdefault(device or "", Counter())[code] += n
    ranked = sorted(counts, key=lambda code: (-counts[code], REASONS.index(code)))
    shares = {code: rate for code in ranked if (rate := Rate.of(counts[code], counts.total()))}
    return Reasons(_number(rows), counts.total(), shares, stages, devices)


def scores_of(asked: Asked) -> list[Scores]:
    """The questions after orders that were asked in the period."""
    told = Case(When(answered_at__lte=asked.as_of, then=F("score")))
    rows = _asks(asked, *_AFTER_ORDER).annotate(told=told).order_by().values_list("kind", "told")
    counts: dict[str, dict[int | None, int]] = {}
    for kind, score, n in rows.annotate(n=Count("pk", distinct=True)):
        counts.setdefault(kind, {})[score] = n
    return [_scores(kind, counts[kind]) for kind in _AFTER_ORDER if kind in counts]


def _scores(kind: str, counts: Mapping[int | None, int]) -> Scores:
    """From how often each score was given; None: not answered."""
    given = {score: n for score, n in counts.items() if score is not None}
    asked, n = sum(counts.values()), sum(given.values())
    if kind == SurveyKind.CSAT:
        return Scores(kind, asked, n, share=Rate.of(_at_least(given, 4), n))
    reading = mean_score if kind == SurveyKind.CES else net_promoters
    return Scores(kind, asked, n, score=reading(given))


def _at_least(counts: Mapping[int, int], score: int) -> int:
    return sum(n for given, n in counts.items() if given >= score)


def _number(rows: QuerySet[SurveyAsk]) -> int:
    return rows.values("pk").distinct().count()


def _asks(asked: Asked, *kinds: str) -> QuerySet[SurveyAsk]:
    which = Q(store=asked.store, kind__in=kinds, asked_at__gte=asked.period.since, asked_at__lt=asked.period.until)
    which &= Q(asked_at__lte=asked.as_of)
    cart = "cart" if SurveyKind.WHY in kinds else "order__cart"
    if asked.currency:
        which &= Q(**{f"{cart}__currency": asked.currency})
    if asked.device:
        which &= Q(**{f"{cart}__device": asked.device})
    if asked.flow:
        which &= Q(**{f"{cart}__enrolments__flow": asked.flow})
    return SurveyAsk.objects.filter(which)


# -- as JSON


def as_json(asked: Asked) -> dict[str, Any]:
    """Plain values: shares with n and interval, the response rate beside them."""
    why = reasons_of(asked)
    return {
        "why": {
            "asked": why.asked,
            "answered": why.answered,
            "response": rate_json(why.response),
            "reasons": {code: rate_json(rate) for code, rate in why.shares.items()},
            "by_stage": {stage: dict(counts) for stage, counts in sorted(why.by_stage.items())},
            "by_device": {device: dict(counts) for device, counts in sorted(why.by_device.items())},
        },
        "after_order": {
            one.kind: {
                "asked": one.asked,
                "answered": one.answered,
                "response": rate_json(one.response),
                "share": rate_json(one.share),
                "score": _score(one.score),
            }
            for one in scores_of(asked)
        },
    }


def rate_json(rate: Rate | None) -> dict[str, Any] | None:
    """A share with its interval and what it is made of; None where there is nothing to divide by."""
    if rate is None:
        return None
    return {"value": round(rate.value, 6), "low": round(rate.low, 6), "high": round(rate.high, 6), "hits": rate.hits,
            "n": rate.n}  # fmt: skip


def _score(score: Score | None) -> dict[str, Any] | None:
    if score is None:
        return None
    told = {"value": score.value, "se": score.se, "low": score.low, "high": score.high}
    return {name: None if value is None else round(value, 4) for name, value in told.items()} | {"n": score.n}
