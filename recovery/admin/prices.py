"""What messages cost each store, for the dry run; where a store has entered nothing, list prices are taken."""

from __future__ import annotations

from babel import Locale
from django import forms
from django.contrib import admin
from unfold.decorators import display

from customers.admin.base import BY_STORE, Page, by_choice
from recovery.models import MessagePrice


class PriceForm(forms.ModelForm):
    """Codes as the rest of the house writes them, so that what was typed is found."""

    class Meta:
        model = MessagePrice
        fields = ("store", "channel", "country", "amount", "currency")

    def clean_country(self) -> str:
        code: str = self.cleaned_data["country"].strip().upper()
        if code and (code.isdigit() or code not in Locale("en").territories):
            raise forms.ValidationError(
                "No country goes by this code: write two letters such as FI or GB (ISO 3166-1)."
            )
        return code


@admin.register(MessagePrice)
class MessagePrices(Page):
    """One row for each channel and, where prices differ, country."""

    form = PriceForm
    list_display = ("store", "channel", "told_country", "told_amount", "currency")
    list_display_links = ("store", "channel")
    list_filter = (BY_STORE, by_choice("channel"))
    list_select_related = ("store",)
    ordering = ("store__name", "channel", "country")
    actions = ()
    fields = ("store", "channel", "country", "amount", "currency")
    lead = (
        "What you pay for a message, or for one segment of an SMS. Dry runs reckon with it; where there is no price "
        "here, with the providers' list prices."
    )
    empty_title = "No prices of your own yet"
    empty_hint = (
        "A dry run tells what messages would cost. Until you enter what you pay, it takes the providers' list prices."
    )

    @display(description="Country", ordering="country")
    def told_country(self, row: MessagePrice) -> str:
        return row.country or "all others"

    @display(description="Amount", ordering="amount")
    def told_amount(self, row: MessagePrice) -> str:
        return f"{row.amount.normalize():f}"
