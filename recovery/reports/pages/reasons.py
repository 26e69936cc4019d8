"""Why shoppers left, and how content those were who bought, in their own answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from recovery.reports import definitions
from recovery.reports.asked import DEVICES, Asked
from recovery.reports.definitions import TOO_FEW
from recovery.reports.rates import Rate
from recovery.reports.reasons import Reasons, Scores, reasons_of, scores_of
from recovery.reports.sheet import Card, Section, Table
from recovery.reports.words import answer_in_words
from recovery.statistics.scores import Score

_STAGES = {"cart": "Cart", "checkout": "Checkout", "contact": "Contact given", "shipping": "Shipping given",
           "payment": "Payment tried"}  # fmt: skip
_SCORES = {"csat": definitions.CSAT, "ces": definitions.CES, "nps": definitions.NPS}


def reasons(asked: Asked) -> list[Section]:
    """The reasons, by stage and by device, and the scores of the questions after orders."""
    found = reasons_of(asked)
    return [
        _why(found),
        *_split("By how far they got", "stages", found, found.by_stage, _STAGES),
        *_split("By device", "reason-devices", found, found.by_device, DEVICES),
        *(_scored(one) for one in scores_of(asked)),
    ]


def _why(found: Reasons) -> Section:
    if not found.asked:
        empty = (
            "Nobody was asked in these days. The question stands on the page behind a recovery link that cannot open "
            "its cart, after unsubscribing and in the message settings; the store's page turns it off and on."
        )
        return Section("Why they left", definitions.REASONS, empty=empty)
    rows = [(answer_in_words(code), rate) for code, rate in found.shares.items()]
    few = 0 < found.answered < TOO_FEW
    return Section(
        "Why they left",
        definitions.REASONS,
        cards=[Card(definitions.RESPONSE, found.response)],
        tables=[Table("reasons", ("Reason", "Share of the answers"), rows)],
        note=f"Too few answers to rank the reasons: {found.answered}." if few else "",
    )


def _split(
    title: str, key: str, found: Reasons, by: Mapping[str, Counter[str]], names: Mapping[str, str]
) -> list[Section]:
    """For each value that enough answered from, the shares of the reasons there."""
    values = [value for value in (*names, *sorted(by.keys() - names.keys())) if value in by]
    if not found.answered:
        return []
    rows = [
        (f"{names.get(value, value) or 'Not told'}: {answer_in_words(code)}", Rate.of(n, by[value].total()))
        for value in values
        for code, n in by[value].most_common(3)
    ]
    head = ("The most frequent reasons", "Share of the answers there")
    return [Section(title, definitions.REASONS, tables=[Table(key, head, rows)])]


def _scored(one: Scores) -> Section:
    meant = _SCORES[one.kind]
    cards = [Card(meant, one.share or (f"{one.score.value:.1f}" if one.score else None), _interval(one.score))]
    return Section(
        meant.title, meant, cards=[*cards, Card(definitions.RESPONSE, one.response)],
        note="" if one.answered >= TOO_FEW else f"Too few answers to say much: {one.answered}.",
    )  # fmt: skip


def _interval(score: Score | None) -> str:
    if score is None or score.low is None or score.high is None:
        return ""
    return f"95 %: {score.low:.1f} to {score.high:.1f}, n {score.n}, standard error {score.se:.2f}"
