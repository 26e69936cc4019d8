"""The steps of a flow as a form: times and conditions in words. A flow's steps are saved as its draft, all at once."""

from __future__ import annotations

from datetime import timedelta as td
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import prefetch_related_objects
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget, UnfoldBooleanWidget

from recovery.admin.fields import DurationField
from recovery.conditions import BadConditions, Conditions
from recovery.flows.publish import StepPlan
from recovery.models import Flow, FlowStep, FlowVersion, MessageTemplate

#: Empty rows below the steps that there are.
_MORE = 1
_MOST = 20
#: What a step sends, in the order of preference.
_TEMPLATES = ("template", "second", "third")


class StepForm(forms.Form):
    """One step: what is sent, how long after the shopper's last activity, and to whom only."""

    delay = DurationField(label="After", help_text="since the last activity: 1h, 24h, 3d")
    template = forms.ModelChoiceField(MessageTemplate.objects.none(), widget=UnfoldAdminSelectWidget, label="Send")
    second = forms.ModelChoiceField(
        MessageTemplate.objects.none(),
        required=False,
        widget=UnfoldAdminSelectWidget,
        label="If that does not reach them",
        help_text="no consent, no number, or not at this hour",
    )
    third = forms.ModelChoiceField(
        MessageTemplate.objects.none(), required=False, widget=UnfoldAdminSelectWidget, label="And else"
    )
    late_after = DurationField(
        label="Too late after", initial=td(hours=6), help_text="skipped when it could not be sent within this long"
    )
    min_total = forms.DecimalField(
        required=False, min_value=0, label="Cart worth at least", widget=UnfoldAdminTextInputWidget
    )
    max_total = forms.DecimalField(
        required=False, min_value=0, label="Cart worth at most", widget=UnfoldAdminTextInputWidget
    )
    shopper = forms.ChoiceField(
        required=False,
        choices=[("", "Everybody"), ("new", "New customers only"), ("returning", "Returning customers only")],
        widget=UnfoldAdminSelectWidget,
        label="To whom",
    )
    countries = forms.CharField(
        required=False, label="Countries", help_text="such as FI, SE", widget=UnfoldAdminTextInputWidget
    )
    items = forms.CharField(
        required=False,
        label="One of these products is in it",
        help_text="product ids or SKUs, separated by commas",
        widget=UnfoldAdminTextInputWidget,
    )
    remove = forms.BooleanField(required=False, label="Remove this step", widget=UnfoldBooleanWidget)

    def __init__(self, *args: Any, templates: Any, choices: list[tuple[Any, str]], **kwargs: Any) -> None:
        """`choices` are made once for all forms of a page: `templates` would be asked by each."""
        super().__init__(*args, **kwargs)
        for name in _TEMPLATES:
            chosen: Any = self.fields[name]
            chosen.queryset = templates
            chosen.choices = choices

    @property
    def has_conditions(self) -> bool:
        """Show them opened."""
        names = ("min_total", "max_total", "shopper", "countries", "items")
        return bool(self["late_after"].errors) or any(
            self[name].value() not in (None, "") or self[name].errors for name in names
        )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        chosen = [cleaned[name] for name in _TEMPLATES if cleaned.get(name)]
        if len({template.channel for template in chosen}) < len(chosen):
            raise ValidationError("Each of the templates of a step goes by a channel of its own.")
        try:
            Conditions.parse(conditions(cleaned))
        except BadConditions as error:
            raise ValidationError(str(error)) from error
        return cleaned

    def plan(self) -> StepPlan:
        """The step as it is written down."""
        found = self.cleaned_data
        others = [found[name] for name in _TEMPLATES[1:] if found.get(name)]
        return StepPlan(found["delay"], found["template"], found["late_after"], conditions(found), others)


class _Steps(forms.BaseFormSet):
    def plans(self) -> list[StepPlan]:
        """The steps that are to stay, in the order of their times."""
        kept = [form for form in self.forms if form.cleaned_data and not form.cleaned_data.get("remove")]
        return sorted((form.plan() for form in kept), key=lambda plan: plan.delay)


def steps_form(flow: Flow, data: Any = None) -> Any:
    """The steps of the flow's draft, or of what is published where there is no draft."""
    draft, published = versions_of(flow)
    version = draft or published
    initial = [_initial(step) for step in version.steps.all()] if version else []
    made = forms.formset_factory(StepForm, formset=_Steps, extra=_MORE, max_num=_MOST, absolute_max=_MOST)
    templates = MessageTemplate.objects.filter(store=flow.store_id).order_by("channel", "name")
    choices = [("", "–"), *((row.pk, _named(row)) for row in templates)]
    return made(data, initial=initial, prefix="steps", form_kwargs={"templates": templates, "choices": choices})


def _named(template: MessageTemplate) -> str:
    """With its channel, unless the name says it."""
    name, channel = str(template), str(template.get_channel_display())
    return name if channel.casefold() in name.casefold() else f"{name} ({channel})"


def versions_of(flow: Flow) -> tuple[FlowVersion | None, FlowVersion | None]:
    """The draft and the newest published version, with their steps; read once for each flow in hand."""
    prefetch_related_objects([flow], "versions__steps__template", "versions__steps__fallbacks__template")
    versions = sorted(flow.versions.all(), key=lambda version: -version.number)
    draft = next((version for version in versions if version.published_at is None), None)
    return draft, next((version for version in versions if version.published_at), None)


def _initial(step: FlowStep) -> dict[str, Any]:
    asked = step.conditions if isinstance(step.conditions, dict) else {}
    others = [fallback.template_id for fallback in step.fallbacks.all()] + [None, None]
    return {
        "delay": step.delay,
        "template": step.template_id,
        "second": others[0],
        "third": others[1],
        "late_after": step.late_after,
        "min_total": asked.get("min_total"),
        "max_total": asked.get("max_total"),
        "shopper": asked.get("shopper", ""),
        "countries": ", ".join(asked.get("countries", [])),
        "items": ", ".join(asked.get("items", [])),
    }


def conditions(cleaned: dict[str, Any]) -> dict[str, Any]:
    """The conditions as they are stored: only those that ask something."""
    found = {
        "min_total": _text(cleaned.get("min_total")),
        "max_total": _text(cleaned.get("max_total")),
        "shopper": cleaned.get("shopper", ""),
        "countries": [code.upper() for code in _listed(cleaned.get("countries", ""))],
        "items": _listed(cleaned.get("items", "")),
    }
    return {name: value for name, value in found.items() if value}


def _text(amount: Decimal | None) -> str:
    return "" if amount is None else str(amount)


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
