"""What an offer leaves: the arms of a test that differ in it, as net margin a shopper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Q

from customers.models import Store
from recovery.experiments.plans import DEFAULTS
from recovery.models import Experiment, Offer, OfferKind
from recovery.reports.asked import Asked
from recovery.reports.trial_sums import Arm, Kinds, Outcomes, arm_of, caps_of, outcomes_of, shares
from recovery.reports.trials import held_of, mismatch_of, planned_of
from recovery.statistics.break_even import lift_to_break_even
from recovery.statistics.estimates import Estimate, mean_difference, relative_difference
from recovery.statistics.sums import Sums
from recovery.statistics.verdict import BLOCKED, Verdict, verdict

#: The newest tests of the asked days that are told.
_MOST = 6


@dataclass(frozen=True, slots=True)
class OfferTrial:
    """One arm with an offer against the arm that gets the same without it, of shoppers whose window is over.

    `margin` is a shopper's: None without a margin of the store, while an arm has fewer than two settled shoppers, and
    where the arms cannot be compared (not `comparable`: they were not filled in the planned shares). `alike` says that
    the arms differ in the offer alone. `lift` is the seen relative rise in orders, for one look; `needed` the one that
    pays for the discount where every buyer uses it. `given_anyway` is about what was taken off the orders of shoppers
    who would have ordered without it.
    """

    experiment: Experiment
    offer_id: int
    arm: str
    against: str
    n: int
    open: int
    alike: bool
    verdict: Verdict
    margin: Estimate | None = None
    lift: Estimate | None = None
    needed: float | None = None
    given_anyway: float | None = None
    comparable: bool = True


def offer_tests(asked: Asked) -> list[Experiment]:
    """The tests of offers that ran in the asked days, the newest first."""
    during = Q(ended_at=None) | Q(ended_at__gt=asked.period.since)
    rows = Experiment.objects.filter(
        during, store=asked.store, kind="variants", started_at__lte=asked.as_of, started_at__lt=asked.period.until
    )
    return [one for one in rows.select_related("store", "flow")[: 4 * _MOST] if _differs(one)][:_MOST]


def offer_trials(store: Store, tests: Sequence[Experiment], as_of: datetime) -> list[OfferTrial]:
    """Each over all of its time."""
    offers = Offer.objects.in_bulk({arm["offer"] for one in tests for arm in one.arms if arm["offer"]})
    found = outcomes_of(store, tests, as_of, caps_of(store, tests, as_of))
    return [told for one in tests for told in _told(one, offers, found[one.pk])]


def _differs(one: Experiment) -> bool:
    offers = {arm.get("offer") for arm in one.arms}
    return None in offers and len(offers) > 1


def _told(one: Experiment, offers: Mapping[int, Offer], kinds: Kinds) -> list[OfferTrial]:
    share = one.store.margin / 100 if one.store.margin is not None else None
    arms = {name: arm_of(name, part, kinds.get(name, {}), share) for name, part in shares(one).items()}
    mismatch = mismatch_of(one, arms)
    found = []
    for arm in one.arms:
        offer = offers.get(arm["offer"] or 0)
        if offer:
            twin = _twin(arm, one.arms)
            alike = all(arm[name] == twin[name] for name in ("template", "delay"))
            sides = arms[arm["name"]], arms[twin["name"]]
            found.append(_judged(one, offer, sides, alike=alike, mismatch=mismatch, share=share))
    return found


def _twin(arm: Mapping[str, Any], arms: list[dict[str, Any]]) -> dict[str, Any]:
    """The arm without an offer that is most like it."""
    bare = [other for other in arms if other["offer"] is None]
    return max(bare, key=lambda other: sum(other[name] == arm[name] for name in ("template", "delay")))


def _judged(
    one: Experiment, offer: Offer, sides: tuple[Arm, Arm], *, alike: bool, mismatch: float | None, share: Decimal | None
) -> OfferTrial:
    own, base = sides
    n = own.settled + base.settled
    about = (one, offer.pk, own.name, base.name, n, own.assigned + base.assigned - n, alike)
    mine, theirs = own.outcomes, base.outcomes
    early = verdict(None, n, mismatch)
    if early.word == BLOCKED:
        return OfferTrial(*about, early, comparable=False)
    if mine is None or theirs is None or min(own.settled, base.settled) < 2:
        return OfferTrial(*about, early)
    alpha = float({**DEFAULTS, **one.plan}["alpha"])
    seen: dict[str, Any] = {"lift": _lift(mine.ordered, theirs.ordered, alpha), "given_anyway": _anyway(mine, theirs)}
    if share is None:
        return OfferTrial(*about, Verdict(BLOCKED, why="the store's margin is not known"), **seen)
    margin = mean_difference(mine.margin, theirs.margin, alpha=alpha)
    among = sum(1 for arm in one.arms if arm["offer"])
    held = held_of(margin, (mine.ordered, theirs.ordered), planned_of(one, theirs.ordered), alpha / among)
    return OfferTrial(
        *about,
        verdict(held, n, mismatch),
        margin=held or margin,
        needed=_needed(offer, float(share), theirs),
        **seen,
    )


def _lift(own: Sums, base: Sums, alpha: float) -> Estimate | None:
    return relative_difference(own, base, alpha=alpha) if base.mean else None


def _needed(offer: Offer, margin: float, without: Outcomes) -> float | None:
    """With the offer's own terms; an amount is measured by the average order of those without it."""
    if offer.kind == OfferKind.PERCENT:
        return lift_to_break_even(margin, float(offer.value) / 100)
    orders = without.per_order.x
    average = without.revenue.y / orders if orders else 0.0
    return lift_to_break_even(margin, min(1.0, float(offer.value) / average)) if average else None


def _anyway(own: Outcomes, base: Outcomes) -> float | None:
    """Settled shoppers × the share that ordered without it × what was taken off an order."""
    orders = own.per_order.x
    return own.ordered.n * base.ordered.mean * own.discount / orders if orders else None
