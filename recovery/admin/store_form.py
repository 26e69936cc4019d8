"""A store's form. Fields that hold secrets are write-only: what was kept is never sent to a browser again."""

from __future__ import annotations

import re
from datetime import timedelta as td
from typing import Any

from django import forms
from django.conf import settings
from unfold.widgets import (
    UnfoldAdminPasswordWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from config.lib.sealing import Unsealable
from customers.models import Platform, Store
from customers.models.stores import HOST
from recovery.admin.fields import DurationField
from recovery.opening import secret_problems
from recovery.providers.anymail.provider import MailConfig
from recovery.providers.base import Misconfigured
from recovery.providers.registry import build

_SECRET_HELP = (
    "What the shop signs its webhooks with. Shopify and WooCommerce show theirs; for any other shop leave it empty, "
    "and a new one is made."
)
_SID = re.compile(r"(AC|MG)[0-9a-fA-F]{32}")
#: Our fields for a Twilio account, and the names under which it is sealed.
TWILIO = {
    "twilio_sid": "account_sid",
    "twilio_service": "messaging_service_sid",
    "twilio_from": "from_number",
    "twilio_whatsapp": "whatsapp_from",
}


def secret_field(label: str, help_text: str) -> forms.CharField:
    """A field that is typed into and never filled."""
    widget = UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"})
    return forms.CharField(required=False, label=label, widget=widget, help_text=help_text)


def text_field(label: str, help_text: str = "") -> forms.CharField:
    return forms.CharField(required=False, label=label, widget=UnfoldAdminTextInputWidget, help_text=help_text)


class SecretForm(forms.Form):
    """A webhook secret: pasted, or made here where the shop takes ours."""

    secret = secret_field("Secret", _SECRET_HELP)

    def __init__(self, *args: Any, platform: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.platform = platform

    def clean_secret(self) -> str:
        return checked_secret(self.cleaned_data["secret"], self.platform)


def checked_secret(secret: str, platform: str) -> str:
    """The secret as given; "" where a new one is to be made. Raises ValidationError."""
    if not secret and platform == Platform.GENERIC:
        return ""
    problems = secret_problems(secret, platform)
    if problems:
        raise forms.ValidationError(problems)
    return secret


class StoreForm(forms.ModelForm):
    """A store with its secrets beside it."""

    abandon_after = DurationField(
        label="Abandoned after",
        initial=td(minutes=30),
        help_text="A cart counts as abandoned when it was silent for this long: 30m, 1h.",
    )
    secret = secret_field("Webhook secret", _SECRET_HELP)
    mail_server = forms.CharField(
        required=False,
        label="Own mail server",
        widget=UnfoldAdminTextInputWidget(
            attrs={"autocomplete": "off", "placeholder": "smtp://user:password@host:587"}
        ),
        help_text="Kept sealed and never shown again. Left empty: as it is.",
    )
    forget_mail_server = forms.BooleanField(
        required=False, label="Send by the installation's mail server again", widget=UnfoldBooleanWidget
    )
    api_host = text_field(
        "Admin host",
        "Shopify: its myshopify.com host, such as puro.myshopify.com. WooCommerce: left empty.",
    )
    api_key = text_field(
        "API key", "Shopify: the app's client id (empty with an access token). WooCommerce: the consumer key (ck_…)."
    )
    api_secret = secret_field(
        "API secret",
        "Shopify: the client secret or an access token with write_discounts. WooCommerce: the consumer secret (cs_…), "
        "with write permission. Kept sealed and never shown again. Left empty: as it is.",
    )
    forget_api = forms.BooleanField(required=False, label="Forget the API access", widget=UnfoldBooleanWidget)
    twilio_sid = text_field("Own Twilio account", "Account SID. Left empty: the installation's account is used.")
    twilio_token = secret_field("Auth token", "Kept sealed and never shown again. Left empty: as it is.")
    twilio_service = text_field("Messaging service", "Its SID. With one, Twilio picks the number and minds STOP.")
    twilio_from = text_field("SMS from", "A number such as +358401234567, where there is no messaging service.")
    twilio_whatsapp = text_field("WhatsApp from", "The number of your WhatsApp sender.")

    class Meta:
        model = Store
        fields = "__all__"
        labels = {
            "slug": "Name in addresses",
            "timezone": "Time zone",
            "locale": "Language",
            "sender_email": "Sender address",
            "reply_to": "Replies go to",
            "consent_policy": "Who may be written to",
            "attribution_days": "Credit window in days",
            "margin": "Margin in percent",
            "cap_messages": "Messages at most",
            "cap_days": "in days",
            "sms_max_segments": "SMS segments",
            "sms_per_second": "SMS a second",
            "sms_fold": "Cheaper characters",
            "sms_double_opt_in": "SMS double opt-in",
            "ask_why": "Ask why they left",
            "ask_why_by_text": "… by SMS and WhatsApp too",
            "ask_after_order": "Ask who ordered",
            "ask_after_days": "days after the order",
            "is_active": "Active",
            "is_demo": "Synthetic data",
        }
        widgets = {
            "redirect_hosts": UnfoldAdminTextInputWidget(),
            "postal_address": UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        account = _account(self.instance)
        for field, name in TWILIO.items():
            self.initial.setdefault(field, account.get(name, ""))
        if "sms_per_second" in self.fields:
            self.fields["sms_per_second"].help_text = (
                "Segments that your own sender may send, as Twilio says of its kind. "
                f"Left empty: {settings.TWILIO_SMS_PER_SECOND}, as for the installation's sender."
            )
        known = _api(self.instance)
        self.initial.setdefault("api_host", known.get("host", ""))
        self.initial.setdefault("api_key", known.get("key", ""))

    def clean_api_host(self) -> str:
        host: str = self.cleaned_data["api_host"].strip().lower()
        if host:
            HOST(host)
        return host

    def _check_api(self, cleaned: dict[str, Any]) -> None:
        given = cleaned.get("api_host") or cleaned.get("api_key") or cleaned.get("api_secret")
        if not given or cleaned.get("forget_api"):
            return
        if cleaned.get("platform") == Platform.GENERIC:
            self.add_error("api_secret", "Codes are made by Shopify and WooCommerce only. Import codes instead.")
        if not cleaned.get("api_secret") and not _api(self.instance).get("secret"):
            self.add_error("api_secret", "Enter the secret of this access.")
        if cleaned.get("platform") == Platform.WOOCOMMERCE and not cleaned.get("api_key"):
            self.add_error("api_key", "Enter the consumer key that the secret belongs to.")
        if cleaned.get("platform") == Platform.SHOPIFY and not cleaned.get("api_host"):
            self.add_error("api_host", "Enter the shop's myshopify.com host: its own domain has no admin.")

    def api_access(self) -> dict[str, str]:
        """What to seal; {} for none."""
        if self.cleaned_data.get("forget_api"):
            return {}
        secret = self.cleaned_data.get("api_secret", "").strip() or _api(self.instance).get("secret", "")
        host, key = self.cleaned_data.get("api_host", ""), self.cleaned_data.get("api_key", "").strip()
        return {"host": host, "key": key, "secret": secret} if secret else {}

    def clean_mail_server(self) -> str:
        url: str = self.cleaned_data["mail_server"].strip()
        if url:
            try:
                build(MailConfig("smtp", url=url))
            except (Misconfigured, ValueError) as error:
                raise forms.ValidationError("That is no mail server: write smtp://user:password@host:587.") from error
        return url

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if not self.instance.pk and "secret" in self.fields:
            try:
                cleaned["secret"] = checked_secret(cleaned.get("secret", "").strip(), cleaned.get("platform", ""))
            except forms.ValidationError as error:
                self.add_error("secret", error)
        self._check_twilio(cleaned)
        self._check_api(cleaned)
        return cleaned

    def _check_twilio(self, cleaned: dict[str, Any]) -> None:
        for field in ("twilio_sid", "twilio_service"):
            if cleaned.get(field) and not _SID.fullmatch(cleaned[field]):
                self.add_error(field, "A SID is AC or MG and 32 signs: copy it from Twilio's console.")
        sid, known = cleaned.get("twilio_sid"), _account(self.instance)
        if sid and not cleaned.get("twilio_token") and known.get("account_sid") != sid:
            self.add_error("twilio_token", "Enter the auth token of this account.")
        if not sid and any(cleaned.get(field) for field in [*TWILIO, "sms_per_second"]):
            self.add_error("twilio_sid", "Enter the account that these belong to.")

    def twilio_account(self) -> dict[str, str]:
        """What to seal; {} for none. A changed token keeps the old one beside it: callbacks are signed with either."""
        found = {name: self.cleaned_data.get(field, "") for field, name in TWILIO.items()}
        if not found["account_sid"]:
            return {}
        known = _account(self.instance)
        same = known.get("account_sid") == found["account_sid"]
        old, new = known.get("auth_token", "") if same else "", self.cleaned_data.get("twilio_token", "")
        kept = known.get("old_auth_token", "") if same else ""
        return found | {"auth_token": new or old, "old_auth_token": old if new and new != old else kept}


def _account(store: Store) -> dict[str, str]:
    """The sealed account; {} where there is none, or where the installation's key was lost."""
    try:
        return store.own_twilio()
    except Unsealable:
        return {}


def _api(store: Store) -> dict[str, str]:
    """The sealed access to the shop's API, likewise."""
    try:
        return store.own_api()
    except Unsealable:
        return {}
