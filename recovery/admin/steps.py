"""The steps of a flow as a form: times and conditions in words. A flow's steps are saved as its draft, all at once."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget, UnfoldBooleanWidget

from recovery.admin.fields import DurationField
from recovery.conditions import BadConditions, Conditions
from recovery.flows.publish import StepPlan
from recovery.models import Flow, FlowStep, FlowVersion, MessageTemplate

#: Empty rows below the steps that there are.
_MORE = 1
_MOST = 20


class StepForm(forms.Form):
    """One step: what is sent, how long after the shopper's last activity, and to whom only."""

    delay = DurationField(label="After", help_text="since the last activity: 1h, 24h, 3d")
    template = forms.ModelChoiceField(
        MessageTemplate.objects.none(), widget=UnfoldAdminSelectWidget, empty_label="Choose a template", label="Send"
    )
    late_after = DurationField(
        label="Too late after", initial="6h", help_text="skipped when it could not be sent within this long"
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

    def __init__(self, *args: Any, store_id: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen: Any = self.fields["template"]
        chosen.queryset = MessageTemplate.objects.filter(store=store_id).order_by("channel", "name")
        chosen.label_from_instance = lambda row: f"{row.name} ({row.get_channel_display()})"

    @property
    def has_conditions(self) -> bool:
        """Show them opened."""
        names = ("min_total", "max_total", "shopper", "countries", "items")
        return any(self[name].value() not in (None, "") or self[name].errors for name in names)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        try:
            Conditions.parse(conditions(cleaned))
        except BadConditions as error:
            raise ValidationError(str(error)) from error
        return cleaned

    def plan(self) -> StepPlan:
        """The step as it is written down."""
        found = self.cleaned_data
        return StepPlan(found["delay"], found["template"], found["late_after"], conditions(found))


class _Steps(forms.BaseFormSet):
    def plans(self) -> list[StepPlan]:
        """The steps that are to stay, in the order of their times."""
        kept = [form for form in self.forms if form.cleaned_data and not form.cleaned_data.get("remove")]
        return sorted((form.plan() for form in kept), key=lambda plan: plan.delay)


def steps_form(flow: Flow, data: Any = None) -> Any:
    """The steps of the flow's draft, or of what is published where there is no draft."""
    version = newest(flow)
    initial = [_initial(step) for step in version.steps.all()] if version else []
    made = forms.formset_factory(StepForm, formset=_Steps, extra=_MORE, max_num=_MOST, absolute_max=_MOST)
    return made(data, initial=initial, prefix="steps", form_kwargs={"store_id": flow.store_id})


def newest(flow: Flow) -> FlowVersion | None:
    """The draft, or the newest published version."""
    return flow.versions.order_by("-number").first()


def _initial(step: FlowStep) -> dict[str, Any]:
    asked = step.conditions if isinstance(step.conditions, dict) else {}
    return {
        "delay": step.delay,
        "template": step.template_id,
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
