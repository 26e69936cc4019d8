"""One step of a flow as a form: when, what, by which channels in which order, and for which carts only."""

from __future__ import annotations

from datetime import timedelta as td
from itertools import groupby
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import QueryDict
from unfold.widgets import UnfoldAdminSelectWidget

from recovery.admin.fields import SpanField
from recovery.admin.questions import QUESTIONS, Row, Rows
from recovery.flows.publish import StepPlan
from recovery.models import Flow, FlowStep, MessageTemplate, Offer, WithoutOffer

#: What a step sends, in the order of preference.
_TEMPLATES = ("template", "second", "third")


class StepForm(forms.Form):
    """What every step has. Its conditions are rows of their own: see `Editor`."""

    delay = SpanField(label="Send it")
    template = forms.ModelChoiceField(
        MessageTemplate.objects.none(), widget=UnfoldAdminSelectWidget, label="First choice"
    )
    second = forms.ModelChoiceField(
        MessageTemplate.objects.none(),
        required=False,
        widget=UnfoldAdminSelectWidget,
        label="If that cannot reach them",
    )
    third = forms.ModelChoiceField(
        MessageTemplate.objects.none(),
        required=False,
        widget=UnfoldAdminSelectWidget,
        label="And else",
    )
    offer = forms.ModelChoiceField(
        Offer.objects.none(), required=False, widget=UnfoldAdminSelectWidget, label="Discount", empty_label="None"
    )
    without_offer = forms.ChoiceField(
        required=False,
        choices=WithoutOffer.choices,
        widget=UnfoldAdminSelectWidget,
        label="Where they may not have it",
    )
    late_after = SpanField(label="Skip it when it is late by", initial=td(hours=6))

    def __init__(self, *args: Any, flow: Flow, step: FlowStep | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        templates = MessageTemplate.objects.filter(store=flow.store_id).order_by("channel", "name")
        choices = _by_channel(templates)
        for name in _TEMPLATES:
            chosen: Any = self.fields[name]
            chosen.queryset = templates
            chosen.choices = [("", "Choose a template" if name == "template" else "Nothing more"), *choices]

        offers: Any = self.fields["offer"]
        kept = step.offer_id if step else None
        offers.queryset = Offer.objects.filter(Q(is_active=True) | Q(pk=kept), store=flow.store_id)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        chosen = [cleaned[name] for name in _TEMPLATES if cleaned.get(name)]
        if len({template.channel for template in chosen}) < len(chosen):
            raise ValidationError("Two of the templates go by the same channel: choose one for each channel.")
        return cleaned


def _by_channel(templates: Any) -> list[tuple[str, list[tuple[int, str]]]]:
    """As an option group for each channel."""
    groups = groupby(templates, key=lambda row: str(row.get_channel_display()))
    return [(channel, [(row.pk, str(row)) for row in rows]) for channel, rows in groups]


class Editor:
    """A step while it is edited: the form, the rows of its conditions, and what they come to."""

    def __init__(self, flow: Flow, step: FlowStep | None, data: QueryDict | None = None) -> None:
        self.flow, self.step = flow, step
        if data is None:
            self.form = StepForm(flow=flow, step=step, initial=_initial(step))
            self.rows = Rows.of(step.conditions) if step else Rows()
        else:
            self.form = StepForm(data, flow=flow, step=step)
            self.rows = Rows.posted(data)

    @property
    def name(self) -> str:
        """In the address: the step's id, or "new"."""
        return str(self.step.pk) if self.step else "new"

    @property
    def questions(self) -> Any:
        return QUESTIONS

    @property
    def blanks(self) -> list[Row]:
        """An empty row of every question, to be copied in the browser."""
        return [Row("__row__", question, question.first) for question in QUESTIONS]

    def rearrange(self, do: str, data: QueryDict) -> bool:
        """A button that only changes the form, such as "add condition"; False for any other."""
        verb, _, what = do.partition(":")
        if verb == "add-condition":
            self.rows.add(data.get("question", ""))
        elif verb == "remove-condition":
            self.rows.remove(what)
        else:
            return False
        self.form = StepForm(flow=self.flow, step=self.step, initial=_as_typed(self.form))
        return True

    def is_valid(self) -> bool:
        return all([self.form.is_valid(), self.rows.is_valid()])

    def plan(self) -> StepPlan:
        """The step as it is written down."""
        found = self.form.cleaned_data
        others = [found[name] for name in _TEMPLATES[1:] if found.get(name)]
        return StepPlan(found["delay"], found["template"], found["late_after"], self.rows.raw(), others, *self._offer())

    def _offer(self) -> tuple[Offer | None, str]:
        found = self.form.cleaned_data
        return found.get("offer"), found.get("without_offer") or WithoutOffer.SEND


def _as_typed(form: StepForm) -> dict[str, Any]:
    """What was typed so far, right or wrong, for a form that does not complain yet."""
    return {name: form[name].value() for name in form.fields}


def _initial(step: FlowStep | None) -> dict[str, Any]:
    if step is None:
        return {}
    others = [fallback.template_id for fallback in step.fallbacks.all()] + [None, None]
    return {
        "delay": step.delay,
        "template": step.template_id,
        "second": others[0],
        "third": others[1],
        "late_after": step.late_after,
        "offer": step.offer_id,
        "without_offer": step.without_offer,
    }
