"""One step of a flow as a form: when, what, by which channels in which order, and for which carts only."""

from __future__ import annotations

from datetime import timedelta as td
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.text import capfirst
from unfold.widgets import UnfoldAdminSelectWidget

from recovery.admin.fields import SpanField
from recovery.admin.questions import QUESTIONS, Question, Row, Rows
from recovery.admin.variants import Choices, Variants
from recovery.flows.publish import StepPlan, said_of_twins
from recovery.models import Flow, FlowStep, MessageTemplate, WithoutOffer

#: What a step sends, in the order of preference.
_TEMPLATES = ("template", "second", "third")


class StepForm(forms.Form):
    """What every step has. Its conditions and variants are rows of their own: see `Editor`."""

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
        MessageTemplate.objects.none(), required=False, widget=UnfoldAdminSelectWidget, label="And else"
    )
    offer = forms.ChoiceField(required=False, widget=UnfoldAdminSelectWidget, label="Discount")
    without_offer = forms.ChoiceField(
        required=False,
        choices=WithoutOffer.choices,
        widget=UnfoldAdminSelectWidget,
        label="Where they may not have it",
    )
    late_after = SpanField(label="Skip it when it is late by", initial=td(hours=6))

    def __init__(self, *args: Any, choices: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in _TEMPLATES:
            chosen: Any = self.fields[name]
            chosen.queryset = choices.templates
            chosen.choices = [("", "Choose a template" if name == "template" else "Nothing more"), *choices.by_channel]
        self.offers = {str(row.pk): row for row in choices.offers}
        offer: Any = self.fields["offer"]
        offer.choices = [("", "None"), *((pk, str(row)) for pk, row in self.offers.items())]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        chosen = [cleaned[name] for name in _TEMPLATES if cleaned.get(name)]
        if len({template.channel for template in chosen}) < len(chosen):
            raise ValidationError("Two of the templates go by the same channel: choose one for each channel.")
        return cleaned

    @property
    def channel(self) -> str:
        """By which the step goes first; "" where that was not chosen."""
        template = self.cleaned_data.get("template")
        return template.channel if template else ""


class Editor:
    """A step while it is edited: the form, the rows of its conditions and variants, and what they come to."""

    def __init__(self, flow: Flow, step: FlowStep | None, data: QueryDict | None = None) -> None:
        self.flow, self.step = flow, step
        self.choices = choices = Choices(flow.store_id, _offers_of(step))
        if data is not None:
            self.form = StepForm(data, choices=choices)
            self.rows, self.variants = Rows.posted(data), Variants.posted(data, choices)
        else:
            self.form = StepForm(initial=_initial(step), choices=choices)
            self.rows = Rows.of(step.conditions) if step else Rows()
            self.variants = Variants.of(step, choices) if step else Variants(choices)

    @property
    def name(self) -> str:
        """In the address: the step's id, or "new"."""
        return str(self.step.pk) if self.step else "new"

    @property
    def twins(self) -> list[str]:
        """Of the variants as they were saved."""
        return [capfirst(said) for said in said_of_twins(self.step)] if self.step else []

    @property
    def questions(self) -> tuple[Question, ...]:
        return QUESTIONS

    @property
    def blanks(self) -> list[Row]:
        """An empty row of every question, to be copied in the browser."""
        return [Row("__row__", question, question.name) for question in QUESTIONS]

    def rearrange(self, do: str, data: QueryDict) -> bool:
        """A button that only changes the form, such as "add-condition"; False for any other."""
        verb, _, what = do.partition(":")
        deeds = {
            "add-condition": lambda: self.rows.add(data.get("question", "")),
            "remove-condition": lambda: self.rows.remove(what),
            "add-variant": self.variants.add,
            "remove-variant": lambda: self.variants.remove(what),
        }
        if verb not in deeds:
            return False
        deeds[verb]()
        self.variants.calm()
        typed = {name: self.form[name].value() for name in self.form.fields}
        self.form = StepForm(initial=typed, choices=self.choices)
        return True

    def is_valid(self) -> bool:
        valid = [self.form.is_valid(), self.rows.is_valid()]
        return all([*valid, self.variants.is_valid(self.form.channel)])

    def plan(self) -> StepPlan:
        """The step as it is written down."""
        found = self.form.cleaned_data
        return StepPlan(
            found["delay"],
            found["template"],
            found["late_after"],
            self.rows.raw(),
            [found[name] for name in _TEMPLATES[1:] if found.get(name)],
            self.form.offers.get(found["offer"]),
            found["without_offer"] or WithoutOffer.SEND,
            self.variants.plans(),
        )


def _offers_of(step: FlowStep | None) -> set[int]:
    """Offers that are chosen already: they stay to choose from, switched off or not."""
    carried = [step.offer_id, *(one.offer_id for one in step.variants.all())] if step else []
    return {pk for pk in carried if pk}


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
