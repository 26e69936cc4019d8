"""Form fields in the marketer's words."""

from __future__ import annotations

from datetime import timedelta as td
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from config.lib.durations import UNITS, duration, in_units, in_words

DURATION_HELP = "Such as 30m, 2h, 1d or 1d12h."


class DurationField(forms.CharField):
    """A timedelta, written as 90s, 30m, 2h, 1d or several together."""

    widget = UnfoldAdminTextInputWidget

    def __init__(self, *, help_text: str = DURATION_HELP, **kwargs: Any) -> None:
        super().__init__(help_text=help_text, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return in_words(value) if isinstance(value, td) else value

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        if not text:
            return None
        try:
            return duration(text)
        except (ValueError, OverflowError) as error:
            raise ValidationError(str(error)) from error


class SpanWidget(forms.MultiWidget):
    """A number and what it counts."""

    def __init__(self, label: str) -> None:
        number = UnfoldAdminIntegerFieldWidget({"min": 0, "aria-label": f"{label}: number", "inputmode": "numeric"})
        units = [(name, f"{name}s") for name, _ in UNITS]
        super().__init__([number, UnfoldAdminSelectWidget({"aria-label": f"{label}: unit"}, choices=units)])

    def decompress(self, value: td | None) -> list[Any]:
        return [None, "hour"] if value is None else list(in_units(value))


class SpanField(forms.MultiValueField):
    """A timedelta as people say it: 30 minutes, 1 day."""

    def __init__(self, *, label: str, **kwargs: Any) -> None:
        number = forms.IntegerField(min_value=0, max_value=100_000)
        unit = forms.ChoiceField(choices=[(name, name) for name, _ in UNITS])
        super().__init__((number, unit), label=label, widget=SpanWidget(label), **kwargs)

    def compress(self, data_list: list[Any]) -> td | None:
        return data_list[0] * dict(UNITS)[data_list[1]] if data_list and data_list[0] is not None else None
