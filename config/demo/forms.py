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
    ("AU", "Australia"), ("JP", "Japan"),
]  # fmt: skip
#: The words beside each choice. They travel with the consent as its proof.
QUESTION = "May we remind you by e-mail if you do not finish your order?"
YES_EMAIL = "Yes, remind me. I can stop that with one click."
NO_EMAIL = "No, do not write to me."
YES_WHATSAPP = "Puro may remind me by WhatsApp too. I can reply STOP at any time."
YES_SMS = "Text me a reminder too. I can reply STOP at any time."


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
    # Neither is chosen beforehand: a yes that nobody gave is none, and nobody should miss the question.
    reminders = forms.ChoiceField(
        label=QUESTION,
        choices=[("yes", YES_EMAIL), ("no", NO_EMAIL)],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose one."},
    )
    yes_whatsapp = forms.BooleanField(label=YES_WHATSAPP, required=False)
    yes_sms = forms.BooleanField(label=YES_SMS, required=False)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if (data.get("yes_sms") or data.get("yes_whatsapp")) and not data.get("phone"):
            self.add_error("phone", "We need a phone number to write to.")
        return data

    def contact(self, now: datetime) -> dict[str, Any]:
        """What was typed, and the consents that it amounts to."""
        typed = {name: self.cleaned_data[name] for name in self.fields}
        return typed | {"consents": [entry | {"at": now.isoformat()} for entry in self._consents()]}

    def _consents(self) -> list[dict[str, Any]]:
        data = self.cleaned_data
        found: list[dict[str, Any]] = []
        yes = data["reminders"] == "yes"
        found.append(_entry("email", yes, f"{QUESTION} {YES_EMAIL if yes else NO_EMAIL}", data["email"]))
        if data["yes_whatsapp"]:
            found.append(_entry("whatsapp", True, YES_WHATSAPP, data["phone"]))
        if data["yes_sms"]:
            found.append(_entry("sms", True, YES_SMS, data["phone"]))
        return found


def _entry(channel: str, granted: bool, words: str, address: str) -> dict[str, Any]:
    return {"channel": channel, "granted": granted, "source": "checkout", "words": words, "address": address}
