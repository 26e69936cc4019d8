"""Shares of answers with their intervals, and the scores after orders."""

from __future__ import annotations

from datetime import timedelta as td

import pytest

from recovery.models import SurveyAsk
from recovery.reports.asked import Asked
from recovery.reports.period import period
from recovery.reports.reasons import as_json, reasons_of, scores_of
from recovery.statistics.scores import mean_score, net_promoters
from tests.factories import NOW, abandoned_cart, make_store, order, put


def test_nps_is_45_with_its_error_of_740():
    score = net_promoters({10: 35, 9: 25, 8: 15, 7: 10, 6: 5, 0: 10})
    assert score and (round(score.value, 9), round(score.se or 0, 2), score.n) == (45, 7.40, 100)
    assert (round(score.low or 0, 2), round(score.high or 0, 2)) == (30.50, 59.50)


def test_a_mean_score_has_students_interval():
    score = mean_score({4: 1, 5: 1, 6: 1})  # t(2) = 4.3027, se = 1/√3
    assert score and (score.value, round(score.low or 0, 4), round(score.high or 0, 4)) == (5.0, 2.5159, 7.4841)


def test_one_answer_has_no_interval_and_none_has_no_score():
    one = mean_score({5: 1})
    assert one and (one.value, one.low, one.high) == (5.0, None, None)
    assert mean_score({}) is None and net_promoters({}) is None


@pytest.mark.django_db
def test_reasons_are_shares_of_the_answers_and_the_rest_lowers_the_response_rate():
    store = make_store()
    for n, code in enumerate(["trust", "later", "later", ""]):
        cart = abandoned_cart(store, f"C{n}", device="mobile" if n % 2 else "desktop")
        answered = NOW + td(hours=1) if code else None
        SurveyAsk.objects.create(
            store=store, kind="why", cart=cart, via="page", asked_at=NOW, answered_at=answered, code=code
        )
    asked = Asked(store, period(None, None, as_of=NOW, zone=store.zone), NOW + td(days=1))
    found = reasons_of(asked)
    assert (found.asked, found.answered) == (4, 3)
    assert [(code, rate.hits, rate.n) for code, rate in found.shares.items()] == [("later", 2, 3), ("trust", 1, 3)]
    assert found.by_device == {"desktop": {"trust": 1, "later": 1}, "mobile": {"later": 1}}
    assert as_json(asked)["why"]["response"] == {"value": 0.75, "low": 0.300642, "high": 0.954413, "hits": 3, "n": 4}
    assert reasons_of(Asked(store, asked.period, NOW, device="mobile")).answered == 0


@pytest.mark.django_db
def test_satisfaction_is_the_share_of_fours_and_fives():
    store = make_store()
    for n, score in enumerate([5, 4, 2]):
        put(store, order(f"O{n}", token="", at=NOW))
        bought = store.orders.get(external_id=f"O{n}")
        SurveyAsk.objects.create(
            store=store, kind="csat", order=bought, via="email", asked_at=NOW, answered_at=NOW, score=score
        )
    (found,) = scores_of(Asked(store, period(None, None, as_of=NOW, zone=store.zone), NOW))
    assert found.share and (found.kind, found.share.hits, found.share.n) == ("csat", 2, 3)
