"""The form at the door of the admin: it counts the tries.

It stands outside `customers.admin`, because the admin site asks for it while it is being made.
"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from unfold.forms import AuthenticationForm

from customers import sign_in


class LoginForm(AuthenticationForm):
    """Name and password; too many tries have to wait, whether the password is right or not."""

    def clean(self) -> Any:
        name = self.cleaned_data.get("username") or ""
        seconds = sign_in.wait(self.request, name)
        if seconds:
            raise ValidationError(in_words(seconds), code="throttled")
        cleaned = super().clean()
        sign_in.forgive(self.request, name)
        return cleaned


def in_words(seconds: float) -> str:
    """What to say to who has to wait."""
    minutes = max(1, round(seconds / 60))
    return f"Too many tries. Wait {minutes} minute{'' if minutes == 1 else 's'}, then try again."
