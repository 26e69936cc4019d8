"""The page of a flow: what it shows of each step, and how a step is changed, added and taken out."""

from __future__ import annotations

from datetime import timedelta as td
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.urls import reverse
from django.utils import timezone

from customers.admin.base import address
from customers.models import Channel
from recovery.admin.questions import QUESTIONS
from recovery.conditions import KINDS
from recovery.experiments.foresight import OwnNumbers
from recovery.flows.publish import StepPlan, draft_of, write_steps
from recovery.flows.standard import install_template
from recovery.models import Flow, FlowStep, MessageTemplate, Offer
from tests.factories import NOW, after, make_flow, make_store
from tests.recovery.reports.story import bought, click, credit, message, silent

pytestmark = pytest.mark.django_db


@pytest.fixture
def flow(store: Any) -> Flow:
    return Flow.objects.get(store=store)


@pytest.fixture
def by_sms(store: Any) -> MessageTemplate:
    return install_template(store, "reminder", Channel.SMS, now=NOW)


def step(flow: Flow, position: int) -> FlowStep:
    return flow.versions.all()[0].steps.get(position=position)


def editor(flow: Flow, which: Any = "new") -> str:
    """The address that a step's editor posts to."""
    return reverse("admin:recovery_flow_step", args=[flow.pk, getattr(which, "pk", which)])


def typed(template: MessageTemplate, number: int | str = 2, unit: str = "hour", **fields: Any) -> dict[str, Any]:
    """What the editor posts: sent after that time, skipped when six hours late."""
    common = {"template": template.pk, "delay_0": number, "delay_1": unit, "late_after_0": 6, "late_after_1": "hour"}
    return {**common, "without_offer": "send", "do": "save", **fields}


def asked(*rows: tuple[str, str, str]) -> dict[str, Any]:
    """Rows of conditions as the editor posts them: question, operator, value."""
    posted: dict[str, Any] = {"condition": [f"c{n}" for n, _ in enumerate(rows)]}
    for n, (question, key, value) in enumerate(rows):
        posted |= {f"c{n}-question": question, f"c{n}-key": key, f"c{n}-value": value}
    return posted


def drafted(flow: Flow) -> list[tuple[td, dict[str, Any]]]:
    return [(row.delay, row.conditions) for row in draft_of(flow).steps.all()]


def said(response: Any) -> str:
    return " ".join(str(line) for line in get_messages(response.wsgi_request))


def test_variants_that_are_the_same_are_told_on_the_page_in_the_editor_and_before_publishing(boss, flow):
    first = step(flow, 1)
    same = {"variant": ["v0", "v1"], "v0-name": "A", "v0-weight": 1, "v1-name": "B", "v1-weight": 1}
    boss.post(editor(flow, first), typed(first.template, 30, "minute", **same))
    edit, publishing = (
        f"{address(flow)}?edit={step(flow, 1).pk}",
        reverse("admin:recovery_flow_publish", args=[flow.pk]),
    )
    pages = [boss.get(at).content.decode() for at in (address(flow), edit, publishing)]
    told = [page.count("ariants A and B are the same") for page in pages]
    assert told == [1, 1, 1]


def test_a_changed_step_makes_a_draft_and_moves_to_its_time(boss, flow):
    last = step(flow, 3)
    boss.post(editor(flow, last), typed(last.template, 2, **asked(("min_total", "min_total", "50"))))
    assert drafted(flow) == [(td(minutes=30), {}), (td(hours=2), {"min_total": "50"}), (td(days=1), {})]
    assert [row.delay.days for row in flow.versions.get(number=1).steps.all()] == [0, 1, 3]


def test_a_step_is_added_in_the_order_of_its_time(boss, flow, by_sms):
    boss.post(editor(flow), typed(by_sms, 90, "minute"))
    assert [row.channel for row in draft_of(flow).steps.all()] == ["email", "sms", "email", "email"]


def test_a_step_is_taken_out_of_the_draft_only(boss, flow):
    boss.post(editor(flow, step(flow, 2)), {"do": "remove"})
    assert drafted(flow) == [(td(minutes=30), {}), (td(days=3), {})]
    assert flow.versions.get(number=1).steps.count() == 3


def test_a_step_that_somebody_changed_meanwhile_is_not_overwritten(boss, flow):
    seen = step(flow, 1)
    write_steps(flow, [StepPlan(td(hours=1), seen.template)])
    assert "Somebody changed this flow meanwhile" in said(boss.post(editor(flow, seen), typed(seen.template, 9)))
    assert drafted(flow) == [(td(hours=1), {})]


def test_every_kind_of_condition_is_kept_as_it_was_asked(boss, flow):
    rows = [("max_total", "99.50"), ("shopper", "new"), ("countries", "fi, se"), ("items", "LIN-M, p2")]
    rows += [("min_orders", "3"), ("max_days_since_order", "90"), ("languages", "FI, pt_BR"), ("discount", "without")]
    posted = asked(*[(name, name, value) for name, value in rows])
    posted |= {"condition": [*posted["condition"], "d"], "d-question": "devices", "d-key": "devices"}
    posted["d-value"] = ["mobile", "tablet"]
    boss.post(editor(flow), typed(step(flow, 1).template, **posted))
    assert drafted(flow)[1][1] == {
        "max_total": "99.50", "shopper": "new", "countries": ["FI", "SE"], "items": ["LIN-M", "p2"],
        "min_orders": "3", "max_days_since_order": "90", "languages": ["fi", "pt-br"], "discount": "without",
        "devices": ["mobile", "tablet"],
    }  # fmt: skip


def test_a_condition_is_shown_in_words(boss, flow):
    first = step(flow, 1)
    boss.post(editor(flow, first), typed(first.template, **asked(("min_total", "min_total", "50"))))
    assert "carts worth at least 50" in boss.get(address(flow)).content.decode()


def test_a_condition_is_added_and_removed_without_javascript(boss, flow):
    rows = typed(step(flow, 1).template, **asked(("min_total", "min_total", "50")))
    page = boss.post(editor(flow), rows | {"do": "add-condition", "question": "countries"}).content.decode()
    assert 'name="c0-value" value="50"' in page and 'name="c1-question" value="countries"' in page
    page = boss.post(editor(flow), rows | {"do": "remove-condition:c0"}).content.decode()
    assert 'name="c0-value"' not in page
    assert flow.versions.count() == 1


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ([("min_total", "min_total", "much")], "min_total is no amount."),
        ([("countries", "countries", "")], "Choose a value, or remove this condition."),
        ([("min_total", "min_total", "5"), ("min_total", "min_total", "9")], "“Cart value is at least” is asked twice"),
    ],
)
def test_a_condition_that_cannot_be_asked_is_refused_beside_its_row(boss, flow, rows, problem):
    page = boss.post(editor(flow), typed(step(flow, 1).template, **asked(*rows))).content.decode()
    assert problem in page
    assert flow.versions.count() == 1


def test_a_step_keeps_what_goes_where_its_channel_does_not_reach(boss, flow, by_sms):
    first = step(flow, 1)
    boss.post(editor(flow, first), typed(first.template, second=by_sms.pk))
    kept = draft_of(flow).steps.get(position=1)
    assert [(other.channel, other.template) for other in kept.fallbacks.all()] == [("sms", by_sms)]


def test_a_step_goes_once_by_a_channel(boss, flow):
    posted = typed(step(flow, 1).template, second=step(flow, 2).template_id)
    assert "Two of the templates go by the same channel" in boss.post(editor(flow), posted).content.decode()


def test_a_step_carries_an_offer_of_its_own_store_only(boss, flow, store):
    own, strange = (Offer.objects.create(store=shop, name="Ten") for shop in (store, make_store()))
    template = step(flow, 1).template
    page = boss.post(editor(flow), typed(template, offer=strange.pk)).content.decode()
    assert "Select a valid choice" in page
    boss.post(editor(flow), typed(template, offer=own.pk, without_offer="skip"))
    kept = draft_of(flow).steps.get(position=2)
    assert (kept.offer, kept.without_offer) == (own, "skip")
    assert "With Ten; where the shopper may not have it, the message is not sent" in page_of(boss, flow)


def page_of(client: Any, flow: Flow, **asked: str) -> str:
    return str(client.get(address(flow), asked).content.decode())


def test_a_step_takes_no_template_of_another_store(boss, flow):
    other = make_store()
    strange = make_flow(other).versions.get().steps.all()[0].template
    assert "Select a valid choice" in boss.post(editor(flow), typed(strange)).content.decode()


def test_a_time_that_is_none_is_refused_beside_its_field(boss, flow):
    page = boss.post(editor(flow), typed(step(flow, 1).template, number="soon")).content.decode()
    assert "Enter a whole number." in page


def test_who_may_only_look_finds_no_way_to_edit(clerk, flow):
    client = clerk("recovery.view_flow")
    page = page_of(client, flow, edit=str(step(flow, 1).pk))
    assert "After 30 minutes" in page and "Save into the draft" not in page and "?edit=" not in page
    assert client.post(editor(flow), typed(step(flow, 1).template)).status_code == 403
    assert flow.versions.count() == 1


def test_a_flow_of_another_store_is_not_there(clerk, flow):
    client = clerk("recovery.view_flow", "recovery.change_flow")
    strange = make_flow(make_store())
    assert client.get(address(strange)).status_code == 404
    assert client.post(editor(strange), {}).status_code == 404


def test_an_earlier_version_can_only_be_looked_at(boss, flow):
    boss.post(editor(flow, step(flow, 2)), {"do": "remove"})
    page = page_of(boss, flow, version="1")
    assert "Version 1 can only be looked at." in page and "After 1 day" in page and "?edit=" not in page


def test_the_settings_hold_for_the_whole_flow(boss, flow):
    posted = {"name": "Silent carts", "days_between": "2", "minimum_gap": "12h"}
    boss.post(reverse("admin:recovery_flow_settings", args=[flow.pk]), posted)
    flow.refresh_from_db()
    assert (flow.name, flow.days_between, flow.minimum_gap) == ("Silent carts", 2, td(hours=12))
    assert flow.versions.count() == 1


def numbers(client: Any, flow: Flow, position: int, **asked: str) -> dict[str, str]:
    """The numbers under a step, all time."""
    told = client.get(address(flow), {"period": "all", **asked}).context["steps"][position - 1]
    return {number.label: number.value for number in told.numbers}


def test_under_a_step_stands_what_became_of_it(boss, flow, store):
    first = message(silent(store, 1), state="delivered")
    seen = click(first, after(hours=2))
    click(message(silent(store, 2)), after(hours=2), machine_reason="scanner")
    credit(seen, bought(store, 1, after(hours=3)))
    for n, reason in enumerate(["held_out", "ordered", "ordered"], 3):
        message(silent(store, n), state="skipped", reason=reason, sent_at=None)
    assert numbers(boss, flow, 1) == {
        "Waiting": "0", "Sent": "2", "Delivered": "1", "Clicked": "1", "Ordered": "1", "Revenue": "91.00 EUR",
        "Held out": "1", "Not sent": "2",
    }  # fmt: skip
    assert "the shopper had ordered" in page_of(boss, flow, period="all")


def test_a_drafts_step_shows_the_numbers_of_what_it_was(boss, flow, store):
    message(silent(store, 1))
    boss.post(editor(flow), typed(install_template(store, "reminder", Channel.SMS, now=NOW), 2))
    found = boss.get(address(flow), {"period": "all"}).context["steps"]
    assert [bool(told.numbers) for told in found] == [True, False, True, True]
    assert numbers(boss, flow, 1)["Sent"] == "1"


def test_numbers_are_of_the_last_30_days_unless_asked(boss, flow, store):
    message(silent(store, 1), planned_at=timezone.now() - td(days=29))
    message(silent(store, 2), planned_at=timezone.now() - td(days=31))
    assert [numbers(boss, flow, 1, period=period)["Sent"] for period in ("30", "90", "all")] == ["1", "2", "2"]


def arms(step: FlowStep) -> list[tuple[Any, ...]]:
    rows = step.variants.all()
    return [(row.name, row.weight, row.template_id, row.delay, row.offer_id, row.no_offer) for row in rows]


def variants(*rows: dict[str, Any]) -> dict[str, Any]:
    """Variants as the editor posts them."""
    posted: dict[str, Any] = {"variant": [f"v{n}" for n, _ in enumerate(rows)]}
    for n, row in enumerate(rows):
        posted |= {f"v{n}-{name}": value for name, value in {"weight": 1, "delay_1": "hour", **row}.items()}
    return posted


def test_variants_of_a_step_keep_in_what_they_differ(boss, flow, store):
    first, other = step(flow, 1), step(flow, 2).template
    ten = Offer.objects.create(store=store, name="Ten")
    rows = variants({"name": "A"}, {"name": "B", "weight": 3, "template": other.pk, "delay_0": 1, "offer": "none"})
    boss.post(editor(flow, first), typed(first.template, 30, "minute", offer=ten.pk, **rows))
    assert arms(step(flow, 1)) == [("A", 1, None, None, None, False), ("B", 3, other.pk, td(hours=1), None, True)]
    page = page_of(boss, flow)
    assert "sends “Help”, after 1 hour, without a discount" in page and "75 %" in page


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ([{"name": "A"}], "One variant alone is compared with nothing"),
        ([{"name": "A"}, {"name": "A"}], "Two variants have the same name"),
        ([{"name": "A"}, {"name": "B", "weight": 0}], "greater than or equal to 1"),
    ],
)
def test_variants_that_compare_nothing_are_refused(boss, flow, rows, problem):
    page = boss.post(editor(flow), typed(step(flow, 1).template, **variants(*rows))).content.decode()
    assert problem in page
    assert flow.versions.count() == 1


def test_a_variant_goes_by_the_channel_of_its_step(boss, flow, by_sms):
    rows = variants({"name": "A"}, {"name": "B", "template": by_sms.pk})
    page = boss.post(editor(flow), typed(step(flow, 1).template, **rows)).content.decode()
    assert "goes by another channel" in page


def test_the_first_variant_comes_with_one_to_compare_it_with(boss, flow):
    page = boss.post(editor(flow), typed(step(flow, 1).template) | {"do": "add-variant"}).content.decode()
    assert 'name="v0-name" value="A"' in page and 'name="v1-name" value="B"' in page


def test_a_holdout_goes_into_the_draft(boss, flow):
    address_of = reverse("admin:recovery_flow_holdout", args=[flow.pk])
    assert "less than or equal to 50" in said(boss.post(address_of, {"percent": "60"}))
    boss.post(address_of, {"percent": "10"})
    assert [version.holdout_percent for version in flow.versions.all()] == [10, 0]
    assert "10 of 100 shoppers get nothing" in page_of(boss, flow)


def test_every_condition_has_its_question():
    assert {key for question in QUESTIONS for key in question.operators} == {kind.name for kind in KINDS}


def test_the_number_of_queries_does_not_grow_with_the_steps(boss, flow, django_assert_max_num_queries):
    template = step(flow, 1).template
    write_steps(flow, [StepPlan(td(hours=n), template) for n in range(1, 9)])
    with django_assert_max_num_queries(12):
        boss.get(address(flow))


def review_of(client: Any, flow: Flow) -> Any:
    return client.get(reverse("admin:recovery_flow_publish", args=[flow.pk]))


def test_a_link_to_a_step_that_is_gone_says_so(boss, flow):
    said = boss.get(address(flow), {"edit": "999999"}).content.decode()
    assert "That step is not here to be edited" in said and "Save into the draft" not in said


def test_publishing_is_reviewed_first(boss, flow, store):
    message(silent(store, 1), state="queued", sent_at=None)
    boss.post(editor(flow, step(flow, 2)), {"do": "remove"})
    found = review_of(boss, flow).context
    assert "Step 3 is gone: new shoppers do not get “Farewell” any more." in found["changes"]
    assert found["changes"][-1] == "1 shopper is within the flow and will finish version 1: 1 for step 1."
    assert found["problems"] == []


def test_before_a_test_is_published_it_is_told_how_long_it_would_take(boss, flow, monkeypatch):
    draft = draft_of(flow)
    type(draft).objects.filter(pk=draft.pk).update(holdout_percent=10)
    (told,) = review_of(boss, flow).context["tests"]
    assert told == (
        "The holdout takes about 19,962 shoppers to show a gain of 20 % in orders, if 10 of 100 order by themselves "
        "(which is taken to be so, since the store's past does not tell)."
    )
    for room in ("recovery.admin.publishing", "recovery.experiments.plans"):
        monkeypatch.setattr(f"{room}.own_numbers", lambda *_: OwnNumbers(0.1, 500))
    assert review_of(boss, flow).context["tests"][0].endswith("500 shoppers a month who fall silent: 40 months.")


def test_a_problem_comes_with_the_way_to_mend_it(boss, flow, store):
    empty = MessageTemplate.objects.create(store=store, name="Empty")
    draft = write_steps(flow, [StepPlan(td(hours=1), empty)])
    response = review_of(boss, flow)
    (problem,) = response.context["problems"]
    edit = f"{address(flow)}?edit={draft.steps.get().pk}#step-{draft.steps.get().pk}"
    assert problem.mend == [("Write “Empty”", address(empty)), ("Edit step 1", edit)]
    assert "Publish version 2" not in response.content.decode()


def test_without_a_draft_there_is_nothing_to_review(boss, flow):
    assert review_of(boss, flow).url == address(flow)
