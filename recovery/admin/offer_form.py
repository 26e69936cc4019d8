"""An offer in a marketer's words."""

from __future__ import annotations

from datetime import timedelta as td
from decimal import Decimal
from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminFileFieldWidget, UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from carts.storefront import makes_codes
from customers.models import Platform
from recovery.admin.fields import DurationField
from recovery.models import CodeSource, Offer, OfferKind

_NUMBERS_ONLY = (Platform.SHOPIFY, Platform.WOOCOMMERCE)


class OfferForm(forms.ModelForm):
    """The form says before the first message what would go wrong with it."""

    valid_for = DurationField(
        label="Valid for",
        initial=td(days=3),
        help_text="Counted from the moment the message is sent: 2d, 72h. The last day counts whole.",
    )

    class Meta:
        model = Offer
        fields = (
            "store", "name", "kind", "value", "currency", "minimum", "products", "valid_for", "source", "static_code",
            "audience", "days_between", "guard_fishing", "monthly_budget", "margin_floor", "is_active",
        )  # fmt: skip
        labels = {
            "kind": "What it gives",
            "value": "How much",
            "minimum": "For carts from",
            "products": "Only these products",
            "source": "Where codes come from",
            "static_code": "The code",
            "audience": "For whom",
            "days_between": "Days between two codes",
            "guard_fishing": "Not for who leaves carts to be given codes",
            "monthly_budget": "Budget a month",
            "margin_floor": "Margin that must be left",
            "is_active": "In use",
        }
        help_texts = {
            "name": "For yourself: shoppers do not see it.",
            "value": "Percent, or an amount. For free shipping: what one delivery costs you at most.",
            "minimum": "0: any cart.",
            "products": "The shop's product ids, separated by commas. Empty: everything.",
            "static_code": "Make it in the shop first. One code for everybody gets around: unique ones do not.",
            "days_between": "A shopper is given one code in so many days at most, of whichever offer. 0: no limit.",
            "guard_fishing": "Who left two carts within 30 days and has used a code before gets none.",
            "monthly_budget": "Codes that are out count with what they may cost, used ones with what they did. "
            "Empty: no limit.",
            "margin_floor": "Percent of what is paid, once the goods are paid too. It needs the margin of the store. "
            "Empty: not asked.",
            "is_active": "Off: messages go without it, or not at all, as their step says.",
        }
        widgets = {"products": UnfoldAdminTextInputWidget()}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("value", "minimum", "monthly_budget"):
            amount = self.initial.get(name)
            if isinstance(amount, Decimal):  # 10, not 10.000
                self.initial[name] = f"{amount.normalize():f}"

    def clean_products(self) -> list[str]:
        return [text for product in self.cleaned_data["products"] if (text := product.strip())]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        self._check_value(cleaned)
        self._check_source(cleaned)
        self._check_products(cleaned)
        store = cleaned.get("store")
        if cleaned.get("margin_floor") is not None and store and store.margin is None:
            self.add_error("margin_floor", "Enter the margin in the store's form first.")
        return cleaned

    def _check_value(self, cleaned: dict[str, Any]) -> None:
        kind, value = cleaned.get("kind"), cleaned.get("value")
        if value is None:
            return
        if kind == OfferKind.PERCENT and not 0 < value <= 100:
            self.add_error("value", "Enter a number of percent from 1 to 100.")
        if kind == OfferKind.AMOUNT and value <= 0:
            self.add_error("value", "Enter an amount above zero.")

    def _check_source(self, cleaned: dict[str, Any]) -> None:
        store, source = cleaned.get("store"), cleaned.get("source")
        if source == CodeSource.STATIC and not cleaned.get("static_code", "").strip():
            self.add_error("static_code", "Enter the code as it stands in the shop.")
        if source == CodeSource.STORE_API and store and not makes_codes(store):
            self.add_error("source", _no_api(store.platform))

    def _check_products(self, cleaned: dict[str, Any]) -> None:
        store, products = cleaned.get("store"), cleaned.get("products") or []
        if products and cleaned.get("kind") != OfferKind.PERCENT:
            self.add_error("products", "Only an offer in percent can be for some products alone.")
        if store and store.platform in _NUMBERS_ONLY and not all(product.isdecimal() for product in products):
            self.add_error("products", "This shop's product ids are numbers: take them from the product's address.")


def _no_api(platform: str) -> str:
    if platform in _NUMBERS_ONLY:
        return "The store has no access to the shop's API yet: enter it in the store's form, or take another source."
    return "This shop has no API for codes: import codes, or use one code for everybody."


class PoolForm(forms.Form):
    """Codes, pasted or as a file."""

    pasted = forms.CharField(
        required=False,
        label="Codes",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 8}),
        help_text="One a line. Of lines with commas the first column is taken.",
    )
    file = forms.FileField(required=False, label="Or a CSV file", widget=UnfoldAdminFileFieldWidget)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if not cleaned.get("pasted") and not cleaned.get("file"):
            raise forms.ValidationError("Paste codes or choose a file.")
        return cleaned

    def text(self) -> str:
        """Everything that was given. Raises ValidationError where the file is no text."""
        file = self.cleaned_data.get("file")
        try:
            read = file.read().decode("utf-8-sig") if file else ""
        except UnicodeDecodeError as error:
            raise forms.ValidationError("The file is no text in UTF-8: save it as CSV UTF-8.") from error
        return f"{self.cleaned_data.get('pasted', '')}\n{read}"
