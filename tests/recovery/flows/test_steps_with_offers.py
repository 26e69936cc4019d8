from __future__ import annotations

from datetime import timedelta as td

import pytest
from django.db import ProgrammingError, transaction

from recovery.flows.publish import CannotPublish, StepPlan, draft_of, publish, write_steps
from recovery.models import Flow, FlowStep, WithoutOffer
from tests.factories import NOW, make_flow, make_offer, make_store

pytestmark = pytest.mark.django_db


def _flow_with_an_offer() -> Flow:
    flow = make_flow(make_store())
    template = FlowStep.objects.filter(version__flow=flow)[0].template
    offer = make_offer(flow.store)
    write_steps(flow, [StepPlan(td(hours=1), template, offer=offer, without_offer=WithoutOffer.SKIP)])
    return flow


def test_a_draft_takes_the_offers_of_what_is_published() -> None:
    flow = _flow_with_an_offer()
    publish(flow, now=NOW)
    step = draft_of(flow).steps.get()
    assert (str(step.offer), step.without_offer) == ("Ten percent", "skip")


@pytest.mark.parametrize("change", [{"offer": None}, {"without_offer": "send"}])
def test_the_offer_of_a_published_step_never_changes(change: dict[str, str | None]) -> None:
    flow = _flow_with_an_offer()
    step = publish(flow, now=NOW).steps.get()
    with pytest.raises(ProgrammingError, match="never changes"), transaction.atomic():
        FlowStep.objects.filter(pk=step.pk).update(**change)


def test_a_step_with_an_offer_of_another_store_is_not_published() -> None:
    flow = _flow_with_an_offer()
    flow.versions.get(published_at=None).steps.update(offer=make_offer(make_store()))
    with pytest.raises(CannotPublish, match="an offer of another store"):
        publish(flow, now=NOW)


def test_a_store_goes_with_its_offers() -> None:
    flow = _flow_with_an_offer()
    flow.delete()
    assert flow.store.delete()[0] > 0
