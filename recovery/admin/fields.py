"""Form fields in the marketer's words."""

from __future__ import annotations

from datetime import timedelta as td
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from unfold.widgets import UnfoldAdminTextInputWidget

from config.lib.durations import duration, in_words

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
