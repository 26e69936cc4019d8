"""The checkout's form, and what its boxes mean as consent."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms

LANGUAGES = [
    ("en", "English"), ("fi", "Suomi"), ("sv", "Svenska"), ("nb", "Norsk"), ("de", "Deutsch"), ("fr", "Français"),
]  # fmt: skip
COUNTRIES = [
    ("FI", "Finland"), ("SE", "Sweden"), ("NO", "Norway"), ("DK", "Denmark"), ("EE", "Estonia"), ("DE", "Germany"),
    ("FR", "France"), ("NL", "Netherlands"), ("IE", "Ireland"), ("GB", "United Kingdom"), ("US", "United States"),
]  # fmt: skip
#: The words beside each box. They travel with the consent as its proof.
NOTICE = "If you do not finish your order, we remind you of it by e-mail."
NO_REMINDER = "No reminders by e-mail, please."
YES_EMAIL = "Yes, send me news and offers by e-mail. I can stop them at any time."
YES_SMS = "Yes, text me about my cart and offers. I can reply STOP at any time."


class CheckoutForm(forms.Form):
    """Contact and consent."""

    email = forms.EmailField(
        label="E-mail", max_length=254, error_messages={"required": "We need an e-mail address for the order."}
    )
    first_name = forms.CharField(label="First name", max_length=60, required=False)
    last_name = forms.CharField(label="Last name", max_length=60, required=False)
    phone = forms.CharField(label="Phone", max_length=30, required=False)
    country = forms.ChoiceField(label="Country", choices=COUNTRIES)
    locale = forms.ChoiceField(label="Language", choices=LANGUAGES)
    no_reminder = forms.BooleanField(label=NO_REMINDER, required=False)
    yes_email = forms.BooleanField(label=YES_EMAIL, required=False)
    yes_sms = forms.BooleanField(label=YES_SMS, required=False)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("yes_sms") and not data.get("phone"):
            self.add_error("phone", "We need a phone number to text you.")
        if data.get("yes_email") and data.get("no_reminder"):
            self.add_error("no_reminder", "Choose one: no reminders, or yes to e-mail.")
        return data

    def contact(self, now: datetime) -> dict[str, Any]:
        """What was typed, and the consents that it amounts to."""
        typed = {name: self.cleaned_data[name] for name in self.fields}
        return typed | {"consents": [entry | {"at": now.isoformat()} for entry in self._consents()]}

    def _consents(self) -> list[dict[str, Any]]:
        data, found = self.cleaned_data, []
        if data["no_reminder"]:
            found.append(_entry("email", False, NO_REMINDER, data["email"]))
        if data["yes_email"]:
            found.append(_entry("email", True, YES_EMAIL, data["email"]))
        if data["yes_sms"]:
            found.append(_entry("sms", True, YES_SMS, data["phone"]))
        return found


def _entry(channel: str, granted: bool, words: str, address: str) -> dict[str, Any]:
    return {"channel": channel, "granted": granted, "source": "checkout", "words": words, "address": address}
