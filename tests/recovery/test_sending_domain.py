"""What the DNS says of a sender's domain, put into words that one can act on."""

from __future__ import annotations

from typing import Any

import pytest

from config.lib.dns import NoAnswer
from recovery.sending_domain import SELECTORS, Finding, dkim, dmarc, findings, spf


def zone(**records: Any) -> Any:
    """A look-up over these names, dots written as two underscores."""
    known = {name.replace("__", "."): [texts] if isinstance(texts, str) else texts for name, texts in records.items()}
    return lambda name: known.get(name, [])


def one_spf(*records: str, service: str = "") -> Finding:
    return spf("shop.example", zone(shop__example=list(records)), service)


@pytest.mark.parametrize(
    ("records", "tone", "word"),
    [
        ([], "bad", "no SPF record"),
        (["google-site-verification=x"], "bad", "no SPF record"),
        (["v=spf1 mx -all"], "good", "nobody else"),
        (["V=SPF1 include:_spf.google.com ~all"], "good", "nobody else"),
        (["v=spf1 redirect=_spf.example"], "good", "nobody else"),
        (["v=spf1 +all"], "bad", "every server"),
        (["v=spf1 mx ?all"], "warn", "nothing about servers"),
        (["v=spf1 mx -all", "v=spf1 a -all"], "bad", "2 SPF records"),
        (["v=spf10 mx -all"], "bad", "no SPF record"),
    ],
)
def test_spf(records, tone, word):
    found = one_spf(*records)
    assert found.tone == tone and word in found.found


def test_spf_that_leaves_the_service_out_shows_the_record_with_it():
    found = one_spf("v=spf1 mx -all", service="mailgun")
    assert (found.tone, found.record) == ("warn", "v=spf1 include:mailgun.org mx -all")
    assert one_spf("v=spf1 include:mailgun.org -all", service="mailgun").tone == "good"


def test_dkim_is_tried_under_the_usual_names():
    found = dkim("shop.example", zone(**{"selector1._domainkey.shop.example": "v=DKIM1; k=rsa; p=MIGf"}))
    assert found.tone == "good" and "selector1" in found.found
    assert dkim("shop.example", zone()).tone == "warn"


def test_dkim_under_ones_own_selector_asks_for_that_alone():
    asked: list[str] = []
    assert dkim("shop.example", lambda name: asked.append(name) or [], "mine").tone == "bad"  # type: ignore[func-returns-value]
    assert asked == ["mine._domainkey.shop.example"] and len(SELECTORS) > 10


def test_a_withdrawn_key_is_told():
    assert "withdrawn" in dkim("shop.example", zone(**{"s1._domainkey.shop.example": "v=DKIM1; p="})).found


@pytest.mark.parametrize(
    ("record", "tone"),
    [("v=DMARC1; p=none", "good"), ("v=DMARC1;p=reject; rua=mailto:a@b.example", "good"), ("v=DMARC1; p=what", "bad"),
     ("v=DMARC1", "bad"), ("v=DMARC2; p=none", "bad")],
)  # fmt: skip
def test_dmarc(record, tone):
    assert dmarc("shop.example", zone(**{"_dmarc.shop.example": record})).tone == tone


def test_dmarc_of_the_domain_above_counts():
    above = zone(**{"_dmarc.shop.example": "v=DMARC1; p=quarantine"})
    assert dmarc("news.shop.example", above).tone == "good"
    assert dmarc("shop.example", zone(_dmarc__example="v=DMARC1; p=none")).tone == "bad"


def test_where_nobody_answers_nothing_is_claimed():
    def silent(name: str) -> list[str]:
        raise NoAnswer(f"the DNS gave no answer about {name}")

    assert {(one.what, one.tone) for one in findings("shop.example", silent)} == {
        ("SPF", "warn"), ("DKIM", "warn"), ("DMARC", "warn"),
    }  # fmt: skip
