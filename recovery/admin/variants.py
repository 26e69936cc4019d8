"""The variants of a step as rows of its editor: each says in what it differs from the step."""

from __future__ import annotations

from collections.abc import Iterator
from string import ascii_uppercase
from typing import Any

from django import forms
from django.http import QueryDict
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from recovery.admin.fields import SpanField
from recovery.flows.publish import VariantPlan
from recovery.models import FlowStep, MessageTemplate, Offer

_NONE = "none"
_MOST = 6


class VariantForm(forms.Form):
    """One variant. What is left open is as the step has it."""

    name = forms.CharField(max_length=20, widget=UnfoldAdminTextInputWidget, label="Name")
    weight = forms.IntegerField(
        min_value=1, max_value=1000, initial=1, widget=UnfoldAdminIntegerFieldWidget({"min": 1}), label="Weight"
    )
    template = forms.ModelChoiceField(
        MessageTemplate.objects.none(), required=False, widget=UnfoldAdminSelectWidget, label="Template"
    )
    delay = SpanField(label="Sent after", required=False)
    offer = forms.ChoiceField(required=False, widget=UnfoldAdminSelectWidget, label="Discount")

    def __init__(self, *args: Any, choices: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        template: Any = self.fields["template"]
        template.queryset = choices.templates
        template.choices = [("", "As the step"), *choices.by_channel]
        offer: Any = self.fields["offer"]
        self.offers = {str(row.pk): row for row in choices.offers}
        named = [(pk, str(row)) for pk, row in self.offers.items()]
        offer.choices = [("", "As the step"), (_NONE, "None"), *named]

    @property
    def row_id(self) -> str:
        return str(self.prefix)

    def plan(self) -> VariantPlan:
        """The variant as it is written down."""
        found = self.cleaned_data
        offer = found["offer"]
        return VariantPlan(
            found["name"],
            found["weight"],
            found["template"],
            found["delay"],
            self.offers.get(offer),
            no_offer=offer == _NONE,
        )


class Choices:
    """What the templates and offers of a store are, read once for all forms of a page."""

    def __init__(self, store_id: int, kept_offers: set[int]) -> None:
        self.templates = MessageTemplate.objects.filter(store=store_id).order_by("channel", "name")
        groups: dict[str, list[tuple[int, str]]] = {}
        for row in self.templates:
            groups.setdefault(str(row.get_channel_display()), []).append((row.pk, str(row)))
        self.by_channel = list(groups.items())
        rows = Offer.objects.filter(store=store_id)
        self.offers = [row for row in rows if row.is_active or row.pk in kept_offers]


class Variants:
    """The variants of one step, while they are edited: none, or two and more."""

    def __init__(self, choices: Choices, forms: list[VariantForm] | None = None) -> None:
        self.choices = choices
        self.forms = forms or []
        self.error = ""

    @classmethod
    def of(cls, step: FlowStep, choices: Choices) -> Variants:
        rows = enumerate(step.arms)
        return cls(choices, [VariantForm(prefix=f"v{n}", initial=_initial(one), choices=choices) for n, one in rows])

    @classmethod
    def posted(cls, data: QueryDict, choices: Choices) -> Variants:
        return cls(choices, [VariantForm(data, prefix=row, choices=choices) for row in data.getlist("variant")[:_MOST]])

    def __iter__(self) -> Iterator[VariantForm]:
        return iter(self.forms)

    def __len__(self) -> int:
        return len(self.forms)

    @property
    def full(self) -> bool:
        return len(self.forms) >= _MOST

    def add(self) -> None:
        """One more; the first time two, because one alone is compared with nothing."""
        self.calm()
        for _ in range(1 if self.forms else 2):
            names = {str(form["name"].value()) for form in self.forms}
            ids = {form.row_id for form in self.forms}
            name = next(letter for letter in ascii_uppercase if letter not in names)
            row = next(f"v{n}" for n in range(len(ids) + 1) if f"v{n}" not in ids)
            self.forms.append(VariantForm(prefix=row, initial={"name": name}, choices=self.choices))

    def remove(self, row_id: str) -> None:
        self.forms = [form for form in self.forms if form.row_id != row_id]
        self.calm()

    def calm(self) -> None:
        """What was typed so far, without complaints yet."""
        self.forms = [
            VariantForm(prefix=form.row_id, initial={name: form[name].value() for name in form.fields},
                        choices=self.choices)
            for form in self.forms
        ]  # fmt: skip

    def is_valid(self, channel: str = "") -> bool:
        """`channel`: the step's own, by which every variant goes; "" when it is not known yet."""
        valid = all(list(map(VariantForm.is_valid, self.forms)))  # of all, so that each says what is wrong
        if valid and channel:
            for form in self.forms:
                template = form.cleaned_data["template"]
                if template and template.channel != channel:
                    form.add_error("template", "This goes by another channel than the step's first choice.")
                    valid = False
        names = [form.cleaned_data.get("name") for form in self.forms]
        if len(self.forms) == 1:
            self.error = "One variant alone is compared with nothing: add another, or remove it."
        elif valid and len(set(names)) < len(names):
            self.error = "Two variants have the same name: give each one of its own."
        return valid and not self.error

    def plans(self) -> list[VariantPlan]:
        return [form.plan() for form in self.forms]


def _initial(variant: Any) -> dict[str, Any]:
    return {
        "name": variant.name,
        "weight": variant.weight,
        "template": variant.template_id,
        "delay": variant.delay,
        "offer": _NONE if variant.no_offer else variant.offer_id,
    }
