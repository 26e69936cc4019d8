"""What the first steps ask for."""

from __future__ import annotations

from typing import Any

from django import forms
from unfold.widgets import (
    UnfoldAdminEmailInputWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from customers.models import Store
from recovery.admin.fields import DurationField
from recovery.flows.ready_made import READY_MADE


class TimeInput(UnfoldAdminTextInputWidget):
    """The browser's own, which needs no script."""

    input_type = "time"


class SenderForm(forms.ModelForm):
    """In whose name, and from which domain."""

    selector = forms.RegexField(
        r"^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$",
        required=False,
        label="DKIM selector",
        widget=UnfoldAdminTextInputWidget,
        help_text="Only if the usual names are not found: what stands before ._domainkey in your service's record.",
    )

    class Meta:
        model = Store
        fields = ("sender_name", "sender_email", "reply_to", "support_contact", "postal_address")
        labels = {"sender_email": "Sender e-mail", "reply_to": "Replies go to"}
        widgets = {
            "sender_name": UnfoldAdminTextInputWidget,
            "sender_email": UnfoldAdminEmailInputWidget,
            "reply_to": UnfoldAdminEmailInputWidget,
            "support_contact": UnfoldAdminTextInputWidget,
            "postal_address": UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["sender_email"].required = self.fields["postal_address"].required = True


class RulesForm(forms.ModelForm):
    """Whom, when, and how often."""

    abandon_after = DurationField(
        label="Abandoned after", help_text="A cart counts as abandoned when it was silent for this long: 30m, 1h."
    )

    class Meta:
        model = Store
        fields = ("consent_policy", "quiet_from", "quiet_until", "cap_messages", "cap_days", "abandon_after")
        labels = {"consent_policy": "Whom you may write to", "cap_messages": "At most", "cap_days": "Within days"}
        widgets = {
            "consent_policy": UnfoldAdminSelectWidget,
            "quiet_from": TimeInput,
            "quiet_until": TimeInput,
            "cap_messages": UnfoldAdminIntegerFieldWidget,
            "cap_days": UnfoldAdminIntegerFieldWidget,
        }


class FlowForm(forms.Form):
    """A ready-made flow."""

    kind = forms.ChoiceField(label="Flow", choices=[(one.key, one.name) for one in READY_MADE], initial="standard")


class TestForm(forms.Form):
    """Where the test message goes."""

    to = forms.EmailField(label="Send it to", widget=UnfoldAdminEmailInputWidget)
