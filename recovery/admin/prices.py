"""What messages cost each store, for the dry run; where a store has entered nothing, list prices are taken."""

from __future__ import annotations

from django.contrib import admin

from customers.admin.base import BY_STORE, Page, by_choice
from recovery.models import MessagePrice


@admin.register(MessagePrice)
class MessagePrices(Page):
    """One row for each channel and, where prices differ, country."""

    list_display = ("store", "channel", "country", "amount", "currency")
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
