from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from customers.admin.base import address
from customers.models import Membership, Role, Store
from recovery.experiments.plans import store_holdout
from recovery.models import Experiment, TemplateVersion
from recovery.reports.trials import findings
from tests.factories import ago, make_flow, make_store
from tests.recovery.experiments.scene import template, two_variants
from tests.recovery.reports.test_trials import draw, experiment, order, people, shoppers

pytestmark = pytest.mark.django_db

AB = [{"name": "A", "weight": 1}, {"name": "B", "weight": 1}]


def text_of(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def overview(client: Client, store: Store, **asked: str) -> str:
    return text_of(client.get(reverse("admin_experiments"), {"store": store.slug, **asked}))


def test_a_shop_is_told_how_long_it_would_take(boss: Client, store: Store) -> None:
    text = overview(boss, store, base="10", a_month="500")
    assert '8,945<br><span class="cb-soft">18 months' in text
    assert '3,542<br><span class="cb-soft">7 months' in text
    assert "No experiment has run yet" in text


def test_nonsense_in_the_planner_is_refused_in_words(boss: Client, store: Store) -> None:
    assert "less than or equal to 90" in overview(boss, store, base="100")


def test_a_holdout_is_set_and_ended_on_the_page(boss: Client, store: Store) -> None:
    address = reverse("admin_hold_out", args=[store.slug])
    assert "The holdout is set" in text_of(boss.post(address, {"percent": "10"}, follow=True))
    assert store_holdout(store) == 10
    assert "whole number of percent" in text_of(boss.post(address, {"percent": "80"}, follow=True))
    assert store_holdout(store) == 10
    boss.post(address, {"percent": "0"})
    assert store_holdout(store) == 0


def test_a_verdict_is_given_in_words(boss: Client, store: Store) -> None:
    trial = experiment(store, plan={"units": 3000})
    shoppers(trial, 3000, lift=0.08)
    text = text_of(boss.get(reverse("admin_experiment", args=[trial.pk])))
    assert "With messages (treated) against without (holdout): proven gain" in text
    assert "Margin unknown" in text
    assert text.count("How is this computed?") == 9


def test_the_list_gives_each_experiment_its_verdict(boss: Client, store: Store) -> None:
    trial = experiment(store, plan={"units": 3000})
    shoppers(trial, 3000, lift=0.08)
    experiment(store, AB, flow=make_flow(store), kind="variants", position=1)
    text = overview(boss, store)
    assert '<span class="cb-pill cb-good">proven gain</span> </p>' in text
    assert "treated: 1,463<br>holdout: 1,537" in text
    assert '<span class="cb-pill">too early</span> B against A<br>' in text and "too few customers or orders" in text


def test_arms_are_listed_and_compared_in_the_order_of_their_numbers(boss: Client, store: Store) -> None:
    arms = [{"name": name, "weight": 1} for name in ("1 h", "4 h", "24 h")]
    trial = experiment(store, arms, flow=make_flow(store), kind="variants", position=1)
    assert "4 h and 24 h against 1 h" in overview(boss, store)
    for who, arm in zip(people(store, 3), ("24 h", "4 h", "1 h"), strict=True):
        draw(trial, who, arm)
    assert list(findings(trial, as_of=timezone.now()).curve) == ["1 h", "4 h", "24 h"]
    page = text_of(boss.get(reverse("admin_experiment", args=[trial.pk])))
    assert page.index("4 h against 1 h: too early") < page.index("24 h against 1 h: too early")


def test_however_many_experiments_are_listed_their_draws_are_counted_at_once(
    boss: Client, store: Store, django_assert_num_queries: Any
) -> None:
    experiment(store)
    overview(boss, store)
    with CaptureQueriesContext(connection) as one:
        overview(boss, store)
    for _ in range(3):
        experiment(store, ended_at=ago(days=1))
    with django_assert_num_queries(len(one)):
        overview(boss, store)


def test_variants_are_compared_by_who_orders_and_the_chance_is_no_verdict(boss: Client, store: Store) -> None:
    trial = experiment(store, AB, flow=make_flow(store), kind="variants", position=1)
    shoppers(trial, 400, lift=0.0)
    text = text_of(boss.get(reverse("admin_experiment", args=[trial.pk])))
    assert "B against A: not proven yet" in text
    assert "Chance that “B” has the higher order rate" in text and "No verdict rests on it" in text
    assert "At the control's rate about" in text.replace("&#x27;", "'")


def test_a_plan_that_the_stores_past_cannot_tell_says_what_it_takes_for_granted(boss: Client, store: Store) -> None:
    boss.post(reverse("admin_hold_out", args=[store.slug]), {"percent": "50"})
    text = text_of(boss.get(reverse("admin_experiment", args=[Experiment.objects.get().pk])))
    assert "7,676, if 10 of 100 order by themselves" in text and "past did not tell" in text


def test_an_experiment_of_nobody_says_when_numbers_appear(boss: Client, store: Store) -> None:
    text = text_of(boss.get(reverse("admin_experiment", args=[experiment(store).pk])))
    assert "too early" in text
    assert "Nobody has been drawn yet" in text


def test_the_shoppers_behind_the_numbers_come_as_rows(boss: Client, store: Store) -> None:
    trial = experiment(store)
    (ann,) = people(store, 1)
    draw(trial, ann, "treated")
    order(ann, ago(days=29))
    answer = boss.get(reverse("admin_experiment", args=[trial.pk]), {"format": "csv"})
    (row,) = csv.DictReader(io.StringIO(answer.content.decode()))
    assert (row["customer"], row["arm"], row["orders"], row["revenue"]) == (str(ann.pk), "treated", "1", "100.000")
    assert "margin" not in row


def test_another_store_keeps_its_experiments(client: Client, store: Store) -> None:
    stranger = User.objects.create_user("stranger", is_staff=True)
    Membership.objects.create(user=stranger, store=store, role=Role.OWNER)
    client.force_login(stranger)
    others = make_store(slug="others")
    trial = experiment(others)
    assert client.get(reverse("admin_experiment", args=[trial.pk])).status_code == 404
    assert client.get(reverse("admin_experiments"), {"store": "others"}).status_code == 404
    assert client.post(reverse("admin_hold_out", args=["others"]), {"percent": "50"}).status_code == 404
    assert Experiment.objects.get(store=others).ended_at is None


def test_an_analyst_reads_and_changes_nothing(clerk: Any, store: Store) -> None:
    client = clerk("recovery.view_experiment", "customers.view_store")
    assert "Held out, in percent" not in overview(client, store)
    assert client.post(reverse("admin_hold_out", args=[store.slug]), {"percent": "50"}).status_code == 404
    assert store_holdout(store) == 0


def test_words_that_change_under_a_test_are_told_before_and_after(boss: Client, store: Store) -> None:
    two_variants(store)
    words = template(store)
    assert "figures from before and after cannot be compared" in text_of(boss.get(address(words)))
    now = timezone.now()
    TemplateVersion.objects.create(template=words, number=2, edited_at=now, published_at=now)
    page = text_of(boss.get(reverse("admin_experiment", args=[Experiment.objects.get().pk])))
    assert "The words changed while it ran" in page and f"{words}, version 2" in page


def test_words_that_are_not_tested_are_written_without_a_warning(boss: Client, store: Store) -> None:
    assert "cannot be compared" not in text_of(boss.get(address(template(store))))
