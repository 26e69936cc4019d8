"""Before a draft is published: what will be other than now, and what stands in the way, with the way to mend it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from customers.admin.base import address
from recovery.flows.publish import changes, problems, warnings
from recovery.models import Flow, FlowStep, FlowVersion

_STEP = re.compile(r"\b[Ss]tep (\d+)")


@dataclass(frozen=True, slots=True)
class Found:
    """A problem in a sentence, and (words, address) of where it is mended."""

    text: str
    mend: list[tuple[str, str]]


def review(flow: Flow) -> dict[str, Any]:
    """The context of the page that one publishes from; {} where there is no draft."""
    draft = flow.versions.filter(published_at=None).first()
    if draft is None:
        return {}
    steps = list(draft.steps.select_related("template").prefetch_related("fallbacks__template", "variants__template"))
    return {
        "draft": draft,
        "changes": changes(flow),
        "problems": [_found(flow, text, steps) for text in problems(_known(draft, flow))],
        "warnings": [_found(flow, text, steps) for text in warnings(_known(draft, flow))],
    }


def _known(draft: FlowVersion, flow: Flow) -> FlowVersion:
    draft.flow = flow
    return draft


def _found(flow: Flow, text: str, steps: Sequence[FlowStep]) -> Found:
    named = _STEP.search(text)
    step = next((step for step in steps if named and step.position == int(named[1])), None)
    if step is None:
        return Found(text, [("Add a step", f"{address(flow)}?edit=new#step-new")] if not steps else [])
    edit = (f"Edit step {step.position}", f"{address(flow)}?edit={step.pk}#step-{step.pk}")
    own = [step.template, *(one.template for one in step.fallbacks.all())]
    own += [one.template for one in step.variants.all() if one.template]
    written = [
        (f"Write “{template}”", reverse("admin:recovery_messagetemplate_change", args=[template.pk]))
        for template in dict.fromkeys(own)
        if f"“{template}”" in text
    ]
    return Found(text, [*written, edit])
