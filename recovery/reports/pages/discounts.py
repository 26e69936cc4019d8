"""What discounts were given, what was used of them, what they cost, and what they leave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from recovery.models import Offer
from recovery.reports import definitions
from recovery.reports.asked import Asked
from recovery.reports.codes import Given, codes_given
from recovery.reports.guardrails import Watched, guardrails, open_of, over_of, watched
from recovery.reports.offer_trials import OfferTrial, offer_tests, offer_trials
from recovery.reports.rates import Rate
from recovery.reports.sheet import Amount, Cell, Gap, Section, Table

_UNKNOWN = "margin unknown"


def discounts(asked: Asked) -> list[Section]:
    """By offer, of the codes that were given in the period; and of the tests that ran then, what the offer leaves."""
    return discounts_at_once(asked)[0]


def discounts_at_once(*asked: Asked) -> list[list[Section]]:
    """A page for each period, of one store and moment: a test that ran in several is judged once."""
    store, as_of = asked[0].store, asked[0].as_of
    ran = [{test.pk: test for test in offer_tests(one)} for one in asked]
    trials = offer_trials(store, list({pk: test for tests in ran for pk, test in tests.items()}.values()), as_of)
    arms = watched(store, trials, as_of)
    names = dict(Offer.objects.filter(store=store).values_list("pk", "name"))
    own = [[trial for trial in trials if trial.experiment.pk in tests] for tests in ran]
    return [_page(*of, arms, names) for of in zip(asked, own, strict=True)]


def _page(
    asked: Asked, trials: list[OfferTrial], arms: Mapping[tuple[int, str], Watched], names: dict[int, str]
) -> list[Section]:
    given = codes_given(
        asked.store, as_of=asked.as_of, since=asked.period.since, until=asked.period.until, currency=asked.currency
    )
    after = [_taught(trials, arms, names)] if trials else []
    return [_codes(given, names), _margin(asked, given, trials, names), *after]


def _codes(given: Sequence[Given], names: dict[int, str]) -> Section:
    rows = [
        (names[one.offer_id], one.given, one.given - one.over, Rate.of(one.redeemed, one.over),
         Amount(one.taken_off, one.currency), Amount(one.paid, one.currency))
        for one in sorted(given, key=lambda one: (names[one.offer_id], one.currency))
    ]  # fmt: skip
    head = ("Offer", "Given", "Still valid", "Redeemed, of those over", "Taken off orders", "Paid on these orders")
    return Section(
        "Codes given in these days",
        definitions.CODES,
        tables=[Table("offers", head, rows)],
        empty="" if rows else "No code was given in these days.",
    )


def _margin(asked: Asked, given: Sequence[Given], trials: Sequence[OfferTrial], names: dict[int, str]) -> Section:
    """Offers that no test speaks of are named too: what they leave cannot be known."""
    currency = asked.store.currency
    rows = [_told(one, names[one.offer_id], currency) for one in trials]
    untested = sorted({one.offer_id for one in given} - {one.offer_id for one in trials}, key=lambda pk: names[pk])
    rows += [(names[pk], "–", None, None, None, None, "cannot be known without a test") for pk in untested]
    head = ("Offer", "Tested", f"Net margin per 1,000 shoppers, {currency}", "Orders rose by", "To break even",
            "Given to shoppers who would have ordered anyway, about", "Verdict")  # fmt: skip
    return Section(
        "Do they leave more than they give away?",
        definitions.OFFER_MARGIN,
        tables=[Table("offer-margin", head, rows)],
        note=_note(asked, trials, untested=bool(untested)),
        empty="" if rows else "No code was given, and no test of an offer ran, in these days.",
    )


def _told(one: OfferTrial, name: str, currency: str) -> tuple[Cell, ...]:
    found = one.margin.times(1000) if one.margin else None
    margin: Cell = Gap(found.value, found.low, found.high, one.n, currency) if found else None
    margin = _UNKNOWN if one.experiment.store.margin is None else margin
    return (
        name,
        _tested(one),
        margin,
        f"{_percent(one.lift.value)} ({_percent(one.lift.low)} to {_percent(one.lift.high)})" if one.lift else None,
        _percent(one.needed),
        Amount(Decimal(one.given_anyway), currency) if one.given_anyway is not None else None,
        str(one.verdict),
    )


def _tested(one: OfferTrial) -> str:
    flow = f"“{one.experiment.flow}”" if one.experiment.flow else "all flows"
    tested = f"{one.arm} against {one.against}, step {one.experiment.position} of {flow}"
    return tested if one.alike else f"{tested} (they differ in more than the offer)"


def _taught(trials: Sequence[OfferTrial], arms: Mapping[tuple[int, str], Watched], names: Mapping[int, str]) -> Section:
    """What shoppers did in the 90 days after they were drawn to get the offer, or the same without it."""
    rows: list[Sequence[Cell]] = []
    for one in trials:
        for asked in guardrails(one, arms):
            known = asked.own or asked.twin
            gap = Gap(asked.gap.value, asked.gap.low, asked.gap.high, over_of(one, arms)) if asked.gap else None
            rows += [(names[one.offer_id], _tested(one), asked.question, asked.own, asked.twin, gap)] if known else []
    still_open = open_of(trials, arms)
    left = f"{still_open:,} shoppers have not had their 90 days yet, and are in none of it." if still_open else ""
    head = ("Offer", "Tested", "In 90 days", "With the offer", "The same without", "Difference")
    return Section(
        "What do they teach shoppers?",
        definitions.GUARDRAILS,
        tables=[Table("offer-guardrails", head, rows)],
        note=left,
        empty="" if rows else f"No shopper of these tests has had 90 days since the draw yet. {left}".strip(),
    )


def _percent(share: float | None) -> str | None:
    return f"{100 * share:+.1f} %" if share is not None else None


def _note(asked: Asked, trials: Sequence[OfferTrial], *, untested: bool) -> str:
    told = []
    if asked.store.margin is None:
        told.append(f"{_UNKNOWN.capitalize()}: enter it on the store's page, and what a discount leaves is told.")
    if untested:
        told.append(
            "Redemptions cannot tell whether a discount pays: people who would have bought anyway redeem codes too. "
            "Give the step two variants, one with the offer and one without."
        )
    still_open = sum(one.open for one in trials)
    return " ".join([*told, *([f"Drawn shoppers still open: {still_open:,}."] if still_open else [])])
