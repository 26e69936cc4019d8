"""Every verdict and reason that the code writes is told in words."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from recovery.providers.twilio.codes import CODES
from recovery.reports.timeline import known_verdicts
from recovery.reports.words import in_months, known_reasons, reason_in_words
from tests.house.source import modules, tree

#: Which argument of these is the reason.
_REASONS = {
    "Skip": 0, "Defer": 1, "Refused": 0, "Permanent": 0, "Transient": 0, "Ambiguous": 0, "Misconfigured": 0,
}  # fmt: skip
_ELSEWHERE = {"Refused": "recovery/callbacks"}  # another exception by that name: its argument is a sentence


def written(argument_of: dict[str, int], *places: str) -> Iterator[tuple[str, str]]:
    for path in modules(*places):
        for node in ast.walk(tree(path)):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            name, at = node.func.id, argument_of.get(node.func.id)
            if at is None or at >= len(node.args) or _ELSEWHERE.get(name, "-") in str(path):
                continue
            found = node.args[at]
            if isinstance(found, ast.Constant) and isinstance(found.value, str) and found.value:
                yield f"{path.name}:{node.lineno}", found.value


def test_every_reason_has_words() -> None:
    known = {code for code, _ in known_reasons()}
    found = list(written(_REASONS, "customers", "recovery"))
    assert len(found) > 40
    assert [(where, code) for where, code in found if code not in known] == []


def test_every_verdict_has_words() -> None:
    known = {verdict for verdict, _ in known_verdicts()}
    found = [
        pair
        for pair in written({"Entry": 2, "entry_of": 1}, "recovery")
        if not pair[0].startswith(("timeline", "stories"))
    ]
    assert len(found) > 6
    assert [(where, verdict) for where, verdict in found if verdict not in known] == []


@pytest.mark.parametrize("code", sorted(CODES))
def test_a_code_of_twilios_is_told_with_its_number(code: int) -> None:
    assert reason_in_words(f"twilio_{code}") == f"{CODES[code].meaning} (Twilio {code})"


@pytest.mark.parametrize(("code", "words"), [
    ("twilio_99999", "Twilio said 99999"), ("smtp_451", "the mail server said 451"), ("to sms", "by SMS instead"),
    ("http_503", "the mail service said 503"), ("smtp_mailbox_unavailable", "smtp mailbox unavailable"),
    ("told_later", "its answer was lost, and it told us later"), ("something_new", "something new"),
])  # fmt: skip
def test_other_codes_are_told_as_well_as_may_be(code: str, words: str) -> None:
    assert reason_in_words(code) == words


def test_nobody_waits_for_so_many_months() -> None:
    assert [in_months(count) for count in (1, 18, 120, 1578)] == ["1 month", "18 months", "120 months", "over 10 years"]
